using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Kernels;

/// <summary>Arithmetic, copies and sums over strides of every kind.</summary>
public class CpuBackendShapesTests
{
    private static readonly int[][] s_shapes =
    [
        [1], [7], [16], [5000], [3, 5], [1, 40], [40, 1], [33, 17], [2, 3, 4], [3, 1, 20], [4, 33, 1, 18], [2, 3, 5, 7], [3, 0, 4],
    ];

    [Fact]
    public void Combine_EveryBroadcast_AgreesWithDoublePrecision() => ForShapes((lengths, order, repeated) =>
    {
        foreach (BinaryFunction function in Enum.GetValues<BinaryFunction>())
        {
            Check($"{function} {Text(lengths)} order {Text(order)} repeated {Text(repeated)}", (backend, o) =>
            {
                int[] plain = [.. Enumerable.Range(0, lengths.Length)];
                backend.Combine(function, o.Strided("a", lengths, order, repeated), o.Strided("b", lengths, plain), o.Strided("y", lengths, plain));
                backend.Combine(function, o.Strided("c", lengths, plain), o.Strided("a", lengths, order, repeated), o.Strided("z", lengths, order));
            });
        }
    });

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(-0.37f, false)]
    [InlineData(-0.37f, true)]
    public void Copy_EveryLayout_AgreesWithDoublePrecision(float scale, bool accumulate) => ForShapes((lengths, order, repeated) =>
        Check($"{Text(lengths)} order {Text(order)} repeated {Text(repeated)}", (backend, o) =>
        {
            int[] plain = [.. Enumerable.Range(0, lengths.Length)];
            backend.Copy(o.Strided("x", lengths, order, repeated), o.Strided("y", lengths, plain), scale, accumulate);
            backend.Copy(o.Strided("w", lengths, plain), o.Strided("z", lengths, order), scale, accumulate);
        }));

    [Fact]
    public void AddReduced_EveryChoiceOfAxes_AgreesWithDoublePrecision() => ForShapes((lengths, order, repeated) =>
        Check($"{Text(lengths)} order {Text(order)} summed {Text(repeated)}", (backend, o) =>
        {
            int[] plain = [.. Enumerable.Range(0, lengths.Length)];
            backend.AddReduced(o.Strided("x", lengths, plain), o.Strided("y", lengths, order, repeated));
            backend.AddReduced(o.Strided("w", lengths, order), o.Strided("z", lengths, plain, repeated));
        }));

    [Fact]
    public void AddReduced_LongSum_KeepsItsPrecisionAndBits()
    {
        float[] bits = [.. new[] { 1, 2, 3 }.Select(threads =>
        {
            using CpuBackend backend = CpuBackendTests.Backend(threads);
            using var o = new KernelOperands(DType.Float32) { Rows = 1, RowCount = 1 };
            StridedView sum = o.Strided("sum", [1], [0]);
            backend.Copy(sum, sum, 0, false);
            backend.AddReduced(o.Strided("x", [300_001], [0]), o.Strided("sum", [300_001], [0], 0));
            Assert.Equal(o.Values("x").Sum(), o.Values("sum")[0], o.Values("x").Sum() * 1e-6);
            return (float)o.Values("sum")[0];
        })];
        Assert.Equal(bits[0], bits[1]);
        Assert.Equal(bits[0], bits[2]);
    }

    [Fact]
    public unsafe void Copy_BetweenTypes_RoundsAsBFloat16Does()
    {
        using var device = new Device(CpuBackendTests.Backend(2));
        using var scope = new TensorScope(device);
        float[] values = [.. Enumerable.Range(0, 101).Select(i => (float)(new SeededRandom(3).Fork("value", i).NextNormal() * 100)), float.NaN, float.PositiveInfinity, 0];
        Tensor singles = scope.From(values, [values.Length]);
        Tensor halves = scope.Empty([values.Length], DType.BFloat16);
        Tensor back = scope.Empty([values.Length]);
        device.Backend.Copy(singles.Strided(), halves.Strided(), 1, false);
        device.Backend.Copy(halves.Strided(), back.Strided(), 1, false);
        Assert.Equal(values.Select(BFloat16Bits.From), halves.Span<ushort>().ToArray());
        Assert.Equal(values.Select(value => BFloat16Bits.ToSingle(BFloat16Bits.From(value))), back.ToArray());
        Tensor ids = scope.From([4, 5, 6], [3]);
        Tensor copy = scope.Empty([3], DType.Int32);
        device.Backend.Copy(ids.Strided(), copy.Strided(), 1, false);
        Assert.Equal([4, 5, 6], copy.Span<int>().ToArray());
        Tensor table = scope.Empty([1, values.Length], DType.BFloat16);
        device.Backend.Copy(singles.Strided(), table.Reshaped([values.Length]).Strided(), 1, false);
        Tensor looked = scope.Empty([2, values.Length]);
        table.TryRows(out MatrixView rows);
        looked.TryRows(out MatrixView found);
        scope.From([0, 0], [2, 1]).TryRows(out MatrixView wanted);
        device.Backend.Embedding(wanted, rows, found);
        Assert.Equal(back.ToArray(), looked.ToArray()[values.Length..]);
    }

    /// <summary>Every shape in every order of two axes exchanged, with every choice of repeated axes.</summary>
    private static void ForShapes(Action<int[], int[], int[]> check)
    {
        foreach (int[] lengths in s_shapes)
        {
            int rank = lengths.Length;
            for (int swap = 0; swap < rank; swap++)
            {
                int[] order = [.. Enumerable.Range(0, rank)];
                (order[swap], order[rank - 1]) = (order[rank - 1], order[swap]);
                for (int mask = 0; mask < 1 << rank; mask++)
                {
                    check(lengths, order, [.. Enumerable.Range(0, rank).Where(axis => (mask >> axis & 1) == 1)]);
                }
            }
        }
    }

    private static void Check(string what, Action<IBackend, KernelOperands> call)
    {
        var kernel = new KernelCase(what, (backend, o, _) => call(backend, o));
        using var reference = new ReferenceBackend();
        using CpuBackend one = CpuBackendTests.Backend(1);
        using CpuBackend two = CpuBackendTests.Backend(2);
        foreach (int gap in (int[])[0, 2])
        {
            using KernelOperands expected = CpuBackendTests.Run(kernel, reference, DType.Float64, 1, 1, gap);
            using KernelOperands actual = CpuBackendTests.Run(kernel, one, DType.Float32, 1, 1, gap);
            using KernelOperands parallel = CpuBackendTests.Run(kernel, two, DType.Float32, 1, 1, gap);
            foreach (string name in expected.Names)
            {
                CpuBackendTests.AssertNear(expected.Values(name), actual.Values(name), 5e-6, $"{what} gap {gap} {name}");
            }
            CpuBackendTests.AssertSameBits(actual, parallel);
        }
    }

    private static string Text(int[] numbers) => $"[{string.Join(", ", numbers)}]";
}
