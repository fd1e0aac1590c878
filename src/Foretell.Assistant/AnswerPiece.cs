using Foretell.Inference;

namespace Foretell.Assistant;

/// <summary>One step of an answer that is being written.</summary>
/// <param name="Choice">Which of the answers, from 0.</param>
/// <param name="Parts">What is now certain; often nothing while a marker or a stop string may be coming.</param>
/// <param name="Token">The token that was drawn; null in an answer's last piece.</param>
/// <param name="Stage">What the token belongs to.</param>
/// <param name="Reason">Why the answer ended, in its last piece; null before.</param>
public sealed record AnswerPiece(int Choice, IReadOnlyList<AnswerPart> Parts, GeneratedToken? Token, AnswerStage Stage, FinishReason? Reason);

/// <summary>What an answer is at.</summary>
public enum AnswerStage
{
    /// <summary>What the model says.</summary>
    Text,

    /// <summary>What it thinks before, the markers around that included.</summary>
    Reasoning,

    /// <summary>A call of a tool, the markers around it included.</summary>
    Call,
}
