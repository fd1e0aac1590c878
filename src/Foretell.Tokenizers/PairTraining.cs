using System.Runtime.InteropServices;

namespace Foretell.Tokenizers;

/// <summary>
/// The merging half of training. Counts of pairs are kept up to date as words change, and each pair knows the words where
/// it may stand, so that a merge costs only what it touches.
/// </summary>
internal sealed class PairTraining
{
    private readonly TokenTable _tokens;
    private readonly int[] _symbols;
    private readonly int[] _starts;
    private readonly int[] _lengths;
    private readonly long[] _wordCounts;

    private readonly Dictionary<(int Left, int Right), int> _indices = [];
    private readonly List<Pair> _pairs = [];
    private readonly List<Place> _places = [];
    private readonly List<int> _risen = [];
    private readonly PriorityQueue<int, (long Count, int Pair)> _queue;

    public PairTraining(TokenTable tokens, WordCounts words)
    {
        _tokens = tokens;
        _queue = new PriorityQueue<int, (long Count, int Pair)>(Comparer<(long Count, int Pair)>.Create(Compare));
        int total = 0;
        for (int word = 0; word < words.Distinct; word++)
        {
            total = checked(total + words.Word(word).Length);
        }
        _symbols = new int[total];
        _starts = new int[words.Distinct];
        _lengths = new int[words.Distinct];
        _wordCounts = new long[words.Distinct];

        Span<int> byteIds = stackalloc int[256];
        for (int value = 0; value < 256; value++)
        {
            byteIds[value] = tokens.Find([(byte)value]);
        }
        int used = 0;
        for (int word = 0; word < words.Distinct; word++)
        {
            ReadOnlySpan<byte> bytes = words.Word(word);
            (_starts[word], _lengths[word], _wordCounts[word]) = (used, bytes.Length, words.Count(word));
            foreach (byte value in bytes)
            {
                _symbols[used++] = byteIds[value];
            }
            for (int at = _starts[word]; at + 1 < used; at++)
            {
                Change(_symbols[at], _symbols[at + 1], _wordCounts[word], word);
            }
        }
        QueueRisen();
    }

    private struct Pair
    {
        public int Left;
        public int Right;
        public long Count;
        public int FirstPlace;
        public bool IsRisen;
    }

    /// <summary>A word where a pair may stand, in a list linked by index.</summary>
    private readonly record struct Place(int Word, int Next);

    public List<Merge> Run(BpeTrainerOptions options, IProgress<BpeTrainingProgress>? progress, CancellationToken cancellation)
    {
        int wanted = options.VocabularySize - _tokens.Count;
        var merges = new List<Merge>(wanted);
        byte[] joined = new byte[256];
        while (_tokens.Count < options.VocabularySize && Next() is int index and >= 0)
        {
            Pair pair = _pairs[index];
            if (pair.Count < options.MinimumPairCount)
            {
                break;
            }
            int length = _tokens[pair.Left].Length + _tokens[pair.Right].Length;
            if (length > joined.Length)
            {
                joined = new byte[length * 2];
            }
            _tokens[pair.Left].CopyTo(joined);
            _tokens[pair.Right].CopyTo(joined.AsSpan(_tokens[pair.Left].Length));

            // The same bytes may come about by another pair already; they are one token.
            int result = _tokens.Find(joined.AsSpan(0, length));
            if (result < 0)
            {
                result = _tokens.Count;
                _tokens.Add(result, joined.AsSpan(0, length));
            }
            var merge = new Merge(pair.Left, pair.Right, result);
            merges.Add(merge);
            for (int place = pair.FirstPlace; place >= 0; place = _places[place].Next)
            {
                Apply(merge, _places[place].Word);
            }
            CollectionsMarshal.AsSpan(_pairs)[index].FirstPlace = -1;
            QueueRisen();
            if (merges.Count % 64 == 0)
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Report(new BpeTrainingProgress(Counting: false, merges.Count, wanted));
            }
        }
        progress?.Report(new BpeTrainingProgress(Counting: false, merges.Count, merges.Count));
        return merges;
    }

    /// <summary>The most frequent pair, or -1. A count that fell since it was queued is queued again as it is now.</summary>
    private int Next()
    {
        while (_queue.TryDequeue(out int index, out (long Count, int Pair) queued))
        {
            long count = _pairs[index].Count;
            if (count == queued.Count)
            {
                return index;
            }
            if (count > 0 && count < queued.Count)
            {
                _queue.Enqueue(index, (count, index));
            }
        }
        return -1;
    }

    private void Apply(Merge merge, int word)
    {
        Span<int> symbols = _symbols.AsSpan(_starts[word], _lengths[word]);
        long count = _wordCounts[word];
        int kept = 0;
        for (int at = 0; at < symbols.Length; at++)
        {
            if (symbols[at] != merge.Left || at + 1 == symbols.Length || symbols[at + 1] != merge.Right)
            {
                symbols[kept++] = symbols[at];
                continue;
            }
            Change(merge.Left, merge.Right, -count, word);
            if (kept > 0)
            {
                Change(symbols[kept - 1], merge.Left, -count, word);
                Change(symbols[kept - 1], merge.Result, count, word);
            }
            if (at + 2 < symbols.Length)
            {
                Change(merge.Right, symbols[at + 2], -count, word);
                Change(merge.Result, symbols[at + 2], count, word);
            }
            symbols[kept++] = merge.Result;
            at++;
        }
        _lengths[word] = kept;
    }

    private void Change(int left, int right, long difference, int word)
    {
        ref int index = ref CollectionsMarshal.GetValueRefOrAddDefault(_indices, (left, right), out bool known);
        if (!known)
        {
            index = _pairs.Count;
            _pairs.Add(new Pair { Left = left, Right = right, FirstPlace = -1 });
        }
        ref Pair pair = ref CollectionsMarshal.AsSpan(_pairs)[index];
        pair.Count += difference;
        if (difference > 0)
        {
            if (pair.FirstPlace < 0 || _places[pair.FirstPlace].Word != word)
            {
                _places.Add(new Place(word, pair.FirstPlace));
                pair.FirstPlace = _places.Count - 1;
            }
            if (!pair.IsRisen)
            {
                pair.IsRisen = true;
                _risen.Add(index);
            }
        }
    }

    private void QueueRisen()
    {
        foreach (int index in _risen)
        {
            ref Pair pair = ref CollectionsMarshal.AsSpan(_pairs)[index];
            pair.IsRisen = false;
            if (pair.Count > 0)
            {
                _queue.Enqueue(index, (pair.Count, index));
            }
        }
        _risen.Clear();
    }

    /// <summary>The more frequent first, then the greater bytes of the left token, then of the right.</summary>
    private int Compare((long Count, int Pair) a, (long Count, int Pair) b)
    {
        int order = b.Count.CompareTo(a.Count);
        if (order == 0)
        {
            order = _tokens[_pairs[b.Pair].Left].SequenceCompareTo(_tokens[_pairs[a.Pair].Left]);
        }
        return order != 0 ? order : _tokens[_pairs[b.Pair].Right].SequenceCompareTo(_tokens[_pairs[a.Pair].Right]);
    }
}
