using Foretell.Tensors;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Nn.Tests;

public class InitializationTests
{
    [Fact]
    public void Normal_OfManyValues_HasTheDeviationAsked()
    {
        float[] values = Draw("w", 100_000, 0.02, 7);
        double mean = values.Average(v => (double)v);
        double deviation = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
        Assert.InRange(mean, -3e-4, 3e-4);
        Assert.InRange(deviation, 0.0197, 0.0203);
        // A normal distribution has 4.55% of its mass beyond two deviations.
        Assert.InRange(values.Count(v => Math.Abs(v) > 0.04) / 100_000.0, 0.042, 0.049);
    }

    [Fact]
    public void Normal_OfAParameter_DependsOnItsNameAndSeedAlone()
    {
        Assert.Equal(Draw("w", 50, 1, 7), Draw("w", 50, 1, 7, others: 3));
        Assert.NotEqual(Draw("w", 50, 1, 7), Draw("v", 50, 1, 7));
        Assert.NotEqual(Draw("w", 50, 1, 7), Draw("w", 50, 1, 8));
        Assert.All(Draw("w", 50, 0, 7), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Store_OfSecondUses_AddsTheirGradientsAndClearsThem()
    {
        using var device = new Device(new ReferenceBackend());
        using var store = new ParameterStore(device, training: true);
        Tensor value = store.Create("table", ParameterKind.Embedding, [2]);
        Tensor alias = store.SecondUse(value);
        value.Gradient!.CopyFrom([1, 2]);
        alias.Gradient!.CopyFrom([10, 20]);
        store.CollectGradients();
        Assert.Equal([11, 22], value.Gradient.ToArray());
        store.ClearGradients();
        Assert.Equal([0, 0], value.Gradient.ToArray());
        Assert.Equal([0, 0], alias.Gradient.ToArray());
        Assert.Equal(2, store.Count);
    }

    private static float[] Draw(string name, int count, double deviation, ulong seed, int others = 0)
    {
        using var device = new Device(new ReferenceBackend());
        using var store = new ParameterStore(device, training: false);
        for (int i = 0; i < others; i++)
        {
            store.Create($"other{i}", ParameterKind.Matrix, [5, 5]);
            Initialization.Normal(store.All[i], 1, seed);
        }
        store.Create(name, ParameterKind.Matrix, [count]);
        Initialization.Normal(store.All[^1], deviation, seed);
        return store.All[^1].Value.ToArray();
    }
}
