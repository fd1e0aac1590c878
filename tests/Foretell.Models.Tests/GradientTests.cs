using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Models.Tests;

/// <summary>The gradient of whole models: the tape's in double precision against differences of the loss, every kernel set's against that.</summary>
public class GradientTests
{
    private const int Samples = 5;

    // Two packed documents, the second without weight at its end, and an uneven weight.
    private static readonly int[] Ids = TinyModels.Ids(19, 21, 13);
    private static readonly int[] Targets = TinyModels.Ids(19, 22, 13);
    private static readonly float[] Weights = [.. Enumerable.Range(0, 19).Select(i => i == 18 ? 0 : i == 4 ? 2.5f : 1)];
    private static readonly TokenBatch Batch = new(Ids, [.. Enumerable.Range(0, 12), .. Enumerable.Range(0, 7)], [(0, 12), (12, 7)]);

    public static TheoryData<string, bool> Families
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string family in (string[])["qwen3", "qwen2", "llama", "gpt2"])
            {
                data.Add(family, true);
                data.Add(family, false);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Gradient_OfEveryParameter_IsTheLossesFiniteDifference(string family, bool tied)
    {
        using var device = new Device(new ReferenceBackend());
        using Transformer model = TinyModels.Random(Config(family, tied), device, training: true, DType.Float64);
        double[][] gradients = Gradients(model);
        for (int p = 0; p < gradients.Length; p++)
        {
            Parameter parameter = model.Parameters.All[p];
            double largest = gradients[p].Max(Math.Abs);
            Assert.True(largest > 1e-6 || HasNoEffect(family, parameter), $"{parameter.Name} has no gradient");
            var random = new SeededRandom(31).Fork(parameter.Name);
            for (int sample = 0; sample < Samples; sample++)
            {
                int element = random.NextInt(gradients[p].Length);
                double difference = Difference(model, parameter.Value, element);
                Assert.True(Math.Abs(difference - gradients[p][element]) <= 1e-6 * Math.Max(largest, 1e-3), $"{parameter.Name}[{element}]: gradient {gradients[p][element]:R}, finite difference {difference:R}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Gradient_OnEveryKernelSet_IsTheOneInDoublePrecision(string family, bool tied)
    {
        double[][] exact;
        using (var reference = new Device(new ReferenceBackend()))
        {
            using Transformer model = TinyModels.Random(Config(family, tied), reference, training: true, DType.Float64);
            exact = Gradients(model);
        }
        foreach (string kernels in CpuDevice.AvailableKernels)
        {
            foreach ((DType precision, double tolerance) in (ReadOnlySpan<(DType, double)>)[(DType.Float32, 2e-4), (DType.BFloat16, 0.06)])
            {
                using Device device = CpuDevice.Create(kernels, 2, precision);
                using Transformer model = TinyModels.Random(Config(family, tied), device, training: true);
                double[][] gradients = Gradients(model);
                for (int p = 0; p < exact.Length; p++)
                {
                    if (HasNoEffect(family, model.Parameters.All[p]))
                    {
                        continue;
                    }
                    // The relative error of the whole tensor: single elements may cancel.
                    double error = Math.Sqrt(exact[p].Zip(gradients[p], (a, b) => (a - b) * (a - b)).Sum() / exact[p].Sum(a => a * a));
                    Assert.True(error <= tolerance, $"{model.Parameters.All[p].Name} on {device.Name}: relative error {error:G3}");
                }
            }
        }
    }

    /// <summary>Without rotation a key's bias adds the same to all of a query's scores, which the softmax takes out again.</summary>
    private static bool HasNoEffect(string family, Parameter parameter) => family == "gpt2" && parameter.Name.EndsWith("k_proj.bias", StringComparison.Ordinal);

    private static TransformerConfig Config(string family, bool tied) => TinyModels.Config(family, tied) with { VocabularySize = 13, Channels = 12, HeadSize = family == "gpt2" ? 3 : 4, HiddenChannels = 20, ContextLength = 12 };

    private static double[][] Gradients(Transformer model)
    {
        using (var tape = new Tape(model.Device))
        {
            tape.Backward(Loss(tape, model));
        }
        model.Parameters.CollectGradients();
        return [.. model.Parameters.All.Select(parameter => parameter.Gradient.Type == DType.Float64 ? parameter.Gradient.Span<double>().ToArray() : Array.ConvertAll(parameter.Gradient.ToArray(), value => (double)value))];
    }

    private static Tensor Loss(Tape tape, Transformer model) => model.Loss(tape, Batch, Targets, Weights, 1 / 19.5f).Loss;

    /// <summary>Central differences, extrapolated once, so that the error is of fourth order.</summary>
    private static double Difference(Transformer model, Tensor value, int element)
    {
        const double Step = 1e-3;
        double original = value.Span<double>()[element];
        double narrow = Slope(Step);
        double wide = Slope(2 * Step);
        value.Span<double>()[element] = original;
        return (4 * narrow - wide) / 3;

        double Slope(double h) => (At(original + h) - At(original - h)) / (2 * h);

        double At(double moved)
        {
            value.Span<double>()[element] = moved;
            using var tape = new Tape(model.Device, recording: false);
            return Loss(tape, model).Span<double>()[0];
        }
    }
}
