using System.Globalization;
using Microsoft.Extensions.Options;

namespace Foretell.Assistant;

/// <summary>Says of every option that is out of its range what it is and what was expected, those of the models among them.</summary>
internal sealed class ForetellHostOptionsValidator : IValidateOptions<ForetellHostOptions>
{
    public ValidateOptionsResult Validate(string? name, ForetellHostOptions options)
    {
        string[] complaints = [.. Complaints(options)];
        return complaints.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(complaints);
    }

    private static IEnumerable<string> Complaints(ForetellHostOptions options)
    {
        if (options.MemoryBudget <= 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"foretell: MemoryBudget is {options.MemoryBudget} bytes; set what all loaded models together may take.");
        }
        if (options.Models.Count == 0)
        {
            yield return "foretell: Models is empty; add at least one.";
        }
        string[] faults = [.. options.Models.SelectMany(ForetellOptionsValidator.Complaints)];
        foreach (string fault in faults)
        {
            yield return fault;
        }
        if (faults.Length > 0)
        {
            yield break;
        }
        string[] names = [.. options.Models.Select(model => model.Name)];
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is IGrouping<string, string> twice)
        {
            yield return $"foretell: {twice.Count()} models are named \"{twice.Key}\"; give each a ModelId of its own.";
        }
        if (options.DefaultModel is string chosen && !names.Contains(chosen))
        {
            yield return $"foretell: DefaultModel is \"{chosen}\", and the models are {string.Join(", ", names)}.";
        }
    }
}
