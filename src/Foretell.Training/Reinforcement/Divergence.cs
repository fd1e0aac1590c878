namespace Foretell.Training;

/// <summary>
/// Estimates of KL(policy ‖ reference) = E[log policy - log reference] from tokens that the policy drew (Schulman 2020,
/// <see href="http://joschu.net/blog/kl-approx.html"/>). Both are unbiased; in nats.
/// </summary>
public static class Divergence
{
    /// <summary>k₁ = log p - log q: the plain one, of large variance, negative now and then.</summary>
    public static double Plain(double policy, double reference) => policy - reference;

    /// <summary>k₃ = q/p - 1 - log(q/p): never negative, of small variance while the two are near.</summary>
    public static double Positive(double policy, double reference)
    {
        double difference = reference - policy;
        return Math.Exp(difference) - 1 - difference;
    }

    /// <summary>∂k₃/∂log p.</summary>
    public static double PositiveSlope(double policy, double reference) => 1 - Math.Exp(reference - policy);
}
