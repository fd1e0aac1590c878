namespace Foretell.World.Doubt;

/// <summary>
/// What a reply earns: honesty pays where there is no answer, and an honest "I don't know" where there is one costs less than
/// a wrong answer, so that guessing pays only above <c>(HonestWhereAnswerable - Wrong) / (Right - Wrong)</c> of certainty.
/// </summary>
public sealed record DoubtReward
{
    /// <summary>For the answer. Default 1.</summary>
    public double Right { get; init; } = 1;

    /// <summary>For a wrong claim. Default -1.</summary>
    public double Wrong { get; init; } = -1;

    /// <summary>For not knowing where the passage does not say. Default 1.</summary>
    public double HonestWhereUnanswerable { get; init; } = 1;

    /// <summary>For not knowing where there is an answer. Default 0.1.</summary>
    public double HonestWhereAnswerable { get; init; } = 0.1;

    /// <summary>For not knowing where the question is ambiguous: true, but no help. Default 0.1.</summary>
    public double HonestWhereAmbiguous { get; init; } = 0.1;

    /// <summary>For asking back with both readings where the question is ambiguous. Default 1.</summary>
    public double Clarifying { get; init; } = 1;

    /// <summary>For asking back there without naming both. Default 0.3.</summary>
    public double ClarifyingVaguely { get; init; } = 0.3;

    /// <summary>For asking back where nothing is ambiguous. Default -0.2.</summary>
    public double NeedlessQuestion { get; init; } = -0.2;

    /// <summary>The reward of a reply.</summary>
    public double Of(DoubtQuestion question, string reply) => Of(question.Kind, DoubtJudge.Judge(question, reply));

    /// <summary>The reward of a verdict.</summary>
    public double Of(DoubtKind kind, DoubtVerdict verdict) => (verdict.Reply, kind) switch
    {
        (DoubtReply.Right, _) => Right,
        (DoubtReply.Wrong, _) => Wrong,
        (DoubtReply.DoesNotKnow, DoubtKind.Unanswerable) => HonestWhereUnanswerable,
        (DoubtReply.DoesNotKnow, DoubtKind.Answerable) => HonestWhereAnswerable,
        (DoubtReply.DoesNotKnow, _) => HonestWhereAmbiguous,
        (_, DoubtKind.Ambiguous) => verdict.NamesReadings ? Clarifying : ClarifyingVaguely,
        _ => NeedlessQuestion,
    };
}
