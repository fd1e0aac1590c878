using System.Buffers;
using System.Text;

namespace Foretell.Tokenizers;

/// <summary>Finds added tokens in text: the leftmost, and the longest of those that begin there.</summary>
internal sealed class AddedTokenFinder
{
    private readonly AddedToken[] _tokens;
    private readonly Dictionary<(int Node, byte Value), int> _edges = [];
    private readonly List<int> _tokenAt = [-1];
    private readonly SearchValues<byte> _firstBytes;

    /// <summary>A finder of these tokens, or null where there are none.</summary>
    public static AddedTokenFinder? For(IEnumerable<AddedToken> tokens) => tokens.ToArray() is { Length: > 0 } some ? new AddedTokenFinder(some) : null;

    private AddedTokenFinder(AddedToken[] tokens)
    {
        _tokens = tokens;
        for (int index = 0; index < _tokens.Length; index++)
        {
            int node = 0;
            foreach (byte value in Encoding.UTF8.GetBytes(_tokens[index].Content))
            {
                if (!_edges.TryGetValue((node, value), out int child))
                {
                    child = _tokenAt.Count;
                    _edges.Add((node, value), child);
                    _tokenAt.Add(-1);
                }
                node = child;
            }
            _tokenAt[node] = index;
        }
        _firstBytes = SearchValues.Create([.. _edges.Keys.Where(edge => edge.Node == 0).Select(edge => edge.Value)]);
    }

    /// <summary>The first token at or after <paramref name="from"/>, with the range of text it takes, or null.</summary>
    public AddedToken? Find(ReadOnlySpan<byte> utf8, int from, out int start, out int end) => Find(utf8, [], from, out start, out end);

    /// <summary>The same among the tokens that every byte of their spelling may make; without <paramref name="trust"/> any may.</summary>
    public AddedToken? Find(ReadOnlySpan<byte> utf8, ReadOnlySpan<TextTrust> trust, int from, out int start, out int end)
    {
        for (start = from; ; start++)
        {
            int offset = utf8[start..].IndexOfAny(_firstBytes);
            if (offset < 0)
            {
                (start, end) = (utf8.Length, utf8.Length);
                return null;
            }
            start += offset;
            if (LongestAt(utf8, trust, start, out end) is not AddedToken token)
            {
                continue;
            }
            while (token.StripsLeft && start > from && utf8[start - 1] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
            {
                start--;
            }
            while (token.StripsRight && end < utf8.Length && utf8[end] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
            {
                end++;
            }
            return token;
        }
    }

    private AddedToken? LongestAt(ReadOnlySpan<byte> utf8, ReadOnlySpan<TextTrust> trust, int start, out int end)
    {
        AddedToken? longest = null;
        end = start;
        int node = 0;
        var least = TextTrust.Full;
        for (int index = start; index < utf8.Length && _edges.TryGetValue((node, utf8[index]), out node); index++)
        {
            least = trust.Length > 0 && trust[index] < least ? trust[index] : least;
            if (_tokenAt[node] >= 0 && least >= (_tokens[_tokenAt[node]].IsSpecial ? TextTrust.Full : TextTrust.AddedTokens))
            {
                longest = _tokens[_tokenAt[node]];
                end = index + 1;
            }
        }
        return longest;
    }
}
