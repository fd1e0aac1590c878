using Foretell.Tokenizers;

namespace Foretell.Evaluation;

/// <summary>
/// The tokens of a stream of any length, encoded in blocks of 1 MiB so that memory stays bounded. A block may end inside a
/// character or a word: the tokenizers are lossless on bytes, and the few tokens spent at a cut do not count at this size.
/// </summary>
public static class TokenBlocks
{
    public const int BlockBytes = 1 << 20;

    /// <param name="text">Any bytes; read to its end.</param>
    /// <param name="tokenizer">Encodes each block by itself.</param>
    /// <param name="blockRead">Called with each block's bytes before its tokens come, or null.</param>
    /// <param name="mayNormalize">Whether tokens that stand for other bytes than the text's are taken as they come: enough to score a text, not to give it back.</param>
    /// <exception cref="InvalidDataException">The tokenizer does not give this text's bytes back, so nothing that depends on it would.</exception>
    public static IEnumerable<int> Read(Stream text, Tokenizer tokenizer, Action<ReadOnlyMemory<byte>>? blockRead = null, bool mayNormalize = false)
    {
        byte[] block = new byte[BlockBytes];
        var ids = new List<int>();
        long offset = 0;
        while (true)
        {
            int length = text.ReadAtLeast(block, BlockBytes, throwOnEndOfStream: false);
            if (length == 0)
            {
                yield break;
            }
            blockRead?.Invoke(block.AsMemory(0, length));
            ids.Clear();
            tokenizer.Encode(block.AsSpan(0, length), ids);
            if (!mayNormalize)
            {
                CheckLossless(block.AsSpan(0, length), ids, tokenizer, offset);
            }
            foreach (int id in ids)
            {
                yield return id;
            }
            offset += length;
        }
    }

    private static void CheckLossless(ReadOnlySpan<byte> block, List<int> ids, Tokenizer tokenizer, long offset)
    {
        int at = 0;
        foreach (int id in ids)
        {
            ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
            if (!block[at..].StartsWith(bytes))
            {
                throw new InvalidDataException(FormattableString.Invariant($"The tokenizer does not give back the bytes near {offset + at} of the text; use a model whose tokenizer works on bytes."));
            }
            at += bytes.Length;
        }
        if (at != block.Length)
        {
            throw new InvalidDataException(FormattableString.Invariant($"The tokenizer drops the bytes from {offset + at} on; use a model whose tokenizer works on bytes."));
        }
    }
}
