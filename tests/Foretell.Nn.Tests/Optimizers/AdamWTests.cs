using Foretell.Nn.Optimizers;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Nn.Tests.Optimizers;

public class AdamWTests
{
    public static TheoryData<string> Devices => ["reference", .. CpuDevice.AvailableKernels];

    /// <summary>
    /// One parameter θ = 1, rate 0.1, β₁ 0.9, β₂ 0.99, ε 0.1, decay 0.2, gradients 2 then -1, by hand from algorithm 2 of the paper:
    /// step 1: m̂ = 2, v̂ = 4, θ = 1 - 0.1·(2/2.1) - 0.1·0.2·1 = 0.884761904762;
    /// step 2: m = 0.08, m̂ = 0.08/0.19, v = 0.0496, v̂ = 0.0496/0.0199, θ -= 0.1·m̂/(√v̂ + 0.1) + 0.02·θ → 0.841985399191.
    /// </summary>
    [Theory]
    [MemberData(nameof(Devices))]
    public void Step_OnOneNumber_GivesTheValuesWorkedOutByHand(string kernels)
    {
        using Device device = Create(kernels);
        using var store = new ParameterStore(device, training: true);
        Tensor value = store.Create("w", ParameterKind.Matrix, [1, 1]);
        value.CopyFrom([1]);
        using var optimizer = new AdamW(device, store.All, new AdamWOptions { LearningRate = 0.1, Beta1 = 0.9, Beta2 = 0.99, Epsilon = 0.1, WeightDecay = 0.2 });
        value.Gradient!.CopyFrom([2]);
        optimizer.Step(0, 1, 1);
        Assert.Equal(0.884761904762, value.Item(), 1e-6);
        value.Gradient!.CopyFrom([-1]);
        optimizer.Step(1, 1, 1);
        double mean = (0.9 * 0.2 - 0.1) / (1 - 0.81);
        double square = (0.99 * 0.04 + 0.01) / (1 - 0.9801);
        Assert.Equal(0.884761904762 * (1 - 0.02) - 0.1 * mean / (Math.Sqrt(square) + 0.1), value.Item(), 1e-6);
        Assert.Equal(0.841985399191, value.Item(), 1e-6);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Step_ManyTimes_FollowsThePublishedEquationsInDoublePrecision(string kernels)
    {
        const int Count = 37;
        const double Rate = 0.01, Beta1 = 0.9, Beta2 = 0.95, Epsilon = 1e-8, Decay = 0.1;
        using Device device = Create(kernels);
        using var store = new ParameterStore(device, training: true);
        foreach (ParameterKind kind in Enum.GetValues<ParameterKind>())
        {
            Initialization.Normal(new Parameter($"{kind}", kind, store.Create($"{kind}", kind, [Count])), 0.5, 3);
        }
        double[][] expected = [.. store.All.Select(parameter => Array.ConvertAll(parameter.Value.ToArray(), v => (double)v))];
        double[][] first = [.. expected.Select(_ => new double[Count])];
        double[][] second = [.. expected.Select(_ => new double[Count])];
        using var optimizer = new AdamW(device, store.All, new AdamWOptions { LearningRate = Rate, Beta1 = Beta1, Beta2 = Beta2, Epsilon = Epsilon, WeightDecay = Decay });
        var random = new SeededRandom(5);
        for (int step = 0; step < 25; step++)
        {
            double share = 1 - step / 40.0;
            double scale = step % 3 == 0 ? 0.25 : 1;
            for (int p = 0; p < expected.Length; p++)
            {
                float[] gradient = new float[Count];
                for (int i = 0; i < Count; i++)
                {
                    gradient[i] = (float)(random.NextNormal() * Math.Pow(10, -i % 5));
                    double g = gradient[i] * scale;
                    first[p][i] = Beta1 * first[p][i] + (1 - Beta1) * g;
                    second[p][i] = Beta2 * second[p][i] + (1 - Beta2) * g * g;
                    double unbiasedMean = first[p][i] / (1 - Math.Pow(Beta1, step + 1));
                    double unbiasedSquare = second[p][i] / (1 - Math.Pow(Beta2, step + 1));
                    double decay = store.All[p].Kind == ParameterKind.Vector ? 0 : Decay;
                    expected[p][i] -= Rate * share * (unbiasedMean / (Math.Sqrt(unbiasedSquare) + Epsilon) + decay * expected[p][i]);
                }
                store.All[p].Gradient.CopyFrom(gradient);
            }
            optimizer.Step(step, share, scale);
        }
        for (int p = 0; p < expected.Length; p++)
        {
            float[] actual = store.All[p].Value.ToArray();
            for (int i = 0; i < Count; i++)
            {
                Assert.Equal(expected[p][i], actual[i], 2e-6);
            }
        }
    }

    internal static Device Create(string kernels) => kernels == "reference" ? new Device(new ReferenceBackend()) : CpuDevice.Create(kernels, 1, DType.Float32);
}
