using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.TestKit.Operations;

/// <summary>Compares the gradients that a tape computes with central differences of the loss, in double precision on the reference kernels.</summary>
public static class GradientCheck
{
    /// <summary>The most elements of one operand that are moved; larger operands are sampled.</summary>
    private const int MaximumSamples = 40;

    /// <summary>Fails the test unless every sampled derivative agrees within <paramref name="tolerance"/> of the operand's largest.</summary>
    public static void Run(IReadOnlyList<Operand> operands, Func<Tape, Tensor[], Tensor> build, Layout layout = Layout.Packed, bool isLoss = false, double tolerance = 1e-6)
    {
        using var run = new OperationRun(new ReferenceBackend(), DType.Float64, operands, build, layout, isLoss);
        OperationResult computed = run.Run(before: 1);
        Assert.All(computed.Output, value => Assert.True(double.IsFinite(value), $"an output is {value}"));
        for (int i = 0; i < operands.Count; i++)
        {
            double[] gradient = computed.Gradients[i];
            double largest = gradient.Aggregate(0.0, (max, value) => Math.Max(max, Math.Abs(value)));
            Assert.True(double.IsFinite(largest) && gradient.All(double.IsFinite), $"the gradient of operand {i} is not finite");
            foreach (int element in Sample(gradient.Length))
            {
                double difference = Difference(run, i, element);
                double error = Math.Abs(difference - gradient[element]);
                Assert.True(error <= tolerance * Math.Max(largest, 1e-2), $"operand {i} {operands[i].Shape}, {layout}, element {element} of {gradient.Length}: gradient {gradient[element]:R}, finite difference {difference:R}");
            }
        }
    }

    /// <summary>(L(x + h) - L(x - h)) / 2h, extrapolated once (Richardson), so that the error is of order h⁴.</summary>
    private static double Difference(OperationRun run, int operand, int element)
    {
        double original = run.Parameters[operand].Span<double>()[element];
        double step = 1e-3 * Math.Max(Math.Abs(original), 0.1);
        double wide = Slope(2 * step);
        double narrow = Slope(step);
        return (4 * narrow - wide) / 3;

        double Slope(double h)
        {
            double slope = (LossAt(original + h) - LossAt(original - h)) / (2 * h);
            run.Parameters[operand].Span<double>()[element] = original;
            return slope;
        }

        double LossAt(double value)
        {
            run.Parameters[operand].Span<double>()[element] = value;
            return run.Loss();
        }
    }

    private static IEnumerable<int> Sample(int count)
    {
        if (count <= MaximumSamples)
        {
            return Enumerable.Range(0, count);
        }
        var random = new SeededRandom(5);
        var chosen = new SortedSet<int> { 0, count - 1 };
        while (chosen.Count < MaximumSamples)
        {
            chosen.Add(random.NextInt(count));
        }
        return chosen;
    }
}
