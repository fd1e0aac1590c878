namespace Foretell.Training;

/// <summary>
/// Moves the price of divergence so that the divergence stays near a target (Ziegler et al. 2019,
/// <see href="https://arxiv.org/abs/1909.08593"/>): e = clip(KL / target - 1, -0.2, 0.2), β ← β (1 + K e).
/// </summary>
/// <param name="target">Nats of an answer, above 0.</param>
/// <param name="gain">K, above 0; the paper's is 0.1.</param>
public sealed class KlController(double target, double gain)
{
    private const double MostError = 0.2;

    /// <summary>The coefficient after a step in which answers diverged by so much.</summary>
    public double Next(double coefficient, double divergence) => coefficient * (1 + gain * Math.Clamp(divergence / target - 1, -MostError, MostError));
}
