using System.Runtime.Intrinsics.X86;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// One left panel's products with right blocks that lie anywhere in memory, as the blocks of a key-value cache do: either
/// each block gives further columns of the result, or each continues the sums of the same columns along depth.
/// </summary>
internal unsafe struct BlockProducts
{
    /// <summary>The left panel at the first block's first depth step.</summary>
    public byte* Left;

    /// <summary>Bytes of the left panel from one block to the next; 0 where all blocks have the same depth range.</summary>
    public long LeftBlockBytes;

    /// <summary>Where each block's right panels begin.</summary>
    public byte** Rights;

    /// <summary>Number of blocks.</summary>
    public int Count;

    /// <summary>Entries of <see cref="Rights"/> behind the last block: what will be read next, of the same size, to be fetched meanwhile.</summary>
    public int Following;

    /// <summary>Bytes from one right panel of a block to the next.</summary>
    public long RightPanelBytes;

    /// <summary>Right panels of a block.</summary>
    public int Panels;

    /// <summary>Depth steps of a block.</summary>
    public int Steps;

    /// <summary>Depth steps of the last block.</summary>
    public int LastSteps;

    /// <summary>[rows, columns] singles, whole panels.</summary>
    public float* Result;

    /// <summary>Elements from one block's columns to the next's; 0 where blocks continue the same sums.</summary>
    public int ResultBlock;

    /// <summary>Elements between result rows.</summary>
    public long Stride;

    /// <summary>At most the engine's row panel.</summary>
    public int Rows;

    /// <summary>Blocks from <paramref name="first"/> on that are one operand with equal distances between its panels; at least 1.</summary>
    public readonly int Run(int first)
    {
        int run = 1;
        if (ResultBlock != MatrixEngine.ColumnPanel || Panels > 1 || Steps != LastSteps)
        {
            return run;
        }
        while (first + run < Count && Rights[first + run] - Rights[first + run - 1] == Rights[first + 1] - Rights[first])
        {
            run++;
        }
        return run;
    }

    /// <summary>
    /// Asks for the blocks that come soon after <paramref name="end"/>, all their lines at once: that brings more of them
    /// together than asking line by line within the kernels (half as long again from memory).
    /// </summary>
    /// <param name="fetched">Blocks that have been asked for already, by the one before or as the last call's following ones.</param>
    /// <param name="end">One past the block that is multiplied next.</param>
    /// <param name="mostRows">With more rows than this nothing waits for memory, and nothing is fetched.</param>
    /// <returns>Blocks that have been asked for now.</returns>
    public readonly int Fetch(int fetched, int end, int mostRows)
    {
        int until = Math.Min(end + MatrixEngine.BlocksAhead, Count + Following);
        if (Rows > mostRows || !Sse.IsSupported)
        {
            return until;
        }
        for (int block = Math.Max(fetched, end); block < until; block++)
        {
            byte* line = Rights[block];
            for (byte* last = line + Panels * RightPanelBytes; line < last; line += 64)
            {
                Sse.Prefetch1(line);
            }
        }
        return until;
    }

    /// <summary>Whether blocks after the first continue from what the result holds.</summary>
    public readonly bool Continues => ResultBlock == 0;
}
