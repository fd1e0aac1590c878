using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Kernels;

public class CpuBackendTests
{
    private static readonly int[] s_columns = [1, 2, 15, 16, 17, 31, 33, 64, 100, 300];

    public static TheoryData<string> CaseNames => [.. KernelTable.All.Select(kernel => kernel.Name)];

    public static TheoryData<string> RowWiseCaseNames => [.. KernelTable.All.Where(kernel => kernel.ByRow).Select(kernel => kernel.Name)];

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Kernel_OddSizesAndGaps_AgreesWithDoublePrecision(string name)
    {
        KernelCase kernel = KernelTable.All.Single(candidate => candidate.Name == name);
        using var backend = Backend(threads: 2);
        using var reference = new ReferenceBackend();
        foreach (int columns in s_columns)
        {
            foreach ((int rows, int gap) in ((int, int)[])[(0, 0), (1, 0), (7, 0), (5, 3)])
            {
                using KernelOperands expected = Run(kernel, reference, DType.Float64, rows, columns, gap);
                using KernelOperands actual = Run(kernel, backend, DType.Float32, rows, columns, gap);
                foreach (string operand in expected.Names)
                {
                    AssertNear(expected.Values(operand), actual.Values(operand), kernel.Tolerance, $"{name} {operand} [{rows}, {columns}] gap {gap}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Kernel_OneTwoOrThreeThreads_GiveTheSameBits(string name)
    {
        KernelCase kernel = KernelTable.All.Single(candidate => candidate.Name == name);
        using var one = Backend(threads: 1);
        foreach (int threads in (int[])[2, 3])
        {
            using var many = Backend(threads);
            foreach ((int rows, int columns, int gap) in ((int, int, int)[])[(1, 100, 0), (9, 33, 0), (40, 300, 5), (3, 5000, 0)])
            {
                using KernelOperands expected = Run(kernel, one, DType.Float32, rows, columns, gap);
                using KernelOperands actual = Run(kernel, many, DType.Float32, rows, columns, gap);
                AssertSameBits(expected, actual);
            }
        }
    }

    [Theory]
    [MemberData(nameof(RowWiseCaseNames))]
    public void Kernel_RowsOneByOne_GiveTheBitsOfAllTogether(string name)
    {
        KernelCase kernel = KernelTable.All.Single(candidate => candidate.Name == name);
        using var backend = Backend(threads: 2);
        foreach (int columns in s_columns)
        {
            using KernelOperands together = Run(kernel, backend, DType.Float32, rows: 11, columns, gap: 1);
            using var apart = new KernelOperands(DType.Float32, gap: 1) { Rows = 11 };
            (int, int)[] parts = [(0, 1), (1, 1), (2, 3), (5, 6)];
            foreach ((int first, int count) in parts)
            {
                apart.FirstRow = first;
                apart.RowCount = count;
                kernel.Call(backend, apart, columns);
            }
            AssertSameBits(together, apart);
        }
    }

    [Fact]
    public void Kernels_NotNumbers_ReachTheResult()
    {
        using var backend = Backend(threads: 1);
        using var operands = new KernelOperands(DType.Float32) { Rows = 2, RowCount = 2 };
        MatrixView x = operands.PerRow("x", 40);
        x.Row<float>(1)[35] = float.NaN;
        MatrixView y = operands.PerRow("y", 40);
        backend.Softmax(x, y);
        Assert.All(y.Row<float>(0).ToArray(), value => Assert.True(float.IsFinite(value)));
        Assert.All(y.Row<float>(1).ToArray(), value => Assert.True(float.IsNaN(value)));
        backend.RowMaximum(x, operands.PerRow("largest", 1), operands.Indices("where", 1));
        Assert.Equal(x.Row<float>(1).ToArray().Where(value => !float.IsNaN(value)).Max(), (float)operands.Values("largest")[1]);
    }

    [Fact]
    public void CrossEntropy_LargestVocabularyAndExtremeLogits_StaysFinite()
    {
        using var backend = Backend(threads: 2);
        using var reference = new ReferenceBackend();
        var kernel = new KernelCase("large", (backend, o, columns) =>
            backend.CrossEntropy(o.PerRow("logits", columns, -1e4, 1e4), o.Indices("targets", columns), o.Weights("weights"), 1, o.PerRow("losses", 1), true));
        using KernelOperands expected = Run(kernel, reference, DType.Float64, 3, 200_003, 0);
        using KernelOperands actual = Run(kernel, backend, DType.Float32, 3, 200_003, 0);
        AssertNear(expected.Values("losses"), actual.Values("losses"), 1e-6, "losses");
        AssertNear(expected.Values("logits"), actual.Values("logits"), 1e-5, "gradient");
    }

    /// <summary>A backend that shares out even the smallest work.</summary>
    internal static CpuBackend Backend(int threads) => new(KernelSet.Portable, threads, DType.Float32, leastParallelElements: 0);

    internal static KernelOperands Run(KernelCase kernel, IBackend backend, DType type, int rows, int columns, int gap)
    {
        var operands = new KernelOperands(type, gap) { Rows = rows, RowCount = rows };
        kernel.Call(backend, operands, columns);
        return operands;
    }

    internal static void AssertNear(double[] expected, double[] actual, double tolerance, string what)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            double allowed = tolerance * Math.Max(1, Math.Abs(expected[i]));
            Assert.True(Math.Abs(expected[i] - actual[i]) <= allowed, $"{what}, element {i}: expected {expected[i]}, was {actual[i]}");
        }
    }

    internal static void AssertSameBits(KernelOperands expected, KernelOperands actual)
    {
        foreach (string operand in expected.Names)
        {
            Assert.Equal(expected.Values(operand), actual.Values(operand));
        }
    }
}
