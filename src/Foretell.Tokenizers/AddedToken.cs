namespace Foretell.Tokenizers;

/// <summary>A token beside the merges, recognised in trusted text by its spelling.</summary>
/// <param name="Id">The token's id, at least 0.</param>
/// <param name="Content">Its spelling, at least one character.</param>
/// <param name="IsSpecial">Whether it is a control token, left out when text is decoded for people.</param>
/// <param name="StripsLeft">Whether it swallows the whitespace before it in the text.</param>
/// <param name="StripsRight">Whether it swallows the whitespace after it in the text.</param>
public sealed record AddedToken(int Id, string Content, bool IsSpecial = true, bool StripsLeft = false, bool StripsRight = false);
