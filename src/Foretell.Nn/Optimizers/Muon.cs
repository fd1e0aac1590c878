using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Nn.Optimizers;

/// <summary>Options of <see cref="Muon"/>.</summary>
public sealed record MuonOptions
{
    /// <summary>Peak learning rate of the matrices, above 0.</summary>
    public double LearningRate { get; init; } = 0.02;

    /// <summary>Decay of the mean of gradients, in [0, 1).</summary>
    public double Momentum { get; init; } = 0.95;

    /// <summary>Each step takes learning rate × this off the matrices (decoupled).</summary>
    public double WeightDecay { get; init; } = 0.1;
}

/// <summary>
/// Muon (Jordan et al. 2024, <see href="https://kellerjordan.github.io/posts/muon/"/>): a matrix moves by the orthogonal
/// factor of its momentum, found by five Newton-Schulz steps X = aX + (bA + cA²)X with A = XXᵀ; all other parameters by <see cref="AdamW"/>.
/// O = NewtonSchulz(nesterov momentum), W -= rate · (√max(1, out / in) · O + decay · W).
/// Departures: products in the device's own precision instead of always bfloat16; momentum is a decayed mean.
/// </summary>
public sealed class Muon : Optimizer
{
    private const int NewtonSchulzSteps = 5;
    private const float A = 3.4445f;
    private const float B = -4.7750f;
    private const float C = 2.0315f;

    private readonly MuonOptions _options;
    private readonly (Parameter Parameter, Tensor Momentum)[] _matrices;
    private readonly AdamW _rest;
    private readonly (string Name, Tensor Value)[] _state;

    public Muon(Device device, IEnumerable<Parameter> parameters, MuonOptions options, AdamWOptions rest)
        : base(device)
    {
        _options = options;
        Parameter[] all = [.. parameters];
        _matrices = [.. all.Where(parameter => parameter.Kind == ParameterKind.Matrix).Select(parameter => (parameter, Remember($"{parameter.Name}.momentum", parameter.Value.Shape)))];
        _rest = new AdamW(device, all.Where(parameter => parameter.Kind != ParameterKind.Matrix), rest);
        _state = [.. base.State, .. _rest.State];
    }

    public override IReadOnlyList<(string Name, Tensor Value)> State => _state;

    public override void Step(long step, double rate, double gradientScale)
    {
        float learningRate = (float)(_options.LearningRate * rate);
        float momentum = (float)_options.Momentum;
        foreach ((Parameter parameter, Tensor mean) in _matrices)
        {
            using var tape = new Tape(Device, recording: false);
            Tensor gradient = tape.Scale(parameter.Gradient, (1 - momentum) * (float)gradientScale);
            tape.CopyInto(tape.Add(tape.Scale(mean, momentum), gradient), mean);
            Tensor ahead = tape.Add(gradient, tape.Scale(mean, momentum));
            Tensor direction = Orthogonalize(tape, ahead);
            float scale = learningRate * MathF.Sqrt(Math.Max(1, (float)parameter.Value.Shape[0] / parameter.Value.Shape[1]));
            Tensor kept = tape.Scale(parameter.Value, 1 - learningRate * (float)_options.WeightDecay);
            tape.CopyInto(tape.Subtract(kept, tape.Scale(direction, scale)), parameter.Value);
        }
        _rest.Step(step, rate, gradientScale);
    }

    /// <summary>Numbers that a step on a matrix [rows, columns] holds at once, besides the matrix, its gradient and its momentum.</summary>
    public static long WorkingElements(int rows, int columns) => 9L * rows * columns + 5L * Math.Min(rows, columns) * Math.Min(rows, columns);

    /// <summary>A matrix with nearly the singular vectors of <paramref name="x"/> and singular values near 1 (between about 0.7 and 1.2).</summary>
    /// <param name="x">[rows, columns].</param>
    internal static Tensor Orthogonalize(Tape tape, Tensor x)
    {
        bool tall = x.Shape[0] > x.Shape[1];
        double norm = Math.Sqrt(tape.Device.SquaredNorm(x));
        Tensor y = tape.Scale(tall ? tape.Transpose(x, 0, 1) : x, (float)(1 / (norm + 1e-7)));
        for (int i = 0; i < NewtonSchulzSteps; i++)
        {
            Tensor gram = tape.Linear(y, y);
            Tensor gramPart = tape.Scale(gram, B);
            Tensor square = tape.MatrixProduct(gram, gram);
            Tensor squarePart = tape.Scale(square, C);
            Tensor polynomial = tape.Add(gramPart, squarePart);
            Tensor part = tape.Scale(y, A);
            Tensor moved = tape.MatrixProduct(polynomial, y);
            Tensor next = tape.Add(part, moved);
            foreach (Tensor spent in (ReadOnlySpan<Tensor>)[gram, gramPart, square, squarePart, polynomial, part, moved, y])
            {
                tape.Scope.Release(spent);
            }
            y = next;
        }
        return tall ? tape.Transpose(y, 0, 1) : y;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _rest.Dispose();
        }
        base.Dispose(disposing);
    }
}
