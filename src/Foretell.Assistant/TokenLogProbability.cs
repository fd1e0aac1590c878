namespace Foretell.Assistant;

/// <summary>A token of an answer and how likely it was; answers carry a list of them in the additional property "logprobs" when it is asked for.</summary>
/// <param name="Id">The token.</param>
/// <param name="Bytes">What it stands for, in UTF-8; a token may end inside a character.</param>
/// <param name="LogProbability">In nats, by the model's own distribution: before temperature, penalties, biases, filters and constraints.</param>
/// <param name="Alternatives">The likeliest tokens at its place, likeliest first; as many as "top_logprobs" asked for.</param>
public sealed record TokenLogProbability(int Id, ReadOnlyMemory<byte> Bytes, float LogProbability, IReadOnlyList<TokenLogProbability> Alternatives);
