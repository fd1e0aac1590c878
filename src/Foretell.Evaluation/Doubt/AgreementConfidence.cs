namespace Foretell.Evaluation.Doubt;

/// <summary>How sure a model is of an answer by how many of several samples say the same (<see href="https://arxiv.org/abs/2203.11171">Wang et al. 2022</see>).</summary>
public static class AgreementConfidence
{
    /// <summary>The answer that most samples give and their share, in (0, 1]. Of equally frequent ones, the first given.</summary>
    /// <param name="samples">At least one.</param>
    /// <param name="canonical">What makes two answers the same; by default letters of either case, without surrounding space and full stop.</param>
    public static (string Answer, double Confidence) Of(IReadOnlyList<string> samples, Func<string, string>? canonical = null)
    {
        if (samples.Count == 0)
        {
            throw new ArgumentException("There are no samples to agree; give at least one.", nameof(samples));
        }
        canonical ??= sample => sample.Trim().TrimEnd('.', '!').ToLowerInvariant();
        IGrouping<string, string> most = samples.GroupBy(canonical).MaxBy(group => group.Count())!;
        return (most.First(), (double)most.Count() / samples.Count);
    }
}
