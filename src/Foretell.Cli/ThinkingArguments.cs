using System.CommandLine;
using System.Globalization;
using Foretell.Inference;
using Microsoft.Extensions.AI;

namespace Foretell.Cli;

/// <summary>The options that say how long a model may think before it answers.</summary>
internal sealed class ThinkingArguments
{
    private readonly Option<string?> _think = new("--think") { Description = "The most tokens that the model may think before it answers, or \"off\" for none; when they are used up, it must answer." };

    public void AddTo(Command command) => command.Options.Add(_think);

    /// <summary>The budget; null when it was not asked for.</summary>
    /// <exception cref="FormatException">Neither a number nor "off".</exception>
    public int? Budget(ParseResult result) => result.GetValue(_think) switch
    {
        null => null,
        "off" => 0,
        string text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int tokens) => tokens,
        string text => throw new FormatException($"--think {text}: wanted a number of tokens or \"off\", as in --think 200."),
    };

    /// <summary>Writes the budget into a chat's options.</summary>
    public void Apply(ParseResult result, ChatOptions options)
    {
        if (Budget(result) is int budget)
        {
            options.AdditionalProperties ??= [];
            options.AdditionalProperties["thinking_budget"] = budget;
        }
    }

    /// <summary>The budget for a text that goes on from a prompt; null when it was not asked for.</summary>
    public ThinkingOptions? Read(ParseResult result, string prompt) => Budget(result) is int budget
        ? new ThinkingOptions { MaximumTokens = budget, IsOpen = prompt.AsSpan().TrimEnd().EndsWith(ThinkingOptions.UsualOpening, StringComparison.Ordinal) }
        : null;
}
