namespace Foretell.Tokenizers;

/// <summary>Which tokens a stretch of text may spell.</summary>
public enum TextTrust : byte
{
    /// <summary>Ordinary tokens only: what users, tools and documents say.</summary>
    None,

    /// <summary>Also those that a file adds without calling them special, as Qwen 3's &lt;think&gt;.</summary>
    AddedTokens,

    /// <summary>All, control tokens too: what a chat template writes itself.</summary>
    Full,
}
