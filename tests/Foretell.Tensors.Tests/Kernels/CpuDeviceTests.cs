using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Kernels;

public class CpuDeviceTests
{
    public static TheoryData<string, DType> KernelsAndPrecisions =>
        [.. CpuDevice.AvailableKernels.SelectMany(kernels => new (string, DType)[] { (kernels, DType.Float32), (kernels, DType.BFloat16) })];

    [Fact]
    public void Create_KernelsNamedOrNot_SaysWhatBitsDependOn()
    {
        using Device portable = CpuDevice.Create("portable", threads: 2);
        Assert.Equal("portable float32", portable.Name);
        Assert.Equal("portable float32, 2 threads", portable.Description);
        using Device rounded = CpuDevice.Create("portable", threads: 1, DType.BFloat16);
        Assert.Equal("portable rounded bfloat16, 1 thread", rounded.Description);
        using Device fastest = CpuDevice.Create();
        Assert.StartsWith(CpuDevice.AvailableKernels[^1], fastest.Name, StringComparison.Ordinal);
        ArgumentException unknown = Assert.Throws<ArgumentException>(() => CpuDevice.Create("neon9"));
        Assert.Contains("portable", unknown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(KernelsAndPrecisions))]
    public void Multiply_KeptWeight_FollowsTheWeightsChanges(string kernels, DType precision)
    {
        using Device device = CpuDevice.Create(kernels, threads: 2, precision);
        using var plain = new ReferenceBackend(precision);
        using var scope = new TensorScope(device);
        Tensor weight = Random(scope, "weight", 37, 45);
        weight.Storage.IsPersistent = true;
        Tensor bias = Random(scope, "bias", 1, 37);
        foreach ((int round, float scale) in ((int, float)[])[(0, 1), (1, 0.5f), (2, 0.25f)])
        {
            if (round > 0)
            {
                weight.CopyFrom([.. weight.ToArray().Select(value => value * scale)]);
            }
            Tensor x = Random(scope, $"x {round}", 19, 45);
            Tensor dy = Random(scope, $"dy {round}", 19, 37);
            AssertProduct(scope, device.Backend, plain, x, false, weight, true, bias, 19, 37, accumulate: false);
            AssertProduct(scope, device.Backend, plain, x, false, weight, true, bias, 19, 37, accumulate: true);
            AssertProduct(scope, device.Backend, plain, dy, false, weight, false, null, 19, 45, accumulate: true);
            AssertProduct(scope, device.Backend, plain, dy, true, x, false, null, 37, 45, accumulate: true);
        }
    }

    private static void AssertProduct(TensorScope scope, IBackend backend, IBackend plain, Tensor left, bool leftTransposed, Tensor right, bool rightTransposed, Tensor? bias, int rows, int columns, bool accumulate)
    {
        Storage? owner = right.Storage.IsPersistent ? right.Storage : null;
        MatrixView shift = bias is null ? MatrixView.None : Rows(bias);
        Tensor actual = Random(scope, "result", rows, columns);
        Tensor expected = Random(scope, "result", rows, columns);
        backend.Multiply(Rows(left), leftTransposed, Rows(right), rightTransposed, owner, shift, Rows(actual), accumulate);
        plain.Multiply(Rows(left), leftTransposed, Rows(right), rightTransposed, null, shift, Rows(expected), accumulate);
        CpuBackendTests.AssertNear([.. expected.ToArray()], [.. actual.ToArray()], 2e-6 * 45, $"product accumulate {accumulate}");
    }

    private static Tensor Random(TensorScope scope, string name, int rows, int columns) =>
        scope.From([.. Enumerable.Range(0, rows * columns).Select(i => (float)(new SeededRandom(5).Fork(name, i).NextDouble() * 2 - 1))], [rows, columns]);

    private static MatrixView Rows(Tensor tensor)
    {
        tensor.TryRows(out MatrixView rows);
        return rows;
    }
}
