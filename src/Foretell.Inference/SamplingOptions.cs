using System.Collections.ObjectModel;

namespace Foretell.Inference;

/// <summary>How the next token is drawn from the model's scores. The defaults draw from the model's own distribution.</summary>
public sealed record SamplingOptions
{
    /// <summary>Scores are divided by it; 0 always takes the likeliest token. At least 0.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only the k likeliest tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens that together hold this probability (Holtzman et al. 2019); in (0, 1].</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens at least this share as likely as the likeliest (Nguyen et al. 2024); in [0, 1].</summary>
    public double MinP { get; init; }

    /// <summary>Scores of tokens that occurred, the prompt's among them, are divided by it when positive and multiplied when negative (Keskar et al. 2019); 1 for none.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken from the score of every token that the answer already holds, as OpenAI defines it; in [-2, 2].</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Taken from a token's score for each time that the answer already holds it, as OpenAI defines it; in [-2, 2].</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Added to tokens' scores, by id; each in [-100, 100].</summary>
    public IReadOnlyDictionary<int, double> LogitBias { get; init; } = ReadOnlyDictionary<int, double>.Empty;

    /// <summary>Seed of the draws: the same seed gives the same text.</summary>
    public ulong Seed { get; init; }

    /// <summary>The most tokens to generate.</summary>
    public int MaximumTokens { get; init; } = 256;

    /// <summary>Texts at which generation ends; they are not part of the answer.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Throws one sentence that names the first option out of its range.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        Require(Temperature >= 0 && double.IsFinite(Temperature), $"temperature must be at least 0; it is {Temperature}");
        Require(TopK >= 0, $"top-k must be at least 0; it is {TopK}");
        Require(TopP is > 0 and <= 1, $"top-p must be in (0, 1]; it is {TopP}");
        Require(MinP is >= 0 and <= 1, $"min-p must be in [0, 1]; it is {MinP}");
        Require(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), $"the repetition penalty must be above 0; it is {RepetitionPenalty}");
        Require(PresencePenalty is >= -2 and <= 2, $"the presence penalty must be in [-2, 2]; it is {PresencePenalty}");
        Require(FrequencyPenalty is >= -2 and <= 2, $"the frequency penalty must be in [-2, 2]; it is {FrequencyPenalty}");
        Require(MaximumTokens >= 0, $"the number of tokens must be at least 0; it is {MaximumTokens}");
        foreach ((int id, double bias) in LogitBias)
        {
            Require(id >= 0, $"a logit bias belongs to a token id of at least 0; it was given {id}");
            Require(bias is >= -100 and <= 100, $"a logit bias must be in [-100, 100]; that of token {id} is {bias}");
        }
        foreach (string stop in StopStrings)
        {
            Require(stop.Length > 0, $"a stop string must not be empty");
        }
    }

    private static void Require(bool condition, FormattableString complaint)
    {
        if (!condition)
        {
            throw new ArgumentException($"sampling: {FormattableString.Invariant(complaint)}.");
        }
    }
}
