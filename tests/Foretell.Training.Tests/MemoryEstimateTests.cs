using Foretell.Data;
using Foretell.Models;
using Foretell.Nn.Optimizers;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Training.Tests;

public class MemoryEstimateTests
{
    public static TheoryData<PretrainingRecipe, int> Shapes => new()
    {
        { new PretrainingRecipe { Depth = 2, ContextLength = 256, BatchRows = 8, MicroBatchRows = 8 }, 2048 },
        { new PretrainingRecipe { Depth = 3, ContextLength = 128, BatchRows = 4, MicroBatchRows = 4, Optimizer = "adamw" }, 8192 },
        { new PretrainingRecipe { Depth = 4, ContextLength = 64, BatchRows = 4, MicroBatchRows = 2, Architecture = "gpt2", Dropout = 0.1f }, 1000 },
        { new PretrainingRecipe { Depth = 6, Channels = 128, Heads = 8, KeyValueHeads = 2, HeadSize = 16, ContextLength = 512, BatchRows = 2, MicroBatchRows = 2, Architecture = "llama" }, 300 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Of_ARecipe_IsNearTheMeasuredPeak(PretrainingRecipe recipe, int vocabulary)
    {
        TransformerConfig config = recipe.Model(vocabulary);
        recipe = ScalingDial.Resolve(recipe, config);
        using Device device = CpuDevice.Create(threads: 2);
        using (var model = new Transformer(config, device, training: true))
        {
            model.Initialize(1);
            using Optimizer optimizer = recipe.Optimizer == "adamw" ? new AdamW(device, model.Parameters.All, new AdamWOptions()) : new Muon(device, model.Parameters.All, new MuonOptions(), new AdamWOptions());
            var random = new SeededRandom(1);
            int tokens = recipe.BatchRows!.Value * recipe.ContextLength;
            int[] ids = [.. Enumerable.Range(0, tokens).Select(_ => random.NextInt(vocabulary))];
            var batch = new Batch
            {
                Tokens = ids,
                Targets = ids,
                Weights = [.. Enumerable.Repeat(1f, tokens)],
                Positions = [.. Enumerable.Range(0, tokens).Select(i => i % recipe.ContextLength)],
                Segments = [.. Enumerable.Range(0, recipe.BatchRows.Value).Select(row => new Segment(row * recipe.ContextLength, recipe.ContextLength))],
                Rows = recipe.BatchRows.Value,
                ContextLength = recipe.ContextLength,
            };
            for (long step = 0; step < 2; step++)
            {
                model.Parameters.ClearGradients();
                GradientAccumulation.Run(model, batch, recipe.MicroBatchRows!.Value, 1);
                optimizer.Step(step, 1, 1);
            }
        }
        MemoryEstimate estimate = MemoryEstimate.Of(config, recipe);
        // The kernels keep the packed weights in memory of their own.
        double ratio = (estimate.Total - estimate.Packed) / (double)device.Memory.PeakBytes;
        Assert.True(ratio is >= 0.9 and <= 1.25, $"estimated {MemoryEstimate.Gigabytes(estimate.Total - estimate.Packed)} ({estimate}), measured {MemoryEstimate.Gigabytes(device.Memory.PeakBytes)}: {ratio:F2}");
    }

    [Fact]
    public void RequireWithin_LessThanNeeded_RefusesWithBothNumbers()
    {
        var estimate = new MemoryEstimate(1L << 30, 1L << 30, 1L << 30, 1L << 30, 1L << 30, 1L << 29);
        estimate.RequireWithin(estimate.Total);
        string message = Assert.Throws<InvalidOperationException>(() => estimate.RequireWithin(4L << 30)).Message;
        Assert.Contains("needs 5.50 GiB", message, StringComparison.Ordinal);
        Assert.Contains("4.00 GiB are available", message, StringComparison.Ordinal);
    }
}
