namespace Foretell.Inference;

/// <summary>Sets of characters as expressions over the bytes of UTF-8: shortest forms only, no surrogates.</summary>
internal sealed class Utf8Expression
{
    private const int FirstSurrogateWord = 0xD800 >> 6;
    private const int LastSurrogateWord = 0xDFFF >> 6;
    private readonly ulong[] _words;
    private readonly Dictionary<ulong, Expression> _lastBytes = [];
    private readonly Dictionary<string, Expression> _tails = [];
    private readonly Dictionary<Expression, int> _numbers = new(ReferenceEqualityComparer.Instance);

    private Utf8Expression(CharacterSet set)
    {
        // 64 scalars share all bytes but the last, so a word of bits is a set of last bytes.
        _words = new ulong[(CharacterSet.Last >> 6) + 1];
        foreach ((int first, int last) in set.Ranges)
        {
            for (int word = first >> 6; word <= last >> 6; word++)
            {
                int low = Math.Max(first - (word << 6), 0);
                int high = Math.Min(last - (word << 6), 63);
                _words[word] |= (ulong.MaxValue >> (63 - high)) & (ulong.MaxValue << low);
            }
        }
        _words.AsSpan(FirstSurrogateWord..(LastSurrogateWord + 1)).Clear();
    }

    /// <summary>One character of the set.</summary>
    public static Expression Of(CharacterSet set)
    {
        if (set.Ranges.Count == 0)
        {
            return Expression.Nothing;
        }
        if (set.Ranges[^1].Last < 0x80)
        {
            ByteSet bytes = default;
            foreach ((int first, int last) in set.Ranges)
            {
                bytes |= ByteSet.Range(first, last);
            }
            return Expression.Byte(bytes);
        }
        var builder = new Utf8Expression(set);
        var alternatives = new List<Expression>();
        var ascii = new ByteSet(builder._words[0], builder._words[1], 0, 0);
        if (!ascii.IsEmpty)
        {
            alternatives.Add(Expression.Byte(ascii));
        }
        builder.AddLeads(alternatives, firstLead: 0xC0, firstWord: 2, endWord: 32, tailBytes: 1);
        builder.AddLeads(alternatives, firstLead: 0xE0, firstWord: 32, endWord: 1024, tailBytes: 2);
        builder.AddLeads(alternatives, firstLead: 0xF0, firstWord: 1024, endWord: builder._words.Length, tailBytes: 3);
        return Expression.Choice(alternatives);
    }

    /// <summary>Adds the characters of one length, lead bytes with the same tails together.</summary>
    private void AddLeads(List<Expression> alternatives, int firstLead, int firstWord, int endWord, int tailBytes)
    {
        int wordsOfLead = 1 << (6 * (tailBytes - 1));
        var leads = new Dictionary<Expression, ByteSet>(ReferenceEqualityComparer.Instance);
        for (int word = firstWord / wordsOfLead * wordsOfLead; word < endWord; word += wordsOfLead)
        {
            if (Tail(word, wordsOfLead, firstWord) is Expression tail)
            {
                leads[tail] = leads.GetValueOrDefault(tail) | ByteSet.Of((byte)(firstLead + (word / wordsOfLead)));
            }
        }
        alternatives.AddRange(leads.Select(pair => Expression.Sequence(Expression.Byte(pair.Value), pair.Key)));
    }

    /// <summary>The continuation bytes of a run of words; the same object for the same bytes, null for none.</summary>
    private Expression? Tail(int word, int words, int firstWord)
    {
        if (words == 1)
        {
            // Words below the first have shorter forms.
            ulong last = word < firstWord || word >= _words.Length ? 0 : _words[word];
            if (last == 0)
            {
                return null;
            }
            if (!_lastBytes.TryGetValue(last, out Expression? known))
            {
                _lastBytes.Add(last, known = Number(Expression.Byte(ByteSet.FromWord(128, last))));
            }
            return known;
        }
        int step = words / 64;
        var groups = new Dictionary<Expression, ulong>(ReferenceEqualityComparer.Instance);
        for (int continuation = 0; continuation < 64; continuation++)
        {
            if (Tail(word + continuation * step, step, firstWord) is Expression rest)
            {
                groups[rest] = groups.GetValueOrDefault(rest) | 1ul << continuation;
            }
        }
        if (groups.Count == 0)
        {
            return null;
        }
        string name = string.Join(',', groups.Select(pair => $"{_numbers[pair.Key]}:{pair.Value:x}"));
        if (!_tails.TryGetValue(name, out Expression? tail))
        {
            tail = Expression.Choice([.. groups.Select(pair => Expression.Sequence(Expression.Byte(ByteSet.FromWord(128, pair.Value)), pair.Key))]);
            _tails.Add(name, Number(tail));
        }
        return tail;
    }

    private Expression Number(Expression expression)
    {
        _numbers.TryAdd(expression, _numbers.Count);
        return expression;
    }
}
