using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>Hours in minutes, metres in centimetres and the like, there and back.</summary>
public sealed class UnitConversionEnvironment : ProblemEnvironment
{
    private readonly record struct Unit(string Large, string Small, int Factor);

    private static readonly Unit[] _units =
    [
        new("week", "day", 7), new("year", "month", 12), new("day", "hour", 24), new("hour", "minute", 60), new("minute", "second", 60),
        new("metre", "centimetre", 100), new("centimetre", "millimetre", 10), new("kilometre", "metre", 1000), new("kilogram", "gram", 1000), new("euro", "cent", 100),
    ];

    // A unit that divides again, for two steps in a row.
    private static readonly (int First, int Second)[] _chains = [(0, 2), (2, 3), (3, 4), (7, 5), (5, 6)];

    /// <inheritdoc/>
    public override string Name => "unit-conversion";

    /// <inheritdoc/>
    public override string Description => "A few of a unit in a smaller one; more of them; two units into one; one into two; two conversions in a row.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level) => level switch
    {
        1 => Whole(draw.Random, 2, 9),
        2 => Whole(draw.Random, 11, 60),
        3 => Joined(draw.Random),
        4 => Parted(draw.Random),
        _ => Chained(draw.Random),
    };

    private protected override Verdict Judge(Problem problem, string answer)
    {
        if (problem.Level != 4)
        {
            return AnswerForm.JudgeNumber(problem, answer);
        }
        string[] given = Parts(answer), wanted = Parts(problem.Answer);
        return given.SequenceEqual(wanted) ? new Verdict(true) : new Verdict(false, $"The answer is not of the form \"{string.Join(' ', wanted.Where((_, i) => i % 2 == 1).Select(unit => $"N {unit}s"))}\" with the right numbers.");
    }

    // "3 hours and 25 minutes" as 3, hour, 25, minute.
    private static string[] Parts(string text) =>
        [.. AnswerForm.Items(text).Select(word => AnswerForm.TryNumber(word, out long number) ? Invariant($"{number}") : word.ToLowerInvariant().TrimEnd('s'))];

    private static string Rule(Unit unit) => Invariant($"1 {unit.Large} is {unit.Factor} {unit.Small}s.");

    private static string Counted(int count, string unit) => Invariant($"{count} {unit}{(count == 1 ? "" : "s")}");

    private ProblemDraft Whole(SeededRandom random, int low, int high)
    {
        int index = random.Below(_units.Length), count = random.Between(low, high);
        Unit unit = _units[index];
        return new ProblemDraft(
            Invariant($"How many {unit.Small}s are {count} {unit.Large}s?"),
            Invariant($"{Rule(unit)} {count} * {unit.Factor} = {count * unit.Factor}."),
            Invariant($"{count * unit.Factor}"),
            ProblemDraw.IsWithheld(Name, index, count));
    }

    private ProblemDraft Joined(SeededRandom random)
    {
        (int index, Unit unit, int count, int rest) = CountAndRest(random);
        int whole = count * unit.Factor;
        return new ProblemDraft(
            Invariant($"How many {unit.Small}s are {Counted(count, unit.Large)} and {Counted(rest, unit.Small)}?"),
            Invariant($"{Rule(unit)} {count} * {unit.Factor} = {whole}. {whole} + {rest} = {whole + rest}."),
            Invariant($"{whole + rest}"),
            ProblemDraw.IsWithheld(Name, index, count, rest));
    }

    private ProblemDraft Parted(SeededRandom random)
    {
        (int index, Unit unit, int count, int rest) = CountAndRest(random);
        int whole = count * unit.Factor, given = whole + rest;
        return new ProblemDraft(
            Invariant($"How many {unit.Large}s and {unit.Small}s are {given} {unit.Small}s?"),
            Invariant($"{Rule(unit)} {count} * {unit.Factor} = {whole}. {given} - {whole} = {rest}."),
            Invariant($"{Counted(count, unit.Large)} and {Counted(rest, unit.Small)}"),
            ProblemDraw.IsWithheld(Name, index, count, rest));
    }

    private ProblemDraft Chained(SeededRandom random)
    {
        (int firstIndex, int secondIndex) = random.Pick(_chains);
        (Unit first, Unit second) = (_units[firstIndex], _units[secondIndex]);
        int count = random.Between(2, 20), rest = random.Between(1, Math.Min(first.Factor - 1, 60));
        int whole = count * first.Factor, middle = whole + rest, small = middle * second.Factor;
        return new ProblemDraft(
            Invariant($"How many {second.Small}s are {Counted(count, first.Large)} and {Counted(rest, first.Small)}?"),
            Invariant($"{Rule(first)} {count} * {first.Factor} = {whole}. {whole} + {rest} = {middle}. {Rule(second)} {middle} * {second.Factor} = {small}."),
            Invariant($"{small}"),
            ProblemDraw.IsWithheld(Name, firstIndex, count, rest));
    }

    private static (int Index, Unit Unit, int Count, int Remainder) CountAndRest(SeededRandom random)
    {
        int index = random.Below(_units.Length);
        return (index, _units[index], random.Between(2, 12), random.Between(1, _units[index].Factor - 1));
    }
}
