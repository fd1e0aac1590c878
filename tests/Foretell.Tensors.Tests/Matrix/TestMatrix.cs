using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Tests.Matrix;

/// <summary>A matrix in native memory whose rows are followed by padding that nobody may read or write: it holds NaN.</summary>
internal sealed unsafe class TestMatrix : IDisposable
{
    private readonly AlignedMemory _memory;

    public TestMatrix(int rows, int columns, DType type = DType.Float32, int padding = 3)
    {
        Rows = rows;
        Columns = columns;
        Type = type;
        Stride = columns + padding;
        _memory = new AlignedMemory((rows * Stride + 1) * type.Size());
        for (long i = 0; i <= rows * Stride; i++)
        {
            Write(i, float.NaN);
        }
        // A view need not be aligned.
        View = new MatrixView(_memory.Pointer + type.Size(), type, rows, columns, Stride);
    }

    public int Rows { get; }

    public int Columns { get; }

    public DType Type { get; }

    public long Stride { get; }

    public MatrixView View { get; }

    public float this[int row, int column]
    {
        get => Read(1 + row * Stride + column);
        set => Write(1 + row * Stride + column, value);
    }

    public static TestMatrix Random(int rows, int columns, DType type, int seed, int padding = 3)
    {
        var matrix = new TestMatrix(rows, columns, type, padding);
        uint state = (uint)seed * 2654435761u + 1;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                matrix[row, column] = (int)state * (1f / (1u << 31));
            }
        }
        return matrix;
    }

    /// <summary>Fails when an element of the padding is no longer the NaN that was put there.</summary>
    public void AssertPaddingUntouched()
    {
        Assert.True(float.IsNaN(Read(0)), "the element before the matrix was written");
        for (int row = 0; row < Rows; row++)
        {
            for (long column = Columns; column < Stride; column++)
            {
                if (!float.IsNaN(Read(1 + row * Stride + column)))
                {
                    Assert.Fail($"row {row}: the padding at column {column} was written");
                }
            }
        }
    }

    public void Dispose() => _memory.Dispose();

    private float Read(long index) => Type == DType.Float32
        ? ((float*)_memory.Pointer)[index]
        : BFloat16Conversion.Widen(((ushort*)_memory.Pointer)[index]);

    private void Write(long index, float value)
    {
        if (Type == DType.Float32)
        {
            ((float*)_memory.Pointer)[index] = value;
        }
        else
        {
            ((ushort*)_memory.Pointer)[index] = BFloat16Conversion.Round(value);
        }
    }
}
