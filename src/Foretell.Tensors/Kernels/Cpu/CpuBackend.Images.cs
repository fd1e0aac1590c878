using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>Windows over images: what convolution and pooling stand on.</content>
internal sealed unsafe partial class CpuBackend
{
    public override void Unfold(WindowGeometry geometry, MatrixView images, MatrixView result)
    {
        if (!IsFast(images))
        {
            base.Unfold(geometry, images, result);
            return;
        }
        ForRows(geometry.OutputRows, (long)result.Rows * result.Columns, (start, end) =>
        {
            for (int window = start; window < end; window++)
            {
                UnfoldWindow(geometry, images, window, result.FloatRow(window));
            }
        });
    }

    /// <summary>Each pixel adds up the windows that it lies in, in their order: pixels are independent of one another.</summary>
    public override void UnfoldBackward(WindowGeometry geometry, MatrixView dResult, MatrixView dImages)
    {
        if (!IsFast(dResult))
        {
            base.UnfoldBackward(geometry, dResult, dImages);
            return;
        }
        ForRows(geometry.Batch * geometry.Height, (long)dResult.Rows * dResult.Columns, (start, end) =>
        {
            for (int line = start; line < end; line++)
            {
                for (int x = 0; x < geometry.Width; x++)
                {
                    AddWindowsOf(geometry, dResult, line / geometry.Height, line % geometry.Height, x, dImages.FloatRow(line * geometry.Width + x));
                }
            }
        });
    }

    public override void MaximumPool(WindowGeometry geometry, MatrixView images, MatrixView result, MatrixView where)
    {
        if (!IsFast(images))
        {
            base.MaximumPool(geometry, images, result, where);
            return;
        }
        ForRows(geometry.OutputRows, (long)result.Rows * result.Columns * geometry.KernelHeight * geometry.KernelWidth, (start, end) =>
        {
            for (int window = start; window < end; window++)
            {
                int* pixels = (int*)where.Pointer + window * where.Stride;
                PoolWindow<WholeLanes>(geometry, images, window, result.FloatRow(window), pixels, 0, Lanes.Whole(geometry.Channels));
                PoolWindow<PartOfLanes>(geometry, images, window, result.FloatRow(window), pixels, Lanes.Whole(geometry.Channels), geometry.Channels);
            }
        });
    }

    public override void MaximumPoolBackward(MatrixView where, MatrixView dResult, MatrixView dImages)
    {
        if (!IsFast(dResult))
        {
            base.MaximumPoolBackward(where, dResult, dImages);
            return;
        }
        ForColumns(dResult.Columns, (long)dResult.Rows * dResult.Columns, (start, end) =>
        {
            float* images = (float*)dImages.Pointer;
            for (int row = 0; row < dResult.Rows; row++)
            {
                int* pixels = (int*)where.Pointer + row * where.Stride;
                float* gradients = dResult.FloatRow(row);
                for (int column = start; column < end; column++)
                {
                    if (pixels[column] >= 0)
                    {
                        images[pixels[column] * dImages.Stride + column] += gradients[column];
                    }
                }
            }
        });
    }

    private static void UnfoldWindow(WindowGeometry geometry, MatrixView images, int window, float* result)
    {
        var place = new WindowPlace(geometry, window);
        int channels = geometry.Channels;
        // Pixels of a line lie behind one another when rows have no gaps: one copy a line of the window, else one a pixel.
        bool runs = images.Stride == channels;
        int left = Math.Clamp(-place.X, 0, geometry.KernelWidth);
        int right = Math.Clamp(geometry.Width - place.X, left, geometry.KernelWidth);
        for (int ky = 0; ky < geometry.KernelHeight; ky++, result += geometry.KernelWidth * channels)
        {
            int y = place.Y + ky;
            if (y < 0 || y >= geometry.Height)
            {
                new Span<float>(result, geometry.KernelWidth * channels).Clear();
                continue;
            }
            int pixel = (place.Image * geometry.Height + y) * geometry.Width + place.X;
            new Span<float>(result, left * channels).Clear();
            if (runs)
            {
                new Span<float>(images.FloatRow(pixel + left), (right - left) * channels).CopyTo(new Span<float>(result + left * channels, (right - left) * channels));
            }
            for (int kx = left; kx < right && !runs; kx++)
            {
                images.Row<float>(pixel + kx).CopyTo(new Span<float>(result + kx * channels, channels));
            }
            new Span<float>(result + right * channels, (geometry.KernelWidth - right) * channels).Clear();
        }
    }

    private static void AddWindowsOf(WindowGeometry geometry, MatrixView dResult, int image, int y, int x, float* dPixel)
    {
        (int firstY, int endY) = WindowsOver(y, geometry.Padding, geometry.KernelHeight, geometry.Stride, geometry.OutputHeight);
        (int firstX, int endX) = WindowsOver(x, geometry.Padding, geometry.KernelWidth, geometry.Stride, geometry.OutputWidth);
        for (int windowY = firstY; windowY < endY; windowY++)
        {
            for (int windowX = firstX; windowX < endX; windowX++)
            {
                int window = (image * geometry.OutputHeight + windowY) * geometry.OutputWidth + windowX;
                int place = (y + geometry.Padding - windowY * geometry.Stride) * geometry.KernelWidth + x + geometry.Padding - windowX * geometry.Stride;
                AddRow(dResult.FloatRow(window) + (long)place * geometry.Channels, dPixel, geometry.Channels);
            }
        }
    }

    /// <summary>The windows along one axis that cover a pixel.</summary>
    private static (int First, int End) WindowsOver(int pixel, int padding, int kernel, int stride, int windows)
    {
        int padded = pixel + padding;
        int first = padded < kernel ? 0 : (padded - kernel) / stride + 1;
        return (first, Math.Min(windows, padded / stride + 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PoolWindow<TLanes>(WindowGeometry geometry, MatrixView images, int window, float* result, int* where, int firstChannel, int endChannel)
        where TLanes : struct, ILanes
    {
        var place = new WindowPlace(geometry, window);
        int top = Math.Max(place.Y, 0);
        int bottom = Math.Min(place.Y + geometry.KernelHeight, geometry.Height);
        int left = Math.Max(place.X, 0);
        int right = Math.Min(place.X + geometry.KernelWidth, geometry.Width);
        for (int c = firstChannel; c < endChannel; c += Lanes.Count)
        {
            int count = endChannel - c;
            Vector512<float> largest = Vector512.Create(float.NegativeInfinity);
            Vector512<int> pixels = Vector512.Create(-1);
            for (int y = top; y < bottom; y++)
            {
                for (int x = left; x < right; x++)
                {
                    int pixel = (place.Image * geometry.Height + y) * geometry.Width + x;
                    Vector512<float> value = TLanes.Load(images.FloatRow(pixel) + c, count);
                    Vector512<int> wins = Vector512.GreaterThan(value, largest).AsInt32() | Vector512.LessThan(pixels, Vector512<int>.Zero);
                    largest = Vector512.ConditionalSelect(wins.AsSingle(), value, largest);
                    pixels = Vector512.ConditionalSelect(wins, Vector512.Create(pixel), pixels);
                }
            }
            TLanes.Store(largest, result + c, count);
            TLanes.Store(pixels.AsSingle(), (float*)where + c, count);
        }
    }

    /// <summary>A window's image and its upper left corner, which padding may put outside.</summary>
    private readonly struct WindowPlace(WindowGeometry geometry, int window)
    {
        public int Image { get; } = window / geometry.OutputWidth / geometry.OutputHeight;

        public int Y { get; } = window / geometry.OutputWidth % geometry.OutputHeight * geometry.Stride - geometry.Padding;

        public int X { get; } = window % geometry.OutputWidth * geometry.Stride - geometry.Padding;
    }
}
