using System.Text;

namespace Foretell.Tokenizers;

/// <summary>
/// Text to token ids and back. Every tokenizer here is lossless on bytes: decoding the ids of any byte string gives
/// that byte string. Instances are immutable and safe to use from many threads at once.
/// </summary>
public abstract class Tokenizer
{
    /// <summary>Number of ids, special tokens included; ids are in [0, VocabularySize).</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The id that ends a document, or null when the vocabulary has none.</summary>
    public abstract int? EndOfTextId { get; }

    /// <summary>Identity of the vocabulary and its rules: lower-case hexadecimal SHA-256, equal exactly when encodings are.</summary>
    public abstract string Fingerprint { get; }

    /// <summary>Appends the ids of <paramref name="utf8"/> (any bytes, valid UTF-8 or not) to <paramref name="ids"/>. Text that spells a special token is ordinary text here.</summary>
    public abstract void Encode(ReadOnlySpan<byte> utf8, List<int> ids);

    /// <summary>The bytes that <paramref name="id"/> stands for; a special token gives its name in UTF-8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public abstract ReadOnlySpan<byte> TokenBytes(int id);

    /// <summary>Whether <paramref name="id"/> is a special (control) token, which decoding for people leaves out.</summary>
    public abstract bool IsSpecial(int id);

    /// <summary>Writes what loading reads back into <paramref name="folder"/> (created when missing): tokenizer.json in the Hugging Face form.</summary>
    public abstract void Save(string folder);

    /// <summary>The ids of <paramref name="text"/>; unpaired surrogates become U+FFFD.</summary>
    public int[] Encode(string text)
    {
        var ids = new List<int>(text.Length / 3 + 4);
        Encode(Encoding.UTF8.GetBytes(text), ids);
        return [.. ids];
    }

    /// <summary>The bytes of <paramref name="ids"/>, special tokens left out unless <paramref name="withSpecial"/>.</summary>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids, bool withSpecial = false)
    {
        using var bytes = new MemoryStream(ids.Length * 4);
        foreach (int id in ids)
        {
            if (withSpecial || !IsSpecial(id))
            {
                bytes.Write(TokenBytes(id));
            }
        }
        return bytes.ToArray();
    }

    /// <summary>The text of <paramref name="ids"/>; bytes that are not UTF-8 become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool withSpecial = false) => Encoding.UTF8.GetString(DecodeBytes(ids, withSpecial));
}
