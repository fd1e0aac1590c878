namespace Foretell.World;

/// <summary>What a document of the little world is.</summary>
public enum DocumentKind
{
    Story,
    Dialogue,
    Questions,
    Sums,
    Detective,
}

/// <summary>A text of the little world with the truth that it tells.</summary>
/// <param name="Kind">What kind of text it is.</param>
/// <param name="Text">The text, without a final line break.</param>
/// <param name="Truth">What the simulation knows about it: the record that belongs to <paramref name="Kind"/>.</param>
public sealed record WorldDocument(DocumentKind Kind, string Text, WorldTruth Truth)
{
    /// <summary>One line of JSON: kind, text and truth.</summary>
    public string ToJson() => WorldJson.Write(this);
}
