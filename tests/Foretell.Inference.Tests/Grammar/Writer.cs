using System.Numerics;
using System.Runtime.CompilerServices;
using Foretell.Tensors;

namespace Foretell.Inference.Tests;

/// <summary>Stands in for a model with random weights: takes any allowed token, and checks on the way what a constraint promises.</summary>
internal static class Writer
{
    private static readonly ConditionalWeakTable<TokenVocabulary, int[]> ClosingIds = [];

    /// <summary>Writes a text with tokens drawn from those allowed; past <paramref name="patience"/> tokens it prefers to end, and among the rest the bytes that close things.</summary>
    /// <returns>The text, or null where it was not complete after ten times that many tokens.</returns>
    public static byte[]? Write(Grammar grammar, TokenVocabulary vocabulary, SeededRandom random, int patience = 60)
    {
        ITokenConstraint constraint = grammar.Start(vocabulary);
        var mask = new ulong[vocabulary.MaskWords + 1];
        var text = new List<byte>();
        for (int step = 0; step < patience * 10; step++)
        {
            constraint.Mask(mask);
            Assert.Equal(0ul, mask[^1]);
            int count = mask.Sum(BitOperations.PopCount);
            Assert.NotEqual(0, count);
            bool mayEnd = vocabulary.EndIds.ToArray().All(end => IsAllowed(mask, end));
            Assert.Equal(constraint.IsComplete, mayEnd);
            Assert.Equal(constraint.MustEnd, mayEnd && count == vocabulary.EndIds.Length);
            if (mayEnd && (step >= patience || constraint.MustEnd || random.NextInt(8) == 0))
            {
                constraint.Accept(vocabulary.EndIds[0]);
                return [.. text];
            }
            foreach (int end in vocabulary.EndIds)
            {
                if (IsAllowed(mask, end))
                {
                    mask[end >> 6] &= ~(1ul << end);
                    count--;
                }
            }
            int id = Nth(mask, random.NextInt(count));
            if (step >= patience)
            {
                int[] closing = [.. Closing(vocabulary).Where(candidate => IsAllowed(mask, candidate))];
                id = closing.Length > 0 ? closing[random.NextInt(closing.Length)] : id;
            }
            text.AddRange(vocabulary.Bytes(id)!);
            constraint.Accept(id);
        }
        return null;
    }

    /// <summary>Whether a text can be written with the given tokens.</summary>
    public static bool Takes(Grammar grammar, TokenVocabulary vocabulary, IEnumerable<int> ids)
    {
        ITokenConstraint constraint = grammar.Start(vocabulary);
        var mask = new ulong[vocabulary.MaskWords];
        foreach (int id in ids)
        {
            constraint.Mask(mask);
            if ((mask[id >> 6] >> id & 1) == 0)
            {
                Assert.Throws<InvalidOperationException>(() => constraint.Accept(id));
                return false;
            }
            constraint.Accept(id);
        }
        return constraint.IsComplete;
    }

    /// <summary>A random way to cut a text into tokens of the vocabulary; null where there is none.</summary>
    public static List<int>? Cut(TokenVocabulary vocabulary, ReadOnlySpan<byte> text, SeededRandom random)
    {
        var ids = new List<int>();
        for (int at = 0; at < text.Length;)
        {
            var fitting = new List<int>();
            for (int id = 0; id < vocabulary.Size; id++)
            {
                if (vocabulary.Bytes(id) is { Length: > 0 } bytes && text[at..].StartsWith(bytes))
                {
                    fitting.Add(id);
                }
            }
            if (fitting.Count == 0)
            {
                return null;
            }
            ids.Add(fitting[random.NextInt(fitting.Count)]);
            at += vocabulary.Bytes(ids[^1])!.Length;
        }
        return ids;
    }

    public static bool IsAllowed(ReadOnlySpan<ulong> mask, int id) => (mask[id >> 6] >> id & 1) != 0;

    private static IEnumerable<int> Closing(TokenVocabulary vocabulary) =>
        ClosingIds.GetValue(vocabulary, static known => [.. Enumerable.Range(0, known.Size).Where(id => known.Bytes(id) is [(byte)'"' or (byte)'}' or (byte)']'])]);

    private static int Nth(ReadOnlySpan<ulong> mask, int index)
    {
        int word = 0;
        while (index >= BitOperations.PopCount(mask[word]))
        {
            index -= BitOperations.PopCount(mask[word++]);
        }
        ulong bits = mask[word];
        for (; index > 0; index--)
        {
            bits &= bits - 1;
        }
        return word * 64 + BitOperations.TrailingZeroCount(bits);
    }

    public static List<int> Ids(ReadOnlySpan<ulong> mask)
    {
        var ids = new List<int>();
        for (int id = 0; id < mask.Length * 64; id++)
        {
            if ((mask[id >> 6] >> id & 1) != 0)
            {
                ids.Add(id);
            }
        }
        return ids;
    }
}
