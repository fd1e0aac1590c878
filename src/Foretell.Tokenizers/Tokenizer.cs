using System.Runtime.InteropServices;
using System.Text;

namespace Foretell.Tokenizers;

/// <summary>
/// Text to token ids and back. A tokenizer whose <see cref="IsLossless"/> is true gives back every byte string exactly,
/// valid UTF-8 or not; the others normalize text before they split it, as their files demand.
/// Instances are immutable and safe to use from many threads at once.
/// </summary>
public abstract class Tokenizer
{
    private AddedTokenFinder? _addedFinder;

    /// <summary>Number of ids, special tokens included; ids are in [0, VocabularySize).</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The id that ends a document, or null when the vocabulary has none.</summary>
    public abstract int? EndOfTextId { get; }

    /// <summary>The id that a model of this vocabulary expects before a document, or null when it expects none.</summary>
    public virtual int? BeginOfTextId => null;

    /// <summary>Whether decoding the ids of any byte string gives that byte string.</summary>
    public virtual bool IsLossless => true;

    /// <summary>Identity of the vocabulary and its rules: lower-case hexadecimal SHA-256, equal exactly when encodings are.</summary>
    public abstract string Fingerprint { get; }

    /// <summary>Appends the ids of <paramref name="utf8"/> (any bytes, valid UTF-8 or not) to <paramref name="ids"/>. Text that spells a special token is ordinary text here.</summary>
    public abstract void Encode(ReadOnlySpan<byte> utf8, List<int> ids);

    /// <summary>
    /// Appends the ids of <paramref name="utf8"/>; with <paramref name="allowSpecial"/>, text that spells a special
    /// token becomes that token (the longest one at the leftmost place), which is for trusted text only.
    /// Tokens that a file adds without calling them special, as Qwen 3's &lt;think&gt;, are recognised either way.
    /// </summary>
    public virtual void Encode(ReadOnlySpan<byte> utf8, List<int> ids, bool allowSpecial) => Encode(utf8, ids);

    /// <summary>The special and other added tokens, by ascending id.</summary>
    public virtual IReadOnlyList<AddedToken> AddedTokens => [];

    /// <summary>
    /// Appends the ids of <paramref name="utf8"/>, each byte of which has its own trust: a special or added token is made
    /// only where every byte of its spelling is trusted to make it. What lies between such tokens is encoded as one text,
    /// so that with full trust the ids are those of <see cref="Encode(ReadOnlySpan{byte}, List{int}, bool)"/>.
    /// </summary>
    /// <param name="trust">One for each byte.</param>
    /// <param name="ends">Where given, the offset in <paramref name="utf8"/> behind each id's text is appended to it.</param>
    /// <exception cref="ArgumentException"><paramref name="trust"/> is not as long as <paramref name="utf8"/>.</exception>
    public void Encode(ReadOnlySpan<byte> utf8, ReadOnlySpan<TextTrust> trust, List<int> ids, List<int>? ends = null)
    {
        if (trust.Length != utf8.Length)
        {
            throw new ArgumentException($"There are {trust.Length} levels of trust for {utf8.Length} bytes; expected one for each byte.", nameof(trust));
        }
        AddedTokenFinder? finder = _addedFinder ??= AddedTokenFinder.For(AddedTokens);
        int position = 0;
        while (finder?.Find(utf8, trust, position, out int start, out int end) is AddedToken token)
        {
            EncodeBetween(utf8[position..start], position, ids, ends);
            ids.Add(token.Id);
            ends?.Add(end);
            position = end;
        }
        EncodeBetween(utf8[position..], position, ids, ends);
    }

    /// <summary>The same tokenizer with more added tokens; what it made of texts that do not spell those stays as it was.</summary>
    /// <param name="added">By ascending id, the first of which is <see cref="VocabularySize"/>.</param>
    /// <exception cref="NotSupportedException">This kind of tokenizer cannot grow.</exception>
    public virtual Tokenizer WithAddedTokens(IReadOnlyList<AddedToken> added) =>
        throw new NotSupportedException($"A tokenizer of the kind {GetType().Name} cannot be given more tokens; use a model whose vocabulary has them.");

    /// <summary>The id of the special or added token spelled <paramref name="name"/>, or null when there is none.</summary>
    public virtual int? SpecialId(string name) => null;

    /// <summary>The bytes that <paramref name="id"/> stands for; a special token gives its name in UTF-8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public abstract ReadOnlySpan<byte> TokenBytes(int id);

    /// <summary>Whether <paramref name="id"/> is a special (control) token, which decoding for people leaves out.</summary>
    public abstract bool IsSpecial(int id);

    /// <summary>Writes what <see cref="TokenizerFiles.Load"/> reads back into <paramref name="folder"/> (created when missing): tokenizer.json in the Hugging Face form.</summary>
    public abstract void Save(string folder);

    /// <summary>The ids of <paramref name="text"/>; unpaired surrogates become U+FFFD.</summary>
    public int[] Encode(string text)
    {
        var ids = new List<int>(text.Length / 3 + 4);
        Encode(Encoding.UTF8.GetBytes(text), ids);
        return [.. ids];
    }

    /// <summary>The bytes of <paramref name="ids"/>, special tokens left out unless <paramref name="withSpecial"/>.</summary>
    public virtual byte[] DecodeBytes(ReadOnlySpan<int> ids, bool withSpecial = false)
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

    /// <summary>Appends the ids of text between added tokens, making none of those itself.</summary>
    /// <param name="isFirst">Whether the text begins the whole.</param>
    protected virtual void EncodeOrdinary(ReadOnlySpan<byte> utf8, List<int> ids, bool isFirst) => Encode(utf8, ids);

    /// <summary>Appends where in <paramref name="utf8"/> the text of each of its <paramref name="ids"/> ends, <paramref name="offset"/> added.</summary>
    protected virtual void AppendEnds(ReadOnlySpan<byte> utf8, ReadOnlySpan<int> ids, int offset, List<int> ends)
    {
        int end = 0;
        foreach (int id in ids)
        {
            end = Math.Min(end + TokenBytes(id).Length, utf8.Length);
            ends.Add(offset + end);
        }
    }

    private void EncodeBetween(ReadOnlySpan<byte> utf8, int offset, List<int> ids, List<int>? ends)
    {
        if (utf8.Length == 0)
        {
            return;
        }
        int before = ids.Count;
        EncodeOrdinary(utf8, ids, isFirst: offset == 0);
        if (ends is not null)
        {
            AppendEnds(utf8, CollectionsMarshal.AsSpan(ids)[before..], offset, ends);
        }
    }
}
