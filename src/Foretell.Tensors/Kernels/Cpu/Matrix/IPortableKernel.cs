namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// The portable engine's inner loops for one vector width. Left panels are [depth, <see cref="PortableEngine.LeftWidth"/>],
/// right panels [depth, <see cref="MatrixEngine.ColumnPanel"/>]; every element is fused-multiply-added over depth in order.
/// </summary>
internal unsafe interface IPortableKernel
{
    /// <summary>Rows of a block; divides the left panel's width.</summary>
    static abstract int BlockRows { get; }

    /// <summary>Columns of a block; divides the right panel's width.</summary>
    static abstract int BlockColumns { get; }

    /// <summary>Right panels that <see cref="RowOfStreams"/> reads at once.</summary>
    static abstract int Streams { get; }

    /// <summary>[BlockRows, BlockColumns] of the result.</summary>
    static abstract void Block(float* left, float* right, float* result, long stride, long depth, bool accumulate);

    /// <summary>One row by one right panel.</summary>
    static abstract void Row(float* left, float* right, long rightStream, float* result, long resultStream, long depth, bool accumulate);

    /// <summary>
    /// One row by several right panels, <paramref name="rightStream"/> elements apart: memory delivers more when it is read
    /// in several places at once.
    /// </summary>
    static abstract void RowOfStreams(float* left, float* right, long rightStream, float* result, long resultStream, long depth, bool accumulate);
}
