using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace Foretell.Tokenizers;

/// <summary>What is done to text before it is split.</summary>
public enum TextNormalization
{
    /// <summary>Nothing: every byte string comes back as it was.</summary>
    None,

    /// <summary>Unicode's canonical composition, as Qwen's files ask: é from e and an accent becomes one character.</summary>
    Nfc,
}

/// <summary>
/// Byte-level byte-pair encoding (<see href="https://aclanthology.org/P16-1162/">Sennrich et al. 2016</see>, over bytes
/// since GPT-2): text is cut into words, and within a word the pair of tokens with the earliest merge is joined, the
/// leftmost first, until no pair has one. Every byte is a token, so nothing is unknown.
/// Encoding takes time near linear in the text, whatever the text.
/// </summary>
public sealed class BytePairEncoding : Tokenizer
{
    private readonly TokenTable _tokens;
    private readonly MergeTable _merges;
    private readonly int[] _byteIds = new int[256];
    private readonly bool[] _isSpecial;
    private readonly AddedTokenFinder? _allAdded;
    private readonly AddedTokenFinder? _plainAdded;
    private readonly ConcurrentBag<Scratch> _spare = [];
    private readonly Lazy<string> _fingerprint;

    internal BytePairEncoding(TokenTable tokens, MergeTable merges, BytePairRules rules)
    {
        _tokens = tokens;
        _merges = merges;
        Rules = rules;
        for (int value = 0; value < 256; value++)
        {
            _byteIds[value] = tokens.Find([(byte)value]);
            if (_byteIds[value] < 0)
            {
                throw new FormatException($"The vocabulary has no token for the byte 0x{value:X2} ('{ByteAlphabet.Spell([(byte)value])}'); a byte-level vocabulary needs all 256.");
            }
        }
        foreach (AddedToken token in rules.AddedTokens)
        {
            if (token.Content.Length == 0)
            {
                throw new FormatException($"The added token with the id {token.Id} is empty; it needs a spelling.");
            }
            if (!tokens.Contains(token.Id))
            {
                tokens.Add(token.Id, Encoding.UTF8.GetBytes(token.Content), searchable: false);
            }
        }
        _isSpecial = new bool[tokens.Count];
        foreach (AddedToken token in rules.AddedTokens.Where(token => token.IsSpecial))
        {
            _isSpecial[token.Id] = true;
        }
        _allAdded = AddedTokenFinder.For(rules.AddedTokens);
        _plainAdded = AddedTokenFinder.For(rules.AddedTokens.Where(token => !token.IsSpecial));
        EndOfTextId = EndOfText.Find(rules.AddedTokens) ?? rules.EndOfTextId;
        _fingerprint = new Lazy<string>(() => TokenizerFingerprint.Of(_tokens, _merges, Rules));
    }

    public override int VocabularySize => _tokens.Count;

    public override int? EndOfTextId { get; }

    public override int? BeginOfTextId => Rules.BeginOfTextId;

    public override bool IsLossless => Rules.Normalization == TextNormalization.None;

    public override string Fingerprint => _fingerprint.Value;

    /// <summary>What cuts text into words.</summary>
    public PreTokenizer PreTokenizer => Rules.PreTokenizer;

    /// <summary>What is done to text first.</summary>
    public TextNormalization Normalization => Rules.Normalization;

    public override IReadOnlyList<AddedToken> AddedTokens => Rules.AddedTokens;

    /// <summary>The number of merges.</summary>
    public int MergeCount => _merges.InOrder.Length;

    /// <summary>Whether the two sides of a space between ASCII letters encode the same apart.</summary>
    internal bool MayCutBeforeSpace => PreTokenizer.CutsBeforeSpace && AddedTokens.All(token =>
        token.IsSpecial || (!token.StripsLeft && !token.StripsRight && !token.Content.Contains(' ', StringComparison.Ordinal)));

    internal TokenTable Tokens => _tokens;

    internal MergeTable Merges => _merges;

    internal BytePairRules Rules { get; }

    /// <summary>The same vocabulary with another normalization; with <see cref="TextNormalization.None"/> it is lossless.</summary>
    public BytePairEncoding WithNormalization(TextNormalization normalization) =>
        new(_tokens, _merges, Rules with { Normalization = normalization });

    public override Tokenizer WithAddedTokens(IReadOnlyList<AddedToken> added) =>
        new BytePairEncoding(_tokens.Copy(), _merges, Rules with { AddedTokens = [.. Rules.AddedTokens, .. added] });

    public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids) => Encode(utf8, ids, allowSpecial: false);

    public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids, bool allowSpecial)
    {
        if (!_spare.TryTake(out Scratch? scratch))
        {
            scratch = new Scratch();
        }
        AddedTokenFinder? finder = allowSpecial ? _allAdded : _plainAdded;
        int position = 0;
        while (finder?.Find(utf8, position, out int start, out int end) is AddedToken token)
        {
            EncodeOrdinary(utf8[position..start], ids, scratch);
            ids.Add(token.Id);
            position = end;
        }
        EncodeOrdinary(utf8[position..], ids, scratch);
        _spare.Add(scratch);
    }

    public override int? SpecialId(string name) => Rules.AddedTokens.FirstOrDefault(token => token.Content == name)?.Id;

    public override ReadOnlySpan<byte> TokenBytes(int id) => _tokens.Contains(id)
        ? _tokens[id]
        : throw new ArgumentOutOfRangeException(nameof(id), $"There is no token {id}; this vocabulary has ids from 0 to {VocabularySize - 1}.");

    public override bool IsSpecial(int id) => (uint)id < (uint)_isSpecial.Length && _isSpecial[id];

    public override void Save(string folder) => TokenizerJson.Save(this, folder);

    protected override void EncodeOrdinary(ReadOnlySpan<byte> utf8, List<int> ids, bool isFirst)
    {
        if (!_spare.TryTake(out Scratch? scratch))
        {
            scratch = new Scratch();
        }
        EncodeOrdinary(utf8, ids, scratch);
        _spare.Add(scratch);
    }

    /// <summary>Where normalization changes a character, the ends of its tokens are the end of the character and its marks.</summary>
    protected override void AppendEnds(ReadOnlySpan<byte> utf8, ReadOnlySpan<int> ids, int offset, List<int> ends)
    {
        if (Rules.Normalization == TextNormalization.None || CanonicalComposition.Normalize(utf8) == utf8)
        {
            base.AppendEnds(utf8, ids, offset, ends);
            return;
        }
        int source = 0, normalized = 0, tokenEnd = 0;
        bool changed = false;
        foreach (int id in ids)
        {
            tokenEnd += _tokens[id].Length;
            while (normalized < tokenEnd && source < utf8.Length)
            {
                // An ASCII character composes with nothing before it, so that text can be normalized apart there.
                int next = source + 1;
                while (next < utf8.Length && utf8[next] >= 0x80)
                {
                    next++;
                }
                ReadOnlySpan<byte> piece = utf8[source..next];
                ReadOnlySpan<byte> composed = CanonicalComposition.Normalize(piece);
                changed = !composed.SequenceEqual(piece);
                (source, normalized) = (next, normalized + composed.Length);
            }
            ends.Add(offset + (changed ? source : source - (normalized - tokenEnd)));
        }
    }

    private void EncodeOrdinary(ReadOnlySpan<byte> utf8, List<int> ids, Scratch scratch)
    {
        if (Rules.Normalization == TextNormalization.Nfc)
        {
            utf8 = CanonicalComposition.Normalize(utf8);
        }
        List<int> ends = scratch.WordEnds;
        ends.Clear();
        Rules.PreTokenizer.Split(utf8, ends);
        int start = 0;
        foreach (int end in CollectionsMarshal.AsSpan(ends))
        {
            int length = end - start;
            if (length <= WordCache.MaximumBytes)
            {
                ref WordCache.Entry entry = ref scratch.Cache.Slot(utf8, start, length, out ulong low, out ulong high);
                if (!entry.Holds(low, high, length))
                {
                    ReadOnlySpan<int> merged = EncodeWord(utf8[start..end], scratch);
                    if (merged.Length <= WordCache.MaximumIds)
                    {
                        entry.Offer(low, high, length, merged);
                    }
                    ids.AddRange(merged);
                }
                else
                {
                    ids.Add(entry.First);
                    if (entry.Count > 1)
                    {
                        ids.Add(entry.Second);
                        if (entry.Count > 2)
                        {
                            ids.Add(entry.Third);
                        }
                    }
                }
            }
            else
            {
                ids.AddRange(EncodeWord(utf8[start..end], scratch));
            }
            start = end;
        }
        scratch.Trim();
    }

    private ReadOnlySpan<int> EncodeWord(ReadOnlySpan<byte> word, Scratch scratch)
    {
        Span<int> symbols = scratch.Symbols(word.Length);
        if (Rules.IgnoresMerges && _tokens.Find(word) is int whole and >= 0)
        {
            symbols[0] = whole;
            return symbols[..1];
        }
        for (int index = 0; index < word.Length; index++)
        {
            symbols[index] = _byteIds[word[index]];
        }
        return symbols[..scratch.Merger.Merge(_merges, symbols)];
    }

    /// <summary>What one thread needs while it encodes; kept for the next call.</summary>
    private sealed class Scratch
    {
        private const int Keep = 1 << 16;
        private int[] _symbols = new int[256];

        public WordCache Cache { get; } = new();

        public PairMerger Merger { get; } = new();

        public List<int> WordEnds { get; private set; } = new(256);

        public Span<int> Symbols(int count)
        {
            if (_symbols.Length < count)
            {
                _symbols = new int[Math.Max(count, _symbols.Length * 2)];
            }
            return _symbols.AsSpan(0, count);
        }

        public void Trim()
        {
            if (_symbols.Length > Keep)
            {
                _symbols = new int[256];
            }
            if (WordEnds.Capacity > Keep * 16)
            {
                WordEnds = new List<int>(256);
            }
        }
    }
}
