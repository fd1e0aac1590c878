using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Kernels;

public class CpuBackendImagesTests
{
    public static TheoryData<int, int, int, int, int, int, int, int> Geometries => new()
    {
        { 1, 5, 5, 1, 3, 3, 1, 1 },
        { 2, 8, 7, 3, 3, 2, 2, 0 },
        { 3, 11, 9, 17, 5, 5, 2, 2 },
        { 2, 6, 6, 32, 3, 3, 3, 1 },
        { 1, 4, 9, 5, 1, 1, 1, 0 },
        { 1, 7, 7, 2, 2, 2, 3, 0 },
        { 1, 3, 3, 2, 3, 3, 1, 2 },
    };

    [Theory]
    [MemberData(nameof(Geometries))]
    public void Windows_EveryGeometry_AgreeWithTheReference(int batch, int height, int width, int channels, int kernelHeight, int kernelWidth, int stride, int padding)
    {
        var geometry = new WindowGeometry(batch, height, width, channels, kernelHeight, kernelWidth, stride, padding);
        int windowSize = kernelHeight * kernelWidth * channels;
        var kernel = new KernelCase("windows", (backend, o, _) =>
        {
            MatrixView images = o.Shared("images", batch * height * width, channels);
            MatrixView where = o.Indices("where", 1, channels).RowRange(0, geometry.OutputRows);
            backend.Unfold(geometry, images, o.Shared("windows", geometry.OutputRows, windowSize));
            backend.UnfoldBackward(geometry, o.Shared("dWindows", geometry.OutputRows, windowSize), o.Shared("dImages", batch * height * width, channels));
            backend.MaximumPool(geometry, images, o.Shared("pooled", geometry.OutputRows, channels), where);
            backend.MaximumPoolBackward(where, o.Shared("dPooled", geometry.OutputRows, channels), o.Shared("dPooledImages", batch * height * width, channels));
        });
        using var reference = new ReferenceBackend();
        foreach (int threads in (int[])[1, 2, 3])
        {
            foreach (int gap in (int[])[0, 3])
            {
                using CpuBackend backend = CpuBackendTests.Backend(threads);
                using KernelOperands expected = CpuBackendTests.Run(kernel, reference, DType.Float32, geometry.OutputRows, 1, gap);
                using KernelOperands actual = CpuBackendTests.Run(kernel, backend, DType.Float32, geometry.OutputRows, 1, gap);
                CpuBackendTests.AssertSameBits(expected, actual);
            }
        }
    }
}
