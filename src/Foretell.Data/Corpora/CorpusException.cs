namespace Foretell.Data;

/// <summary>What is wrong with a corpus, in one sentence for the person who gave it: what, where, what was expected, what to do.</summary>
public sealed class CorpusException(string message, Exception? cause = null) : FormatException(message, cause);
