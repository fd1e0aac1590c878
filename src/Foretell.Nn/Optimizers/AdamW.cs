using Foretell.Tensors;
using Foretell.Tensors.Kernels;

namespace Foretell.Nn.Optimizers;

/// <summary>Options of <see cref="AdamW"/>.</summary>
public sealed record AdamWOptions
{
    /// <summary>Peak learning rate, above 0.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Decay of the mean of gradients, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the mean of squared gradients, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>What is added to the root, above 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Each step takes learning rate × this off matrices and embeddings (decoupled); vectors are spared.</summary>
    public double WeightDecay { get; init; } = 0.1;
}

/// <summary>
/// AdamW, <see href="https://arxiv.org/abs/1711.05101"/>: m = β₁ m + (1 - β₁) g, v = β₂ v + (1 - β₂) g²,
/// θ -= rate · (m̂ / (√v̂ + ε) + decay · θ). Departure: gains and biases are not decayed.
/// </summary>
public sealed class AdamW : Optimizer
{
    private readonly AdamWOptions _options;
    private readonly (Parameter Parameter, Tensor First, Tensor Second)[] _moments;

    public AdamW(Device device, IEnumerable<Parameter> parameters, AdamWOptions options)
        : base(device)
    {
        _options = options;
        _moments = [.. parameters.Select(parameter => (
            parameter,
            Remember($"{parameter.Name}.first_moment", parameter.Value.Shape),
            Remember($"{parameter.Name}.second_moment", parameter.Value.Shape)))];
    }

    public override void Step(long step, double rate, double gradientScale)
    {
        double learningRate = _options.LearningRate * rate;
        foreach ((Parameter parameter, Tensor first, Tensor second) in _moments)
        {
            double decay = parameter.Kind == ParameterKind.Vector ? 0 : learningRate * _options.WeightDecay;
            Device.AdamW(
                new AdamWStep(
                    (float)learningRate,
                    (float)_options.Beta1,
                    (float)_options.Beta2,
                    (float)_options.Epsilon,
                    (float)decay,
                    (float)(1 - Math.Pow(_options.Beta1, step + 1)),
                    (float)(1 - Math.Pow(_options.Beta2, step + 1)),
                    (float)gradientScale),
                parameter.Value,
                parameter.Gradient,
                first,
                second);
        }
    }
}
