using System.CommandLine;
using Foretell.Inference;
using Microsoft.Extensions.AI;

namespace Foretell.Cli;

/// <summary>The options that say how tokens are drawn.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<int> _maximumTokens;
    private readonly Option<double> _temperature = new("--temperature") { Description = "Divides the scores: lower is more predictable, 0 always takes the likeliest token.", DefaultValueFactory = _ => 0.8 };
    private readonly Option<int> _topK = new("--top-k") { Description = "Only the k likeliest tokens; 0 for all.", DefaultValueFactory = _ => 0 };
    private readonly Option<double> _topP = new("--top-p") { Description = "Only the likeliest tokens that together hold this probability; in (0, 1].", DefaultValueFactory = _ => 1 };
    private readonly Option<double> _minP = new("--min-p") { Description = "Only tokens at least this share as likely as the likeliest; in [0, 1].", DefaultValueFactory = _ => 0 };
    private readonly Option<double> _penalty = new("--repetition-penalty") { Description = "Above 1 makes tokens that occurred less likely.", DefaultValueFactory = _ => 1 };
    private readonly Option<string[]> _stop = new("--stop") { Description = "Texts at which the answer ends; they are not part of it.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the draws: the same seed gives the same text.", DefaultValueFactory = _ => 1 };

    public SamplingArguments(int maximumTokens)
    {
        _maximumTokens = new("--max-tokens") { Description = "The most tokens to write.", DefaultValueFactory = _ => maximumTokens };
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_maximumTokens);
        command.Options.Add(_temperature);
        command.Options.Add(_topK);
        command.Options.Add(_topP);
        command.Options.Add(_minP);
        command.Options.Add(_penalty);
        command.Options.Add(_stop);
        command.Options.Add(_seed);
    }

    /// <summary>The same for a chat: what was not asked for is left to what the model was published with.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public ChatOptions ReadChat(ParseResult result)
    {
        SamplingOptions all = Read(result);
        bool Asked(Option option) => result.GetResult(option) is { Implicit: false };
        var options = new ChatOptions { Seed = unchecked((long)all.Seed), StopSequences = [.. all.StopStrings], AdditionalProperties = [] };
        options.MaxOutputTokens = Asked(_maximumTokens) ? all.MaximumTokens : null;
        options.Temperature = Asked(_temperature) ? (float)all.Temperature : null;
        options.TopK = Asked(_topK) ? all.TopK : null;
        options.TopP = Asked(_topP) ? (float)all.TopP : null;
        if (Asked(_minP))
        {
            options.AdditionalProperties["min_p"] = all.MinP;
        }
        if (Asked(_penalty))
        {
            options.AdditionalProperties["repetition_penalty"] = all.RepetitionPenalty;
        }
        return options;
    }

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public SamplingOptions Read(ParseResult result)
    {
        var options = new SamplingOptions
        {
            MaximumTokens = result.GetValue(_maximumTokens),
            Temperature = result.GetValue(_temperature),
            TopK = result.GetValue(_topK),
            TopP = result.GetValue(_topP),
            MinP = result.GetValue(_minP),
            RepetitionPenalty = result.GetValue(_penalty),
            StopStrings = result.GetValue(_stop) ?? [],
            Seed = result.GetValue(_seed),
        };
        options.Validate();
        return options;
    }
}
