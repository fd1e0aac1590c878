using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Foretell.Tokenizers;

/// <summary>The SHA-256 of what decides a byte-pair tokenizer's encodings, in an order of its own, whatever file it came from.</summary>
internal static class TokenizerFingerprint
{
    public static string Of(TokenTable tokens, MergeTable merges, BytePairRules rules)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, "foretell byte pairs 1");
        Append(hash, rules.PreTokenizer.Pattern);
        Append(hash, (int)rules.Normalization, rules.IgnoresMerges ? 1 : 0, tokens.Count);
        AppendTables(hash, tokens, merges, rules.AddedTokens);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    internal static void AppendTables(IncrementalHash hash, TokenTable tokens, MergeTable merges, IReadOnlyList<AddedToken> added)
    {
        for (int id = 0; id < tokens.Count; id++)
        {
            if (tokens.Contains(id))
            {
                Append(hash, id, tokens[id].Length);
                hash.AppendData(tokens[id]);
            }
        }
        foreach (Merge merge in merges.InOrder)
        {
            Append(hash, merge.Left, merge.Right, merge.Result);
        }
        foreach (AddedToken token in added)
        {
            Append(hash, token.Id, token.IsSpecial ? 1 : 0, token.StripsLeft ? 1 : 0, token.StripsRight ? 1 : 0);
            Append(hash, token.Content);
        }
    }

    internal static void Append(IncrementalHash hash, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Append(hash, utf8.Length);
        hash.AppendData(utf8);
    }

    internal static void Append(IncrementalHash hash, params ReadOnlySpan<int> values)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        foreach (int value in values)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }
}
