namespace Foretell.Inference;

/// <summary>A token and how likely it was.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">In nats, by the model's own distribution.</param>
public readonly record struct TokenAlternative(int Id, float LogProbability);

/// <summary>A token that was written.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">In nats, by the model's own distribution; null where it was not asked for.</param>
/// <param name="Alternatives">The likeliest tokens at its place, likeliest first; as many as were asked for.</param>
public sealed record GeneratedToken(int Id, float? LogProbability, IReadOnlyList<TokenAlternative> Alternatives)
{
    /// <summary>Whether a thinking budget wrote it in the model's place: no decision of the model's, so nothing to reward or blame it for.</summary>
    public bool IsForced { get; init; }
}

/// <summary>One step of an answer that is being written.</summary>
/// <param name="Choice">Which of the request's answers, from 0.</param>
/// <param name="Token">The token; null in the last update of an answer.</param>
/// <param name="Text">The text that is now certain, whole characters; often empty while a character or a stop string may be coming.</param>
/// <param name="Reason">Why the answer ended, in its last update; null before.</param>
public sealed record GenerationUpdate(int Choice, GeneratedToken? Token, string Text, FinishReason? Reason);

/// <summary>A whole answer.</summary>
/// <param name="Text">Without the prompt and without stop strings.</param>
/// <param name="Tokens">In the order drawn; the one that ended it is <see cref="EndToken"/>.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="StopString">The stop string at which it ended, or null.</param>
public sealed record GeneratedAnswer(string Text, IReadOnlyList<GeneratedToken> Tokens, FinishReason Reason, string? StopString)
{
    /// <summary>The token that ended the answer, drawn like the others though no part of it; null where it ended otherwise.</summary>
    public GeneratedToken? EndToken { get; init; }

    /// <summary>Of the tokens, those of thought: what the model drew between the markers. 0 where <see cref="GenerationRequest.Thinking"/> was not given.</summary>
    public int ThinkingTokens { get; init; }
}

/// <summary>What a request took.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CachedPromptTokens">Of them, found in the prefix cache.</param>
/// <param name="GeneratedTokens">Tokens of all answers.</param>
/// <param name="DraftedTokens">Tokens guessed ahead.</param>
/// <param name="AcceptedTokens">Of them, those that were right.</param>
/// <param name="Preemptions">Times that its keys and values were given up for others and computed again.</param>
public sealed record GenerationUsage(int PromptTokens, int CachedPromptTokens, int GeneratedTokens, int DraftedTokens, int AcceptedTokens, int Preemptions);

/// <summary>When things happened, counted from the request's arrival.</summary>
/// <param name="Queued">Until it began.</param>
/// <param name="FirstToken">Until its first token was drawn.</param>
/// <param name="Total">Until its last answer was whole.</param>
public sealed record GenerationTiming(TimeSpan Queued, TimeSpan FirstToken, TimeSpan Total);

/// <summary>Everything that a request gave.</summary>
public sealed record GenerationResult(IReadOnlyList<GeneratedAnswer> Answers, GenerationUsage Usage, GenerationTiming Timing);
