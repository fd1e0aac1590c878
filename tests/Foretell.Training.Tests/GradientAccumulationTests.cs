using Foretell.Data;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Training.Tests;

public class GradientAccumulationTests
{
    private const int Rows = 8;
    private const int Context = 32;
    private const int Vocabulary = 70;

    public static TheoryData<string, DType, bool> Kernels
    {
        get
        {
            var data = new TheoryData<string, DType, bool>();
            foreach (string kernels in CpuDevice.AvailableKernels)
            {
                foreach (DType precision in (DType[])[DType.Float32, DType.BFloat16])
                {
                    data.Add(kernels, precision, true);
                    data.Add(kernels, precision, false);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Run_InMicroBatches_IsTheLargeStepToTheBit(string kernels, DType precision, bool tied)
    {
        foreach (string family in (string[])["qwen3", "gpt2"])
        {
            (float[][] whole, double wholeNats) = Gradients(family, kernels, precision, tied, Rows, threads: 1);
            Assert.All(whole.SelectMany(gradient => gradient), value => Assert.True(float.IsFinite(value)));
            foreach ((int rows, int threads) in (ReadOnlySpan<(int, int)>)[(1, 1), (2, 2), (3, 1), (4, 3), (5, 2)])
            {
                (float[][] parts, double nats) = Gradients(family, kernels, precision, tied, rows, threads);
                Assert.Equal(wholeNats, nats, 1e-9);
                for (int p = 0; p < whole.Length; p++)
                {
                    int same = whole[p].AsSpan().CommonPrefixLength(parts[p]);
                    Assert.True(same == whole[p].Length, $"{family}, {rows} rows at once: parameter {p}, element {same} differs");
                }
            }
        }
    }

    /// <summary>The gradient of a batch is the mean over targets, not over rows: rows with more targets count more.</summary>
    [Fact]
    public void Run_OfUnevenRows_WeighsByTokens()
    {
        Batch batch = MakeBatch();
        double total = batch.Weights.Sum();
        (float[][] whole, double nats) = Gradients("qwen3", "portable", DType.Float32, true, Rows, 1);
        double[][] sum = [.. whole.Select(gradient => new double[gradient.Length])];
        double sumOfNats = 0;
        for (int row = 0; row < Rows; row++)
        {
            double weight = batch.Weights[(row * Context)..((row + 1) * Context)].Sum();
            (float[][] alone, double rowNats) = Gradients("qwen3", "portable", DType.Float32, true, 1, 1, Row(batch, row));
            sumOfNats += rowNats * weight / total;
            for (int p = 0; p < sum.Length; p++)
            {
                for (int i = 0; i < sum[p].Length; i++)
                {
                    sum[p][i] += alone[p][i] * weight / total;
                }
            }
        }
        Assert.Equal(nats, sumOfNats, 1e-5);
        for (int p = 0; p < sum.Length; p++)
        {
            double largest = sum[p].Max(Math.Abs);
            Assert.True(largest > 0);
            for (int i = 0; i < sum[p].Length; i++)
            {
                Assert.Equal(sum[p][i], whole[p][i], 1e-4 * largest + 1e-7);
            }
        }
    }

    private static (float[][] Gradients, double Nats) Gradients(string family, string kernels, DType precision, bool tied, int microBatchRows, int threads, Batch? batch = null)
    {
        using Device device = CpuDevice.Create(kernels, threads, precision);
        using var model = new Transformer(Config(family) with { TiedHead = tied }, device, training: true);
        foreach (Parameter parameter in model.Parameters.All)
        {
            Initialization.Normal(parameter, 0.2, 4);
        }
        double nats = GradientAccumulation.Run(model, batch ?? MakeBatch(), microBatchRows, dropoutSeed: 1);
        return ([.. model.Parameters.All.Select(parameter => parameter.Gradient.ToArray())], nats);
    }

    private static TransformerConfig Config(string family)
    {
        if (family == "gpt2")
        {
            return TransformerConfig.Gpt2(Vocabulary, 2, 24, 3, Context);
        }
        return new TransformerConfig { VocabularySize = Vocabulary, Channels = 24, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadSize = 6, HiddenChannels = 40, ContextLength = Context };
    }

    /// <summary>Packed rows: documents of several lengths, no weight at their ends, one padded row and one uneven weight.</summary>
    private static Batch MakeBatch()
    {
        var random = new SeededRandom(6);
        int[] tokens = new int[Rows * Context];
        int[] targets = new int[tokens.Length];
        int[] positions = new int[tokens.Length];
        float[] weights = new float[tokens.Length];
        var segments = new List<Segment>();
        for (int row = 0; row < Rows; row++)
        {
            for (int start = 0; start < Context;)
            {
                int length = Math.Min(Context - start, 1 + random.NextInt(row == 2 ? Context : 14));
                segments.Add(new Segment(row * Context + start, length));
                for (int i = 0; i < length; i++)
                {
                    int at = row * Context + start + i;
                    tokens[at] = random.NextInt(Vocabulary);
                    targets[at] = random.NextInt(Vocabulary);
                    positions[at] = i;
                    weights[at] = i == length - 1 || (row == 5 && start + i > 10) ? 0 : 1;
                }
                start += length;
            }
        }
        weights[3] = 0.5f;
        return new Batch { Tokens = tokens, Targets = targets, Weights = weights, Positions = positions, Segments = [.. segments], Rows = Rows, ContextLength = Context };
    }

    private static Batch Row(Batch batch, int row)
    {
        Range range = (row * Context)..((row + 1) * Context);
        return new Batch
        {
            Tokens = batch.Tokens[range],
            Targets = batch.Targets[range],
            Weights = batch.Weights[range],
            Positions = batch.Positions[range],
            Segments = [.. batch.Segments.Where(segment => segment.Start / Context == row).Select(segment => segment with { Start = segment.Start - row * Context })],
            Rows = 1,
            ContextLength = Context,
        };
    }
}
