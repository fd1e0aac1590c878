using System.Numerics;

namespace Foretell.Tensors.Kernels.Reference;

/// <summary>Windows over images, in plain loops: what convolution (as a matrix product over unfolded windows) and pooling stand on.</summary>
internal static class ReferenceImages
{
    public static void Unfold<T>(WindowGeometry geometry, Rows<T> images, Rows<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Visit(geometry, (window, pixel, place) =>
        {
            for (int c = 0; c < geometry.Channels; c++)
            {
                result[window, place * geometry.Channels + c] = pixel < 0 ? T.Zero : images[pixel, c];
            }
        });

    public static void UnfoldBackward<T>(WindowGeometry geometry, Rows<T> dResult, Rows<T> dImages)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Visit(geometry, (window, pixel, place) =>
        {
            for (int c = 0; pixel >= 0 && c < geometry.Channels; c++)
            {
                dImages[pixel, c] += dResult[window, place * geometry.Channels + c];
            }
        });

    public static void MaximumPool<T>(WindowGeometry geometry, Rows<T> images, Rows<T> result, Rows<int> where)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int r = 0; r < result.Count; r++)
        {
            for (int c = 0; c < geometry.Channels; c++)
            {
                result[r, c] = T.NegativeInfinity;
                where[r, c] = -1;
            }
        }
        Visit(geometry, (window, pixel, _) =>
        {
            for (int c = 0; pixel >= 0 && c < geometry.Channels; c++)
            {
                if (where[window, c] < 0 || images[pixel, c] > result[window, c])
                {
                    result[window, c] = images[pixel, c];
                    where[window, c] = pixel;
                }
            }
        });
    }

    public static void MaximumPoolBackward<T>(Rows<int> where, Rows<T> dResult, Rows<T> dImages)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int r = 0; r < dResult.Count; r++)
        {
            for (int c = 0; c < dResult.Columns; c++)
            {
                if (where[r, c] >= 0)
                {
                    dImages[where[r, c], c] += dResult[r, c];
                }
            }
        }
    }

    /// <summary>Calls <paramref name="visit"/>(window row, pixel row or -1 outside, place within the window) in row-major order.</summary>
    private static void Visit(WindowGeometry g, Action<int, int, int> visit)
    {
        for (int window = 0; window < g.OutputRows; window++)
        {
            int x = window % g.OutputWidth;
            int y = window / g.OutputWidth % g.OutputHeight;
            int image = window / g.OutputWidth / g.OutputHeight;
            for (int place = 0; place < g.KernelHeight * g.KernelWidth; place++)
            {
                int pixelY = y * g.Stride - g.Padding + place / g.KernelWidth;
                int pixelX = x * g.Stride - g.Padding + place % g.KernelWidth;
                bool inside = pixelY >= 0 && pixelY < g.Height && pixelX >= 0 && pixelX < g.Width;
                visit(window, inside ? (image * g.Height + pixelY) * g.Width + pixelX : -1, place);
            }
        }
    }
}
