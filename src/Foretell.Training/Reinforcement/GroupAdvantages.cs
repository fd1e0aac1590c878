namespace Foretell.Training;

/// <summary>What an answer's reward is measured against, within the group of answers to one prompt.</summary>
public enum AdvantageKind
{
    /// <summary>The group's mean, in its standard deviations: GRPO (Shao et al. 2024, <see href="https://arxiv.org/abs/2402.03300"/>).</summary>
    Normalized,

    /// <summary>The group's mean alone, so that prompts of every difficulty weigh the same: Dr. GRPO (Liu et al. 2025, <see href="https://arxiv.org/abs/2503.20783"/>).</summary>
    Centered,

    /// <summary>The mean of the group's other answers, which does not depend on the answer itself: RLOO (Ahmadian et al. 2024, <see href="https://arxiv.org/abs/2402.14740"/>).</summary>
    LeaveOneOut,
}

/// <summary>Advantages of the answers to one prompt.</summary>
public static class GroupAdvantages
{
    /// <summary>Added to the deviation, and what rewards must differ by to count as different.</summary>
    public const double Epsilon = 1e-6;

    /// <summary>Whether all rewards are the same, so that nothing can be learned from the group.</summary>
    public static bool AreEqual(ReadOnlySpan<double> rewards)
    {
        foreach (double reward in rewards)
        {
            if (Math.Abs(reward - rewards[0]) > Epsilon)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>An advantage for each reward; all 0 where the rewards are the same.</summary>
    /// <param name="rewards">[group], at least 2.</param>
    public static double[] Of(ReadOnlySpan<double> rewards, AdvantageKind kind)
    {
        int n = rewards.Length;
        double[] advantages = new double[n];
        if (AreEqual(rewards))
        {
            return advantages;
        }
        double mean = 0;
        foreach (double reward in rewards)
        {
            mean += reward / n;
        }
        double variance = 0;
        foreach (double reward in rewards)
        {
            variance += (reward - mean) * (reward - mean) / n;
        }
        for (int i = 0; i < n; i++)
        {
            advantages[i] = kind switch
            {
                AdvantageKind.Normalized => (rewards[i] - mean) / (Math.Sqrt(variance) + Epsilon),
                AdvantageKind.Centered => rewards[i] - mean,
                // r - (n mean - r) / (n - 1)
                _ => (rewards[i] - mean) * n / (n - 1),
            };
        }
        return advantages;
    }
}
