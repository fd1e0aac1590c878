namespace Foretell.Inference;

/// <summary>
/// Chooses among answers by how many of them agree (self-consistency; Wang et al. 2022,
/// <see href="https://arxiv.org/abs/2203.11171"/>), or by the weight of those that do.
/// </summary>
public static class AnswerVote
{
    /// <summary>The index of the first answer of those that most agree on.</summary>
    /// <param name="answers">At least one; see <see cref="Normal"/>.</param>
    public static int Majority(IReadOnlyList<string> answers) => Weighted(answers, [.. answers.Select(_ => 1.0)]);

    /// <summary>The index of the first answer of those whose weights make the largest sum.</summary>
    /// <param name="weights">By answer, at least 0; a value function's, for instance.</param>
    public static int Weighted(IReadOnlyList<string> answers, IReadOnlyList<double> weights)
    {
        if (answers.Count == 0 || answers.Count != weights.Count)
        {
            throw new ArgumentException(FormattableString.Invariant($"A vote needs answers with a weight each; there are {answers.Count} answers and {weights.Count} weights."));
        }
        var sums = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int i = 0; i < answers.Count; i++)
        {
            sums[Normal(answers[i])] = sums.GetValueOrDefault(Normal(answers[i])) + weights[i];
        }
        int best = 0;
        for (int i = 1; i < answers.Count; i++)
        {
            best = sums[Normal(answers[i])] > sums[Normal(answers[best])] ? i : best;
        }
        return best;
    }

    /// <summary>The share of the weights on the answer that was chosen: how sure the voters are of it, in [0, 1].</summary>
    public static double Agreement(IReadOnlyList<string> answers, int chosen) =>
        (double)answers.Count(answer => Normal(answer) == Normal(answers[chosen])) / answers.Count;

    /// <summary>What makes answers equal: their words, whatever the white space, the case and the full stop.</summary>
    public static string Normal(string answer) =>
        string.Join(' ', answer.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.', '!').ToLowerInvariant();
}
