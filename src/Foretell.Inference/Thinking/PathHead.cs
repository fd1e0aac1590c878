using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;

namespace Foretell.Inference;

/// <summary>How surely a path was written so far, by the policy's own probabilities: slips are tokens that it held for unlikely.</summary>
/// <param name="Sum">Σ log p of its tokens, in nats; at most 0.</param>
/// <param name="Least">The least log p; at most 0.</param>
public readonly record struct PathConfidence(double Sum, double Least)
{
    /// <summary>With one token more.</summary>
    public PathConfidence With(double logProbability) => new(Sum + logProbability, Math.Min(Least, logProbability));
}

/// <summary>
/// What a value function reads off a path: s = w · h + b + u · (Σ log p, min log p), with h its trunk's last hidden state. The
/// probability of a right answer is σ(s).
/// </summary>
public sealed class PathHead : IDisposable
{
    /// <summary>A head that gives 0, a probability of one half, until it is trained.</summary>
    /// <param name="channels">Of the hidden state.</param>
    /// <param name="training">Whether its parameters have gradients.</param>
    public PathHead(int channels, Device device, bool training)
    {
        State = new ScalarHead(channels, device, training);
        Confidence = new ParameterStore(device, training);
        Confidence.Create("confidence.weight", ParameterKind.Vector, [2]);
    }

    /// <summary>w and b.</summary>
    public ScalarHead State { get; }

    /// <summary>u, one parameter of 2 numbers.</summary>
    public ParameterStore Confidence { get; }

    /// <summary>All its parameters.</summary>
    public IReadOnlyList<Parameter> Parameters => [.. State.Parameters.All, .. Confidence.All];

    /// <summary>u · (Σ log p, min log p).</summary>
    public double Score(PathConfidence confidence)
    {
        ReadOnlySpan<float> u = Confidence.All[0].Value.Span<float>();
        return (u[0] * confidence.Sum) + (u[1] * confidence.Least);
    }

    public void Dispose()
    {
        State.Dispose();
        Confidence.Dispose();
    }
}
