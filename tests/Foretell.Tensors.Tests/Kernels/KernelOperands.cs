using System.Runtime.InteropServices;
using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Tests.Kernels;

/// <summary>
/// The operands of one kernel call, made on first use from seeded random numbers and kept by name, so that the same call
/// can be run over all rows at once or over a few at a time, in single or double precision, and its results compared.
/// </summary>
internal sealed unsafe class KernelOperands(DType type, int gap = 0) : IDisposable
{
    private readonly Dictionary<string, Operand> _operands = [];

    /// <summary>First row of the part that a call sees.</summary>
    public int FirstRow { get; set; }

    /// <summary>Rows of the part that a call sees.</summary>
    public int RowCount { get; set; }

    /// <summary>All rows.</summary>
    public required int Rows { get; init; }

    public IEnumerable<string> Names => _operands.Keys;

    /// <summary>A matrix with a row for each of the call's rows, uniform in [low, high].</summary>
    public MatrixView PerRow(string name, int columns, double low = -2, double high = 2) =>
        Shared(name, Rows, columns, low, high).RowRange(FirstRow, RowCount);

    /// <summary>A matrix that all rows share.</summary>
    public MatrixView Shared(string name, int rows, int columns, double low = -2, double high = 2) =>
        Get(name, rows, columns, type, random => low + (high - low) * random.NextDouble());

    /// <summary>Singles whatever the type under test, as tables and weights are.</summary>
    public MatrixView SharedFloats(string name, int rows, int columns, double low = -1, double high = 1) =>
        Get(name, rows, columns, DType.Float32, random => low + (high - low) * random.NextDouble());

    /// <summary>Integers in [0, limit) for each row.</summary>
    public MatrixView Indices(string name, int limit, int columns = 1) =>
        Get(name, Rows, columns, DType.Int32, random => random.NextInt(limit)).RowRange(FirstRow, RowCount);

    /// <summary>Weights for each row, some of them zero.</summary>
    public MatrixView Weights(string name) =>
        Get(name, Rows, 1, DType.Float32, random => random.NextInt(4) == 0 ? 0 : random.NextDouble()).RowRange(FirstRow, RowCount);

    /// <summary>A strided view of fresh numbers: lengths of the axes, outermost first, and the order in which they lie in memory; the axes in <paramref name="repeated"/> have stride 0.</summary>
    public StridedView Strided(string name, int[] lengths, int[] order, params int[] repeated)
    {
        long[] strides = new long[lengths.Length];
        long stride = 1;
        for (int i = order.Length - 1; i >= 0; i--)
        {
            if (!repeated.Contains(order[i]))
            {
                strides[order[i]] = stride;
                stride *= lengths[order[i]];
                stride += gap;
            }
        }
        MatrixView flat = Shared(name, 1, (int)stride, 0.5, 2);
        return new StridedView(flat.Pointer, flat.Type, Shape.Create(lengths), strides);
    }

    /// <summary>An operand's elements, gaps included.</summary>
    public double[] Values(string name)
    {
        Operand operand = _operands[name];
        double[] values = new double[operand.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = operand.Type switch
            {
                DType.Float32 => ((float*)operand.Pointer)[i],
                DType.Float64 => ((double*)operand.Pointer)[i],
                _ => ((int*)operand.Pointer)[i],
            };
        }
        return values;
    }

    public void Dispose()
    {
        foreach (Operand operand in _operands.Values)
        {
            NativeMemory.Free((void*)operand.Pointer);
        }
        _operands.Clear();
    }

    private MatrixView Get(string name, int rows, int columns, DType elementType, Func<SeededRandom, double> draw)
    {
        int stride = columns + gap;
        if (!_operands.TryGetValue(name, out Operand? operand))
        {
            int count = Math.Max(1, rows * stride);
            operand = new Operand((nint)NativeMemory.Alloc((nuint)count * 8), elementType, count);
            for (int i = 0; i < count; i++)
            {
                // Rounded to single precision, so that both precisions start from the same numbers.
                float value = (float)draw(new SeededRandom(7).Fork(name, i));
                switch (elementType)
                {
                    case DType.Float32:
                        ((float*)operand.Pointer)[i] = value;
                        break;
                    case DType.Float64:
                        ((double*)operand.Pointer)[i] = value;
                        break;
                    default:
                        ((int*)operand.Pointer)[i] = (int)value;
                        break;
                }
            }
            _operands.Add(name, operand);
        }
        return new MatrixView((void*)operand.Pointer, elementType, rows, columns, stride);
    }

    private sealed record Operand(nint Pointer, DType Type, int Count);
}
