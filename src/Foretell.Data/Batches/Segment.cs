namespace Foretell.Data;

/// <summary>A stretch of one document within a batch: its tokens see each other and nothing else.</summary>
/// <param name="Start">Its first token on the flattened axis [rows x context]; a segment never crosses a row.</param>
/// <param name="Length">Its number of tokens, at least 1.</param>
public readonly record struct Segment(int Start, int Length);
