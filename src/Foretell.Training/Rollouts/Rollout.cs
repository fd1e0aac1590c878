using Foretell.Inference;
using Foretell.World.Environments;

namespace Foretell.Training;

/// <summary>One answer that the policy gave, token by token as it was drawn.</summary>
/// <param name="Prompt">What was asked.</param>
/// <param name="Answer">[answer], the tokens drawn, the one that ended it included; at least one.</param>
/// <param name="LogProbabilities">[answer], of each token when it was drawn, in nats.</param>
/// <param name="Text">The answer as text, without the token that ended it.</param>
/// <param name="Reason">Why it ended.</param>
public sealed record Rollout(RolloutPrompt Prompt, int[] Answer, float[] LogProbabilities, string Text, FinishReason Reason)
{
    /// <summary>Whether the model ended it, rather than a limit.</summary>
    public bool EndedByItself => Reason == FinishReason.Stop;

    /// <summary>[prompt + answer].</summary>
    public int[] Ids { get; } = [.. Prompt.Ids, .. Answer];

    /// <summary>The entry of <see cref="SequenceGradient"/>'s arrays that belongs to the answer's first token.</summary>
    public int First => Prompt.Ids.Length - 1;

    /// <summary>The text without the thoughts.</summary>
    public string Reply => ProblemText.Split(Text).Answer;
}
