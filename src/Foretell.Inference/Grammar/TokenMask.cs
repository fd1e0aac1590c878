using System.Numerics;

namespace Foretell.Inference;

/// <summary>A set of token ids, as a list where they are few and as bits where they are many. Immutable.</summary>
internal sealed class TokenMask
{
    private readonly int[]? _ids;
    private readonly ulong[]? _words;

    public TokenMask(ReadOnlySpan<ulong> words)
    {
        int count = 0;
        foreach (ulong word in words)
        {
            count += BitOperations.PopCount(word);
        }
        Count = count;
        if (count > words.Length)
        {
            _words = words.ToArray();
            return;
        }
        _ids = new int[count];
        int at = 0;
        for (int index = 0; index < words.Length; index++)
        {
            for (ulong word = words[index]; word != 0; word &= word - 1)
            {
                _ids[at++] = index * 64 + BitOperations.TrailingZeroCount(word);
            }
        }
    }

    /// <summary>Number of ids.</summary>
    public int Count { get; }

    /// <summary>About how many bytes the set takes.</summary>
    public long Bytes => 64 + (4L * (_ids?.Length ?? 0)) + (8L * (_words?.Length ?? 0));

    /// <summary>Adds the ids to a set of bits.</summary>
    public void AddTo(Span<ulong> words)
    {
        if (_words is ulong[] bits)
        {
            int index = 0;
            for (; index + Vector<ulong>.Count <= bits.Length; index += Vector<ulong>.Count)
            {
                (new Vector<ulong>(bits, index) | new Vector<ulong>(words[index..])).CopyTo(words[index..]);
            }
            for (; index < bits.Length; index++)
            {
                words[index] |= bits[index];
            }
            return;
        }
        foreach (int id in _ids!)
        {
            words[id >> 6] |= 1ul << id;
        }
    }

    /// <summary>Overwrites a set of bits with the ids, as far as it goes.</summary>
    public void CopyTo(Span<ulong> words)
    {
        if (_words is ulong[] bits)
        {
            int fitting = Math.Min(bits.Length, words.Length);
            bits.AsSpan(0, fitting).CopyTo(words);
            words[fitting..].Clear();
            return;
        }
        words.Clear();
        foreach (int id in _ids!)
        {
            if (id >> 6 < words.Length)
            {
                words[id >> 6] |= 1ul << id;
            }
        }
    }
}

/// <summary>What a part of a grammar decides of the next token by itself.</summary>
/// <param name="Mask">The tokens that stay within the part, or complete it with their last byte.</param>
/// <param name="Exits">By ascending number, the nodes of the vocabulary's tree at which the part may be complete: what follows it decides on the longer tokens.</param>
internal sealed record TokenFrame(TokenMask Mask, int[] Exits);
