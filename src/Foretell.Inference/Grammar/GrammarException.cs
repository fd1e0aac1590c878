namespace Foretell.Inference;

/// <summary>A schema, pattern or list that can't become a grammar; the message says what, where, and what to do.</summary>
public sealed class GrammarException(string message) : FormatException(message);
