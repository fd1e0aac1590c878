using System.Globalization;
using Foretell.World.Environments;

namespace Foretell.Training;

/// <summary>Reads what is written of environments: NAME, NAME:LEVEL, NAME:FROM-TO; training, heldout, each with levels too.</summary>
public static class EnvironmentLevels
{
    /// <summary>The levels that some texts name, each once, in their order.</summary>
    /// <param name="texts">Such as <c>arithmetic:1-2</c>; without levels all of them.</param>
    /// <param name="forTraining">Whether environments that are always held out are refused.</param>
    /// <exception cref="FormatException">There is no such environment or level, or it is held out.</exception>
    public static IReadOnlyList<EnvironmentLevel> Parse(IEnumerable<string> texts, bool forTraining)
    {
        var levels = new List<EnvironmentLevel>();
        foreach (string text in texts)
        {
            string[] parts = text.Split(':');
            IReadOnlyList<IEnvironment> environments = parts[0] switch
            {
                "training" => EnvironmentCatalogue.Training,
                "all" when forTraining => EnvironmentCatalogue.Training,
                "all" => EnvironmentCatalogue.All,
                "heldout" => EnvironmentCatalogue.HeldOut,
                string name => [Named(name)],
            };
            foreach (IEnvironment environment in environments)
            {
                if (forTraining && EnvironmentCatalogue.HeldOut.Contains(environment))
                {
                    throw new FormatException($"The environment {environment.Name} is never trained on, so that it can show what was understood; choose of {string.Join(", ", EnvironmentCatalogue.Training.Select(one => one.Name))}.");
                }
                (int from, int to) = parts.Length == 1 ? (1, environment.Levels) : Range(text, parts, environment);
                for (int level = from; level <= to; level++)
                {
                    levels.Add(new EnvironmentLevel(environment, level));
                }
            }
        }
        return [.. levels.Distinct()];
    }

    private static IEnvironment Named(string name) => EnvironmentCatalogue.All.FirstOrDefault(environment => environment.Name == name)
        ?? throw new FormatException($"There is no environment \"{name}\"; there are {string.Join(", ", EnvironmentCatalogue.All.Select(environment => environment.Name))}, and training, heldout and all.");

    private static (int From, int To) Range(string text, string[] parts, IEnvironment environment)
    {
        string[] ends = parts[1].Split('-');
        return parts.Length == 2 && ends.Length <= 2
            && int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int from)
            && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int to)
            && from >= 1 && to >= from && to <= environment.Levels
            ? (from, to)
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"\"{text}\": {environment.Name} has the levels 1 to {environment.Levels}; wanted {environment.Name}:LEVEL or {environment.Name}:FROM-TO."));
    }
}
