namespace Foretell.Inference;

/// <summary>A regular expression as it was written, over characters.</summary>
internal abstract record RegexNode;

internal sealed record RegexCharacters(CharacterSet Set) : RegexNode;

internal sealed record RegexSequence(IReadOnlyList<RegexNode> Items) : RegexNode;

internal sealed record RegexAlternation(IReadOnlyList<RegexNode> Alternatives) : RegexNode;

internal sealed record RegexRepeat(RegexNode Item, int Minimum, int Maximum) : RegexNode;

/// <summary>^ or $.</summary>
internal sealed record RegexAnchor(bool IsEnd, int Position) : RegexNode;
