namespace Foretell.Evaluation.Doubt;

/// <summary>An answer with how sure the model was of it.</summary>
/// <param name="Confidence">In [0, 1].</param>
/// <param name="IsRight">Whether the answer was right.</param>
public readonly record struct ScoredOutcome(double Confidence, bool IsRight)
{
    /// <exception cref="ArgumentException">There are none, or a confidence is no number from 0 to 1.</exception>
    internal static void Require(IReadOnlyList<ScoredOutcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        if (outcomes.Count == 0)
        {
            throw new ArgumentException("There are no outcomes to judge confidence by; give at least one.", nameof(outcomes));
        }
        for (int i = 0; i < outcomes.Count; i++)
        {
            if (!(outcomes[i].Confidence is >= 0 and <= 1))
            {
                throw new ArgumentException(FormattableString.Invariant($"The confidence of outcome {i} is {outcomes[i].Confidence}; expected a number from 0 to 1."), nameof(outcomes));
            }
        }
    }
}
