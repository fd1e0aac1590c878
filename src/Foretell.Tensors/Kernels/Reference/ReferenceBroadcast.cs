using System.Numerics;

namespace Foretell.Tensors.Kernels.Reference;

/// <summary>Arithmetic between arrays of one shape, where a stride of 0 repeats elements, in plain loops.</summary>
internal static unsafe class ReferenceBroadcast
{
    public static void Combine<T>(BinaryFunction function, StridedView a, StridedView b, StridedView result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T* left = (T*)a.Pointer;
        T* right = (T*)b.Pointer;
        T* destination = (T*)result.Pointer;
        for (int i = 0; i < result.Length(0); i++)
        {
            for (int j = 0; j < result.Length(1); j++)
            {
                for (int k = 0; k < result.Length(2); k++)
                {
                    for (int l = 0; l < result.Length(3); l++)
                    {
                        T x = left[Position(a, i, j, k, l)];
                        T y = right[Position(b, i, j, k, l)];
                        destination[Position(result, i, j, k, l)] = function switch
                        {
                            BinaryFunction.Add => x + y,
                            BinaryFunction.Subtract => x - y,
                            BinaryFunction.Multiply => x * y,
                            _ => x / y,
                        };
                    }
                }
            }
        }
    }

    private static long Position(StridedView x, int i, int j, int k, int l) =>
        i * x.Stride(0) + j * x.Stride(1) + k * x.Stride(2) + l * x.Stride(3);
}
