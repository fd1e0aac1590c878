using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Kernels;

public class CpuBackendUpdatesTests
{
    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(3, 33, 0)]
    [InlineData(5, 100, 3)]
    [InlineData(2, 9000, 0)]
    public void AdamW_ManySteps_AgreesWithTheReferenceOnAnyThreads(int rows, int columns, int gap)
    {
        var kernel = new KernelCase("AdamW", (backend, o, columns) =>
        {
            for (int t = 1; t <= 5; t++)
            {
                var step = new AdamWStep(1e-2f, 0.9f, 0.95f, 1e-8f, 1e-3f, 1 - MathF.Pow(0.9f, t), 1 - MathF.Pow(0.95f, t), 0.5f);
                backend.AdamW(step, o.PerRow("parameter", columns), o.PerRow($"gradient {t}", columns), o.PerRow("first", columns), o.PerRow("second", columns, 0, 1));
            }
        });
        using var reference = new ReferenceBackend();
        using CpuBackend one = CpuBackendTests.Backend(1);
        using CpuBackend three = CpuBackendTests.Backend(3);
        using KernelOperands expected = CpuBackendTests.Run(kernel, reference, DType.Float32, rows, columns, gap);
        using KernelOperands actual = CpuBackendTests.Run(kernel, one, DType.Float32, rows, columns, gap);
        using KernelOperands parallel = CpuBackendTests.Run(kernel, three, DType.Float32, rows, columns, gap);
        foreach (string name in expected.Names)
        {
            CpuBackendTests.AssertNear(expected.Values(name), actual.Values(name), 2e-6, name);
        }
        CpuBackendTests.AssertSameBits(actual, parallel);
    }

    [Theory]
    [InlineData(0, 5, 0)]
    [InlineData(3, 33, 0)]
    [InlineData(3, 5000, 7)]
    [InlineData(2, 50_000, 0)]
    public void SquaredNorm_AnyThreadsAndShape_GivesTheSameBits(int rows, int columns, int gap)
    {
        using var reference = new ReferenceBackend();
        using var o = new KernelOperands(DType.Float32, gap) { Rows = rows, RowCount = rows };
        MatrixView x = o.PerRow("x", columns);
        double[] norms = [.. new[] { 1, 2, 3 }.Select(threads =>
        {
            using CpuBackend backend = CpuBackendTests.Backend(threads);
            return backend.SquaredNorm(x);
        })];
        Assert.Equal(reference.SquaredNorm(x), norms[0], 1e-12 * norms[0]);
        Assert.Equal(norms[0], norms[1]);
        Assert.Equal(norms[0], norms[2]);
    }
}
