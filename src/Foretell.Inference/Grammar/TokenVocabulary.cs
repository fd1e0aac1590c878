using System.Collections.Concurrent;
using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>
/// A tokenizer's tokens as a tree over their bytes, for walking all tokens at once. Built once a tokenizer and shared by
/// all constraints; immutable. Special tokens are not in the tree: constrained text never holds one.
/// </summary>
public sealed class TokenVocabulary
{
    // Nodes stand in preorder: a node's first child follows it, and its subtree ends before _subtreeEnds[node].
    private readonly byte[] _labels;
    private readonly byte[] _depths;
    private readonly int[] _subtreeEnds;
    private readonly int[] _idStarts;
    private readonly int[] _ids;
    private readonly byte[]?[] _bytes;
    private readonly int[] _endIds;
    private readonly ConcurrentDictionary<string, RepeatFrames?> _sharedFrames = [];

    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="endIds">The ids that end an answer (a chat model may have several); without any, the tokenizer's own end of text.</param>
    /// <exception cref="ArgumentException">There is no id that ends a text, or one is outside the vocabulary.</exception>
    public TokenVocabulary(Tokenizer tokenizer, params ReadOnlySpan<int> endIds)
        : this(ReadBytes(tokenizer), endIds.Length > 0 ? endIds : tokenizer.EndOfTextId is int end ? [end] : [])
    {
    }

    /// <param name="tokens">The bytes of each id; null for special tokens and for ids without a token.</param>
    /// <param name="endIds">The ids that end a text, at least one.</param>
    internal TokenVocabulary(byte[]?[] tokens, ReadOnlySpan<int> endIds)
    {
        if (endIds.Length == 0)
        {
            throw new ArgumentException("The vocabulary has no token that ends a text; constrained output needs the id of one.", nameof(endIds));
        }
        _endIds = endIds.ToArray();
        _bytes = tokens;
        foreach (int id in _endIds)
        {
            if ((uint)id >= (uint)tokens.Length)
            {
                throw new ArgumentException($"The end-of-text id {id} is outside the vocabulary, which has ids from 0 to {tokens.Length - 1}.", nameof(endIds));
            }
            _bytes[id] = null;
        }
        int[] order = [.. Enumerable.Range(0, tokens.Length).Where(id => tokens[id] is { Length: > 0 and <= MaximumTokenBytes })];
        order.AsSpan().Sort((a, b) => tokens[a].AsSpan().SequenceCompareTo(tokens[b]) is int byBytes and not 0 ? byBytes : a.CompareTo(b));
        var labels = new List<byte>();
        var depths = new List<byte>();
        var ends = new List<int>();
        var idStarts = new List<int>();
        var path = new Stack<int>();
        ReadOnlySpan<byte> previous = [];
        for (int index = 0; index < order.Length; index++)
        {
            ReadOnlySpan<byte> token = tokens[order[index]];
            int shared = token.CommonPrefixLength(previous);
            while (path.Count > shared)
            {
                ends[path.Pop()] = labels.Count;
            }
            for (int depth = shared; depth < token.Length; depth++)
            {
                path.Push(labels.Count);
                labels.Add(token[depth]);
                depths.Add((byte)depth);
                ends.Add(0);
                idStarts.Add(index);
            }
            previous = token;
        }
        while (path.Count > 0)
        {
            ends[path.Pop()] = labels.Count;
        }
        idStarts.Add(order.Length);
        _labels = [.. labels];
        _depths = [.. depths];
        _subtreeEnds = [.. ends];
        _idStarts = [.. idStarts];
        _ids = order;
    }

    /// <summary>Longer tokens (runs of blanks, mostly) are never allowed; shorter ones spell the same text.</summary>
    internal const int MaximumTokenBytes = 255;

    private const int MaximumSharedFrames = 16;

    /// <summary>Number of ids, special ones included.</summary>
    public int Size => _bytes.Length;

    /// <summary>Length of a mask: 64 ids a word.</summary>
    public int MaskWords => (Size + 63) / 64;

    /// <summary>The ids that end a text.</summary>
    public ReadOnlySpan<int> EndIds => _endIds;

    /// <summary>[node] the byte that leads from the node's parent to it.</summary>
    internal ReadOnlySpan<byte> Labels => _labels;

    /// <summary>[node] the number of bytes before its label.</summary>
    internal ReadOnlySpan<byte> Depths => _depths;

    /// <summary>[node] the first node after it that is no descendant.</summary>
    internal ReadOnlySpan<int> SubtreeEnds => _subtreeEnds;

    /// <summary>[nodes + 1] where a node's ids begin among <see cref="Ids"/>; they end where the next node's begin.</summary>
    internal ReadOnlySpan<int> IdStarts => _idStarts;

    /// <summary>The ids in the order of their bytes; those of a subtree are one run.</summary>
    internal ReadOnlySpan<int> Ids => _ids;

    /// <summary>The bytes of a token, or null for special ones and for ids without a token.</summary>
    internal byte[]? Bytes(int id) => (uint)id < (uint)_bytes.Length ? _bytes[id] : null;

    /// <summary>The tokens of a repeat, found once for all grammars that hold it: strings are in nearly every schema.</summary>
    /// <param name="text">What the repeat is, in words; null where that is too long to share.</param>
    internal RepeatFrames? SharedFrames(string? text, Func<RepeatFrames?> find)
    {
        if (text is null)
        {
            return find();
        }
        if (!_sharedFrames.TryGetValue(text, out RepeatFrames? frames))
        {
            frames = find();
            if (_sharedFrames.Count >= MaximumSharedFrames)
            {
                _sharedFrames.Clear();
            }
            _sharedFrames[text] = frames;
        }
        return frames;
    }

    internal bool IsEnd(int id) => _endIds.AsSpan().Contains(id);

    private static byte[]?[] ReadBytes(Tokenizer tokenizer)
    {
        var tokens = new byte[]?[tokenizer.VocabularySize];
        for (int id = 0; id < tokens.Length; id++)
        {
            if (tokenizer.IsSpecial(id))
            {
                continue;
            }
            try
            {
                tokens[id] = tokenizer.TokenBytes(id).ToArray();
            }
            catch (ArgumentOutOfRangeException)
            {
                // Published vocabularies have ids without a token; they are never allowed.
            }
        }
        return tokens;
    }
}
