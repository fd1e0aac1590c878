namespace Foretell.Tensors.Kernels;

/// <summary>A matrix of known element type, for plain loops.</summary>
internal readonly unsafe struct Rows<T>(MatrixView view)
    where T : unmanaged
{
    private readonly T* _pointer = (T*)view.Pointer;
    private readonly long _stride = view.Stride;

    public int Count { get; } = view.Rows;

    public int Columns { get; } = view.Columns;

    public bool IsNone => _pointer == null;

    public ref T this[int row, int column] => ref _pointer[row * _stride + column];
}

/// <summary>Copies and sums over any strides, in plain loops; also what tensors read themselves out with.</summary>
internal static unsafe class PlainCopy
{
    public static void Run(StridedView x, StridedView result, bool accumulate, double scale = 1)
    {
        for (int a = 0; a < x.Length(0); a++)
        {
            for (int b = 0; b < x.Length(1); b++)
            {
                for (int c = 0; c < x.Length(2); c++)
                {
                    long from = a * x.Stride(0) + b * x.Stride(1) + c * x.Stride(2);
                    long to = a * result.Stride(0) + b * result.Stride(1) + c * result.Stride(2);
                    for (int d = 0; d < x.Length(3); d++, from += x.Stride(3), to += result.Stride(3))
                    {
                        double value = scale * Load(x.Pointer, x.Type, from);
                        Store(result.Pointer, result.Type, to, accumulate ? Load(result.Pointer, result.Type, to) + value : value);
                    }
                }
            }
        }
    }

    public static double Load(void* pointer, DType type, long index) => type switch
    {
        DType.Float32 => ((float*)pointer)[index],
        DType.Float64 => ((double*)pointer)[index],
        DType.BFloat16 => BFloat16Bits.ToSingle(((ushort*)pointer)[index]),
        DType.Float16 => (double)((Half*)pointer)[index],
        _ => ((int*)pointer)[index],
    };

    private static void Store(void* pointer, DType type, long index, double value)
    {
        switch (type)
        {
            case DType.Float32:
                ((float*)pointer)[index] = (float)value;
                break;
            case DType.Float64:
                ((double*)pointer)[index] = value;
                break;
            case DType.BFloat16:
                ((ushort*)pointer)[index] = BFloat16Bits.From((float)value);
                break;
            case DType.Float16:
                ((Half*)pointer)[index] = (Half)value;
                break;
            default:
                ((int*)pointer)[index] = (int)value;
                break;
        }
    }
}
