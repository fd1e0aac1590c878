using Foretell.World.Environments;

namespace Foretell.Training;

/// <summary>1 for an answer that ends by itself and, where thoughts are wanted, is thoughts between one pair of markers with a reply behind them; else 0.</summary>
/// <param name="thoughts">Whether thoughts are wanted.</param>
public sealed class FormatReward(bool thoughts) : IReward
{
    /// <inheritdoc/>
    public string Name => "format";

    /// <inheritdoc/>
    public double[] Score(IReadOnlyList<Rollout> rollouts) =>
        [.. rollouts.Select(rollout => rollout.EndedByItself && (!thoughts || IsWellFormed(rollout.Text)) ? 1.0 : 0.0)];

    /// <summary>Whether a text is thoughts between one pair of markers, and a reply behind them.</summary>
    public static bool IsWellFormed(string text)
    {
        ReadOnlySpan<char> rest = text.AsSpan().TrimStart();
        if (!rest.StartsWith(ProblemText.ThoughtsOpen))
        {
            return false;
        }
        rest = rest[ProblemText.ThoughtsOpen.Length..];
        int end = rest.IndexOf(ProblemText.ThoughtsClose);
        ReadOnlySpan<char> reply = end < 0 ? default : rest[(end + ProblemText.ThoughtsClose.Length)..];
        return rest.IndexOf(ProblemText.ThoughtsOpen) < 0 && reply.IndexOf(ProblemText.ThoughtsClose) < 0 && !reply.IsWhiteSpace();
    }
}
