using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>Where steps of thought end: behind a line, a full stop or a semicolon, but not so soon after the last end that there was nothing to judge.</summary>
public static class ThinkingSteps
{
    /// <summary>The fewest tokens of a step.</summary>
    public const int FewestTokens = 4;

    /// <summary>Whether a step ends with a token.</summary>
    public static bool EndsWith(Tokenizer tokenizer, int id)
    {
        if (tokenizer.IsSpecial(id))
        {
            return false;
        }
        ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
        ReadOnlySpan<byte> said = bytes.TrimEnd(" \t"u8);
        return !said.IsEmpty && said[^1] is (byte)'.' or (byte)';' or (byte)'\n';
    }

    /// <summary>The numbers of tokens after which an answer is judged, ascending; its end is none of them.</summary>
    public static IReadOnlyList<int> Of(Tokenizer tokenizer, ReadOnlySpan<int> answer)
    {
        var ends = new List<int>();
        int last = 0;
        for (int count = 1; count < answer.Length; count++)
        {
            if (count - last >= FewestTokens && EndsWith(tokenizer, answer[count - 1]))
            {
                ends.Add(last = count);
            }
        }
        return ends;
    }
}
