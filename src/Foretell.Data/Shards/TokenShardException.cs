namespace Foretell.Data;

/// <summary>What is wrong with a folder of token shards, in one sentence: what, where, what was expected, what to do.</summary>
public sealed class TokenShardException(string message, Exception? cause = null) : FormatException(message, cause);
