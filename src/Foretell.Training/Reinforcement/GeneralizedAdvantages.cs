namespace Foretell.Training;

/// <summary>
/// Generalised advantage estimation (Schulman et al. 2016, <see href="https://arxiv.org/abs/1506.02438"/>):
/// δₜ = rₜ + γ V(sₜ₊₁) - V(sₜ), Aₜ = Σₖ (γλ)ᵏ δₜ₊ₖ, returns Aₜ + V(sₜ). An answer is an episode that ends with its last
/// token, whether the model or the limit ended it: the limit is part of the game, and the answer is judged as it stands.
/// </summary>
public static class GeneralizedAdvantages
{
    /// <param name="rewards">[answer], what each token brought.</param>
    /// <param name="values">[answer], the value of the state in which each token was drawn.</param>
    /// <param name="discount">γ in [0, 1].</param>
    /// <param name="decay">λ in [0, 1]: 0 trusts the values, 1 the rewards.</param>
    public static (double[] Advantages, double[] Returns) Of(ReadOnlySpan<double> rewards, ReadOnlySpan<float> values, double discount, double decay)
    {
        double[] advantages = new double[rewards.Length];
        double[] returns = new double[rewards.Length];
        double advantage = 0;
        for (int token = rewards.Length - 1; token >= 0; token--)
        {
            double next = token + 1 < rewards.Length ? values[token + 1] : 0;
            double difference = rewards[token] + discount * next - values[token];
            advantage = difference + discount * decay * advantage;
            advantages[token] = advantage;
            returns[token] = advantage + values[token];
        }
        return (advantages, returns);
    }
}
