using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>
/// One key/value head's part of one cached block, in the engine's layout of right operands, so that attention multiplies
/// with it as it lies: the keys are one panel [headSize, 32 keys], the values panels [32 keys, headSize]. A token writes one
/// column of the first and one depth index of the others. The block's first token clears it.
/// </summary>
internal readonly unsafe struct PagedBlock(MatrixEngine engine, int headSize, byte* memory)
{
    private const int Tokens = PagedAttentionPlan.BlockTokens;

    /// <summary>Packed [headSize, 32].</summary>
    public byte* Keys => memory;

    /// <summary>Packed [32, headSize].</summary>
    public byte* Values => memory + KeyBytes(engine, headSize);

    /// <summary>Bytes of a block of all heads.</summary>
    public static long Bytes(MatrixEngine engine, int keyValueHeads, int headSize) => keyValueHeads * HeadBytes(engine, headSize);

    /// <summary>Bytes of one head's part.</summary>
    public static long HeadBytes(MatrixEngine engine, int headSize) => KeyBytes(engine, headSize) + engine.RightBytes(Tokens, headSize);

    /// <summary>Writes tokens [<paramref name="first"/>, first + rows of keys).</summary>
    /// <param name="keys">[tokens, headSize].</param>
    /// <param name="values">[tokens, headSize].</param>
    /// <param name="first">The first's place in the block; at 0 the rest of the block becomes zero.</param>
    public void Write(MatrixView keys, MatrixView values, int first)
    {
        long valuePanelBytes = engine.RightPanelBytes(Tokens);
        if (first == 0)
        {
            engine.PackRight(keys, transposed: true, 0, 1, Keys);
            byte* panel = Values;
            for (int column = 0; column < headSize; column += MatrixEngine.ColumnPanel, panel += valuePanelBytes)
            {
                engine.PackRight(values.Slice(0, values.Rows, column, Math.Min(MatrixEngine.ColumnPanel, headSize - column)), transposed: false, 0, 1, panel);
            }
            return;
        }
        for (int i = 0; i < keys.Rows; i++)
        {
            engine.WriteRightColumn(keys.FloatRow(i), headSize, first + i, Keys);
            engine.WriteRightRow(values.FloatRow(i), headSize, first + i, Values, valuePanelBytes);
        }
    }

    /// <summary>Zeroes the values of tokens from <paramref name="first"/> on: weights of 0 are multiplied with them, and what truncated tokens left may not be finite.</summary>
    public void ClearValues(int first)
    {
        float* zeros = stackalloc float[headSize];
        new Span<float>(zeros, headSize).Clear();
        for (int token = first; token < Tokens; token++)
        {
            engine.WriteRightRow(zeros, headSize, token, Values, engine.RightPanelBytes(Tokens));
        }
    }

    private static long KeyBytes(MatrixEngine engine, int headSize) => engine.RightPanelBytes(headSize);
}
