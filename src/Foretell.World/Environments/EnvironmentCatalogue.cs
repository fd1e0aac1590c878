namespace Foretell.World.Environments;

/// <summary>
/// All environments. Some are held out of training always: each of them asks for a skill that trained ones need too, in a form
/// that training never shows, so that who only drilled the trained ones fails on them.
/// </summary>
public static class EnvironmentCatalogue
{
    /// <summary>What training may draw from.</summary>
    public static IReadOnlyList<IEnvironment> Training { get; } =
    [
        new ArithmeticEnvironment(),
        new WordProblemsEnvironment(),
        new SortingEnvironment(),
        new CountdownEnvironment(),
        new UnitConversionEnvironment(),
        new WorldQuestionsEnvironment(),
        new DetectiveEnvironment(),
        new ReverseEnvironment(),
        new GridPathsEnvironment(),
        new LiarsEnvironment(),
        new JsonExtractionEnvironment(),
        new ClockEnvironment(),
    ];

    /// <summary>
    /// What training never draws from: sequences need arithmetic's steps, letter-count reverse's spelling, owners the striking
    /// out of detective and liars, calendar the counting on of clock.
    /// </summary>
    public static IReadOnlyList<IEnvironment> HeldOut { get; } =
    [
        new SequencesEnvironment(),
        new LetterCountEnvironment(),
        new OwnersEnvironment(),
        new CalendarEnvironment(),
    ];

    /// <summary>Every environment, the trained ones first.</summary>
    public static IReadOnlyList<IEnvironment> All { get; } = [.. Training, .. HeldOut];

    /// <summary>The environment of a name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists the names.</exception>
    public static IEnvironment Named(string name) =>
        All.FirstOrDefault(environment => environment.Name == name)
        ?? throw new ArgumentException($"There is no environment \"{name}\"; there are {string.Join(", ", All.Select(environment => environment.Name))}.", nameof(name));

    /// <summary>Whether training never draws from the environment.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static bool IsHeldOut(string name) => HeldOut.Contains(Named(name));

    /// <summary>The environment's verdict on an answer to its problem.</summary>
    /// <exception cref="ArgumentException">The problem's environment does not exist.</exception>
    public static Verdict Verify(Problem problem, string answer) => Named(problem.Environment).Verify(problem, answer);
}
