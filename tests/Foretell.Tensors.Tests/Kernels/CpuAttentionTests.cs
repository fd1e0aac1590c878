using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Cpu.Attention;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Tests.Matrix;

namespace Foretell.Tensors.Tests.Kernels;

public class CpuAttentionTests
{
    public static TheoryData<string> Engines => TestEngines.Names;

    /// <summary>The interpreter takes a second for what the others do in a millisecond.</summary>
    public static TheoryData<string> QuickEngines => [.. TestEngines.Names.Select(row => (string)row.Data).Where(name => !name.Contains("interpreted"))];

    public static TheoryData<string, int, int, int> Shapes
    {
        get
        {
            TheoryData<string, int, int, int> shapes = [];
            foreach (string engine in QuickEngines.Select(row => (string)row.Data))
            {
                foreach ((int heads, int keyValueHeads, int headSize) in ((int, int, int)[])[(2, 2, 8), (3, 1, 12), (4, 2, 16), (1, 1, 1), (2, 1, 33), (2, 2, 64), (2, 2, 128)])
                {
                    shapes.Add(engine, heads, keyValueHeads, headSize);
                }
            }
            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Attention_SegmentsOfManyLengths_AgreesWithDoublePrecision(string name, int heads, int keyValueHeads, int headSize)
    {
        MatrixEngine engine = TestEngines.Create(name);
        using var operands = new AttentionCase(AttentionCase.Causal(heads, keyValueHeads, headSize, AttentionCase.Packed(1, 77, 0, 2, 33, 64, 140)), headSize);
        AssertAgrees(operands, engine, threads: 2);
    }

    [Fact]
    public void Attention_InterpretedTiles_AgreesWithDoublePrecision()
    {
        MatrixEngine engine = TestEngines.Create("interpreted amx bfloat16");
        using var operands = new AttentionCase(AttentionCase.Causal(2, 1, 40, AttentionCase.Packed(5, 70)), 3);
        AssertAgrees(operands, engine, threads: 2);
    }

    [Theory]
    [MemberData(nameof(QuickEngines))]
    public void Attention_CachedKeys_AgreesWithDoublePrecision(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        AttentionPlan plan = AttentionCase.Causal(6, 2, 16, new AttentionSegment(0, 1, 0, 200), new AttentionSegment(200, 70, 200, 150), new AttentionSegment(360, 3, 351, 20));
        using var operands = new AttentionCase(plan);
        AssertAgrees(operands, engine, threads: 3);
    }

    [Theory]
    [MemberData(nameof(QuickEngines))]
    public void Attention_LargeScores_StaysFinite(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        using var operands = new AttentionCase(AttentionCase.Causal(2, 2, 16, AttentionCase.Packed(90)), scale: 100);
        operands.Forward(engine, 1);
        operands.Backward(engine, 1);
        float largest = 0;
        for (int row = 0; row < operands.Rows; row++)
        {
            for (int head = 0; head < 2; head++)
            {
                largest = Math.Max(largest, Math.Abs(operands.LogSumExp[row, head]));
            }
            for (int column = 0; column < 32; column++)
            {
                Assert.InRange(operands.Result[row, column], -1.01f, 1.01f);
                Assert.True(float.IsFinite(operands.DQ[row, column]) && float.IsFinite(operands.DK[row, column]) && float.IsFinite(operands.DV[row, column]), $"row {row}");
            }
        }
        Assert.True(largest > 5000, $"the largest score was only {largest}");
    }

    [Theory]
    [MemberData(nameof(QuickEngines))]
    public void Forward_QueriesOneByOneOrInPieces_GivesTheBitsOfTheWholeSequence(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        const int length = 150;
        foreach ((int heads, int keyValueHeads, int headSize) in ((int, int, int)[])[(4, 2, 16), (3, 3, 12), (12, 1, 64)])
        {
            using var whole = new AttentionCase(AttentionCase.Causal(heads, keyValueHeads, headSize, AttentionCase.Packed(length)), headSize, 3);
            using var pieces = new AttentionCase(whole.Plan, headSize, 3);
            whole.Forward(engine, 1);
            foreach (int step in (int[])[1, 3, 40])
            {
                using var pool = new WorkerPool(2);
                var attention = new CausalAttention(engine, pool, leastParallelWork: 0);
                for (int start = 0; start < length; start += step)
                {
                    int count = Math.Min(step, length - start);
                    pieces.Forward(attention, whole.Plan with { Segments = [new AttentionSegment(start, count, 0, start + count)] });
                }
                AssertSameBits(whole.Result, pieces.Result, $"result in steps of {step}");
                AssertSameBits(whole.LogSumExp, pieces.LogSumExp, $"logSumExp in steps of {step}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(QuickEngines))]
    public void Attention_SegmentAloneOrAmongOthers_GivesTheSameBits(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        AttentionPlan plan = AttentionCase.Causal(4, 2, 24, AttentionCase.Packed(13, 100, 1, 0, 67));
        using var together = new AttentionCase(plan, 7);
        together.Forward(engine, 2);
        together.Backward(engine, 2);
        using var apart = new AttentionCase(plan, 7);
        using var pool = new WorkerPool(2);
        var attention = new CausalAttention(engine, pool, leastParallelWork: 0);
        foreach (AttentionSegment segment in plan.Segments)
        {
            AttentionPlan alone = plan with { Segments = [segment] };
            apart.Forward(attention, alone);
            attention.Backward(alone, apart.Q, apart.K, apart.V, apart.Result.View, apart.LogSumExp.View, apart.DResult.View, apart.DQ.View, apart.DK.View, apart.DV.View);
        }
        AssertSameBits(together, apart);
    }

    [Theory]
    [MemberData(nameof(QuickEngines))]
    public void Attention_OneTwoThreeOrEightThreads_GivesTheSameBits(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        foreach (int[] lengths in (int[][])[[300], [129, 40, 1, 70], [20, 20, 20, 20, 20, 20]])
        {
            foreach (int keyValueHeads in (int[])[1, 3])
            {
                AttentionPlan plan = AttentionCase.Causal(3, keyValueHeads, 20, AttentionCase.Packed(lengths));
                using var one = new AttentionCase(plan, 9);
                one.Forward(engine, 1);
                one.Backward(engine, 1);
                foreach (int threads in (int[])[2, 3, 8])
                {
                    using var many = new AttentionCase(plan, 9);
                    many.Forward(engine, threads);
                    many.Backward(engine, threads);
                    AssertSameBits(one, many);
                }
            }
        }
    }

    [Fact]
    public void Attention_NoSegments_WritesNothing()
    {
        using var operands = new AttentionCase(AttentionCase.Causal(2, 2, 8, AttentionCase.Packed(4)));
        using var pool = new WorkerPool(2);
        var attention = new CausalAttention(new PortableEngine(DType.Float32), pool, leastParallelWork: 0);
        AttentionPlan nothing = operands.Plan with { Segments = [new AttentionSegment(2, 0, 0, 4)] };
        operands.Forward(attention, nothing);
        attention.Backward(nothing, operands.Q, operands.K, operands.V, operands.Result.View, operands.LogSumExp.View, operands.DResult.View, operands.DQ.View, operands.DK.View, operands.DV.View);
        Assert.True(float.IsNaN(operands.Result[3, 0]) && float.IsNaN(operands.DQ[3, 0]) && float.IsNaN(operands.DV[0, 0]));
    }

    [Fact]
    public void Forward_NotANumberInOneQuery_ReachesItsResultAndNoOther()
    {
        using var operands = new AttentionCase(AttentionCase.Causal(1, 1, 8, AttentionCase.Packed(40)));
        operands.Q.Row<float>(17)[3] = float.NaN;
        foreach (DType type in (DType[])[DType.Float32, DType.BFloat16])
        {
            operands.Forward(new PortableEngine(type), 1);
            for (int row = 0; row < 40; row++)
            {
                Assert.Equal(row == 17, float.IsNaN(operands.Result[row, 0]));
            }
        }
    }

    private static void AssertAgrees(AttentionCase operands, MatrixEngine engine, int threads)
    {
        operands.Forward(engine, threads);
        operands.Backward(engine, threads);
        (AttentionCase.Doubles result, AttentionCase.Doubles logSumExp, AttentionCase.Doubles dQ, AttentionCase.Doubles dK, AttentionCase.Doubles dV) = operands.Reference();
        using (result)
        using (logSumExp)
        using (dQ)
        using (dK)
        using (dV)
        {
            // A bfloat16 has 8 significant bits; sums of dK and dV run over as many products as there are rows and heads.
            double tolerance = engine.OperandType == DType.BFloat16 ? 2e-2 : 4e-6;
            AssertNear(result, operands.Result, tolerance, "result", operands);
            AssertNear(logSumExp, operands.LogSumExp, tolerance, "logSumExp", operands);
            AssertNear(dQ, operands.DQ, tolerance, "dQ", operands);
            AssertNear(dK, operands.DK, 2 * tolerance, "dK", operands);
            AssertNear(dV, operands.DV, 2 * tolerance, "dV", operands);
        }
        operands.AssertPaddingUntouched();
    }

    private static void AssertNear(AttentionCase.Doubles expected, TestMatrix actual, double tolerance, string what, AttentionCase operands)
    {
        bool ofKeys = what is "dK" or "dV";
        foreach (AttentionSegment segment in operands.Plan.Segments)
        {
            (int start, int count) = ofKeys ? (segment.KeyStart, segment.KeyCount) : (segment.QueryStart, segment.QueryCount);
            for (int row = start; row < start + count; row++)
            {
                for (int column = 0; column < actual.Columns; column++)
                {
                    double difference = Math.Abs(expected[row, column] - actual[row, column]);
                    Assert.True(difference <= tolerance * Math.Max(1, Math.Abs(expected[row, column])),
                        $"{what} [{row}, {column}]: expected {expected[row, column]}, was {actual[row, column]}");
                }
            }
        }
    }

    private static void AssertSameBits(AttentionCase expected, AttentionCase actual)
    {
        AssertSameBits(expected.Result, actual.Result, "result");
        AssertSameBits(expected.LogSumExp, actual.LogSumExp, "logSumExp");
        AssertSameBits(expected.DQ, actual.DQ, "dQ");
        AssertSameBits(expected.DK, actual.DK, "dK");
        AssertSameBits(expected.DV, actual.DV, "dV");
    }

    private static void AssertSameBits(TestMatrix expected, TestMatrix actual, string what)
    {
        for (int row = 0; row < expected.Rows; row++)
        {
            for (int column = 0; column < expected.Columns; column++)
            {
                if (BitConverter.SingleToInt32Bits(expected[row, column]) != BitConverter.SingleToInt32Bits(actual[row, column]))
                {
                    Assert.Fail($"{what} [{row}, {column}]: {expected[row, column]:R} and {actual[row, column]:R}");
                }
            }
        }
    }
}
