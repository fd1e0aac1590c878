using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Foretell.Data;

/// <summary>What is done with a conversation that is longer than the context: it is never cut.</summary>
public enum LongExamples
{
    /// <summary>Left out, counted and named.</summary>
    Drop,

    /// <summary>An error.</summary>
    Refuse,
}

/// <summary>Conversations ready to be learned, and what was left out of them.</summary>
/// <param name="Examples">Each fits into the context and has a token that counts.</param>
/// <param name="TooLong">Those that do not fit: where from, and how many tokens.</param>
/// <param name="WithoutTargets">Where those came from of which nothing counts.</param>
public sealed record ChatDataset(IReadOnlyList<ChatExample> Examples, IReadOnlyList<(string Place, int Tokens)> TooLong, IReadOnlyList<string> WithoutTargets)
{
    private const int Named = 5;

    /// <summary>Encodes conversations.</summary>
    /// <param name="contextLength">Inputs of a row, at least 1: an example has at most one token more.</param>
    /// <exception cref="CorpusException">A row is malformed, too long where that is refused, or no example is left.</exception>
    public static ChatDataset Encode(IEnumerable<ChatRecord> records, ChatEncoder encoder, int contextLength, LongExamples tooLong = LongExamples.Drop, CancellationToken cancellation = default)
    {
        var examples = new List<ChatExample>();
        var longer = new List<(string, int)>();
        var empty = new List<string>();
        foreach (ChatRecord record in records)
        {
            cancellation.ThrowIfCancellationRequested();
            ChatExample example = encoder.Encode(record);
            if (example.Length > contextLength)
            {
                if (tooLong == LongExamples.Refuse)
                {
                    throw new CorpusException(FormattableString.Invariant($"{example.Place}, has {example.Ids.Length} tokens, and a context of {contextLength} holds at most {contextLength + 1}; shorten it, choose a longer context, or leave such rows out (tooLong=drop)."));
                }
                longer.Add((example.Place, example.Ids.Length));
            }
            else if (example.TargetCount == 0)
            {
                empty.Add(example.Place);
            }
            else
            {
                examples.Add(example);
            }
        }
        var dataset = new ChatDataset(examples, longer, empty);
        return examples.Count > 0 ? dataset : throw new CorpusException($"There is nothing to learn from: {dataset.LeftOut(contextLength) ?? "the files hold no conversation"}.");
    }

    /// <summary>Identity of what is learned: SHA-256 of ids and weights, lower-case hexadecimal.</summary>
    public string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (ChatExample example in Examples)
        {
            hash.AppendData(BitConverter.GetBytes(example.Ids.Length));
            hash.AppendData(MemoryMarshal.AsBytes(example.Ids.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(example.Weights.AsSpan()));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A sentence on what was left out, naming the first few; null when nothing was.</summary>
    public string? LeftOut(int contextLength)
    {
        var parts = new List<string>();
        if (TooLong.Count > 0)
        {
            string names = string.Join("; ", TooLong.Take(Named).Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Place}: {one.Tokens} tokens")));
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{TooLong.Count} {(TooLong.Count == 1 ? "row is" : "rows are")} longer than the context of {contextLength} and left out ({names}{(TooLong.Count > Named ? "; ..." : "")})"));
        }
        if (WithoutTargets.Count > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{WithoutTargets.Count} {(WithoutTargets.Count == 1 ? "row counts" : "rows count")} nothing (weight 0 throughout) and {(WithoutTargets.Count == 1 ? "is" : "are")} left out ({string.Join("; ", WithoutTargets.Take(Named))}{(WithoutTargets.Count > Named ? "; ..." : "")})"));
        }
        return parts.Count > 0 ? string.Join("; ", parts) : null;
    }

    /// <summary>Holds back a share of the examples, at least one where the share is above 0; the choice depends on the seed alone.</summary>
    /// <param name="share">In [0, 1).</param>
    /// <returns>The rest, and those held back; both in their order.</returns>
    public (IReadOnlyList<ChatExample> Train, IReadOnlyList<ChatExample> HeldOut) Split(double share, ulong seed)
    {
        int wanted = share <= 0 || Examples.Count < 2 ? 0 : Math.Clamp((int)Math.Round(share * Examples.Count), 1, Examples.Count - 1);
        var order = new FeistelPermutation(Examples.Count, SplitMix64.Mix(seed, 0x48454C44));
        var held = new bool[Examples.Count];
        for (int i = 0; i < wanted; i++)
        {
            held[order[i]] = true;
        }
        return ([.. Examples.Where((_, i) => !held[i])], [.. Examples.Where((_, i) => held[i])]);
    }
}
