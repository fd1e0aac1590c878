namespace Foretell.Inference;

/// <summary>
/// Guesses that a text goes on as it did the last time it said the same (prompt lookup decoding, Saxena 2023): finds
/// the latest earlier place of the longest run of last tokens, and proposes what followed there. Where a constraint leaves
/// no choice of text, that text is the guess.
/// </summary>
internal sealed class PromptLookup(int shortestMatch, int longestMatch) : IDrafter
{
    public int[][] Propose(ScheduledStep step)
    {
        int[][] drafts = new int[step.Sequences.Count][];
        for (int i = 0; i < drafts.Length; i++)
        {
            ScheduledSequence part = step.Sequences[i];
            drafts[i] = part.Drafts == 0 ? []
                : part.Sequence.Answer?.ForcedTokens(part.Drafts) is { Length: > 0 } forced ? forced
                : Find(part.Sequence.Tokens, part.Drafts);
        }
        return drafts;
    }

    public void Follow(IReadOnlyList<Sequence> sequences)
    {
    }

    public void Copy(BlockCopy copy)
    {
    }

    public void Dispose()
    {
    }

    /// <summary>What followed the latest earlier place of the text's end, at most <paramref name="count"/> tokens.</summary>
    internal int[] Find(ReadOnlySpan<int> tokens, int count)
    {
        for (int length = Math.Min(longestMatch, tokens.Length - 1); length >= shortestMatch; length--)
        {
            ReadOnlySpan<int> end = tokens[^length..];
            int at = tokens[..^1].LastIndexOf(end);
            if (at >= 0)
            {
                int next = at + length;
                return tokens.Slice(next, Math.Min(count, tokens.Length - next)).ToArray();
            }
        }
        return [];
    }
}
