using System.Numerics;
using System.Runtime.CompilerServices;

namespace Foretell.Tokenizers;

/// <summary>One merge: the tokens <paramref name="Left"/> and <paramref name="Right"/>, side by side, become <paramref name="Result"/>.</summary>
internal readonly record struct Merge(int Left, int Right, int Result);

/// <summary>All merges in the order in which they apply, found by their pair.</summary>
internal sealed class MergeTable
{
    /// <summary>The rank of a pair that never merges: after all others.</summary>
    public const int NoRank = int.MaxValue;

    private readonly Merge[] _merges;
    private readonly ulong[] _pairs;
    private readonly int[] _ranks;
    private readonly int[]? _indices;
    private readonly int _mask;

    /// <param name="ranks">
    /// When each merge applies, ascending, where several may apply at once: those share the index of their first. Null when
    /// every merge has its own turn.
    /// </param>
    /// <exception cref="FormatException">A pair is listed twice.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public MergeTable(IReadOnlyCollection<Merge> merges, int[]? ranks = null)
    {
        _merges = [.. merges];
        _mask = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, _merges.Length * 2)) - 1;
        _pairs = new ulong[_mask + 1];
        _ranks = new int[_mask + 1];
        Array.Fill(_ranks, NoRank);
        _indices = ranks is null ? null : new int[_mask + 1];
        for (int index = 0; index < _merges.Length; index++)
        {
            ulong pair = Pair(_merges[index].Left, _merges[index].Right);
            int slot = (int)TokenTable.Mix(pair) & _mask;
            while (_ranks[slot] != NoRank)
            {
                if (_pairs[slot] == pair)
                {
                    throw new FormatException($"Merge {index + 1} repeats merge {_ranks[slot] + 1}; each pair must be listed once.");
                }
                slot = (slot + 1) & _mask;
            }
            _pairs[slot] = pair;
            _ranks[slot] = index;
            if (_indices is not null)
            {
                _ranks[slot] = ranks![index];
                _indices[slot] = index;
            }
        }
    }

    public ReadOnlySpan<Merge> InOrder => _merges;

    /// <summary>What a pair becomes whose rank is <paramref name="rank"/>.</summary>
    public int Result(int rank, int left, int right)
    {
        if (_indices is null)
        {
            return _merges[rank].Result;
        }
        ulong pair = Pair(left, right);
        int slot = (int)TokenTable.Mix(pair) & _mask;
        while (_pairs[slot] != pair)
        {
            slot = (slot + 1) & _mask;
        }
        return _merges[_indices[slot]].Result;
    }

    /// <summary>When the pair merges, counted from 0; <see cref="NoRank"/> when it never does.</summary>
    public int Rank(int left, int right)
    {
        ulong pair = Pair(left, right);
        for (int slot = (int)TokenTable.Mix(pair) & _mask; ; slot = (slot + 1) & _mask)
        {
            int rank = _ranks[slot];
            if (rank == NoRank || _pairs[slot] == pair)
            {
                return rank;
            }
        }
    }

    // Never 0, so that Mix cannot send every small pair to one slot.
    private static ulong Pair(int left, int right) => ((ulong)(uint)(left + 1) << 32) | (uint)(right + 1);
}
