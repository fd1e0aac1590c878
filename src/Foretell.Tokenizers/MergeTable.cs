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
    private readonly int _mask;

    /// <exception cref="FormatException">A pair is listed twice.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public MergeTable(IReadOnlyCollection<Merge> merges)
    {
        _merges = [.. merges];
        _mask = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, _merges.Length * 2)) - 1;
        _pairs = new ulong[_mask + 1];
        _ranks = new int[_mask + 1];
        Array.Fill(_ranks, NoRank);
        for (int rank = 0; rank < _merges.Length; rank++)
        {
            ulong pair = Pair(_merges[rank].Left, _merges[rank].Right);
            int slot = (int)TokenTable.Mix(pair) & _mask;
            while (_ranks[slot] != NoRank)
            {
                if (_pairs[slot] == pair)
                {
                    throw new FormatException($"Merge {rank + 1} repeats merge {_ranks[slot] + 1}; each pair must be listed once.");
                }
                slot = (slot + 1) & _mask;
            }
            _pairs[slot] = pair;
            _ranks[slot] = rank;
        }
    }

    public ReadOnlySpan<Merge> InOrder => _merges;

    public int Result(int rank) => _merges[rank].Result;

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
