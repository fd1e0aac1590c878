using Foretell.World.Doubt;

namespace Foretell.Evaluation.Doubt;

/// <summary>One question, what the reply did, and how sure the model was of it.</summary>
/// <param name="Kind">What the passage makes of the question.</param>
/// <param name="Verdict">What the reply did.</param>
/// <param name="Confidence">In [0, 1]; null where it was not measured.</param>
public readonly record struct DoubtOutcome(DoubtKind Kind, DoubtVerdict Verdict, double? Confidence = null);

/// <summary>How well a model knows what it doesn't know. Shares carry Wilson's intervals, areas and errors bootstrapped ones.</summary>
/// <param name="Accuracy">Right answers among answerable questions.</param>
/// <param name="Abstention">Answerable questions left unanswered, by not knowing or asking back.</param>
/// <param name="HonestUnknowns">Unanswerable questions answered with not knowing.</param>
/// <param name="Clarifications">Ambiguous questions answered with the question back that names both readings.</param>
/// <param name="Hallucination">Claims where the passage says nothing or two things: wrong replies to unanswerable and ambiguous questions.</param>
/// <param name="Fitting">Replies that fit their question's kind, over all.</param>
public sealed record DoubtReport(Proportion Accuracy, Proportion Abstention, Proportion HonestUnknowns, Proportion Clarifications, Proportion Hallucination, Proportion Fitting)
{
    /// <summary>Risk against coverage over the replies that make a claim; null where none has a confidence.</summary>
    public RiskCoverage? Risk { get; init; }

    /// <summary>The area under it with its interval.</summary>
    public Estimate? RiskArea { get; init; }

    /// <summary>The claims' calibration.</summary>
    public CalibrationReport? Calibration { get; init; }

    /// <summary>Its error with the interval.</summary>
    public Estimate? CalibrationError { get; init; }

    /// <summary>Counts and measures. A claim is right when it answers an answerable question rightly.</summary>
    /// <param name="outcomes">Any number.</param>
    /// <param name="seed">Of the bootstrap.</param>
    public static DoubtReport Of(IReadOnlyList<DoubtOutcome> outcomes, ulong seed)
    {
        ScoredOutcome[] claims =
        [
            .. outcomes.Where(outcome => outcome.Confidence is not null && !outcome.Verdict.Abstains)
                .Select(outcome => new ScoredOutcome(outcome.Confidence!.Value, outcome.Verdict.Reply == DoubtReply.Right)),
        ];
        var report = new DoubtReport(
            Share(outcomes, kind => kind == DoubtKind.Answerable, outcome => outcome.Verdict.Reply == DoubtReply.Right),
            Share(outcomes, kind => kind == DoubtKind.Answerable, outcome => outcome.Verdict.Abstains),
            Share(outcomes, kind => kind == DoubtKind.Unanswerable, outcome => outcome.Verdict.Reply == DoubtReply.DoesNotKnow),
            Share(outcomes, kind => kind == DoubtKind.Ambiguous, outcome => outcome.Verdict.Fits(DoubtKind.Ambiguous)),
            Share(outcomes, kind => kind != DoubtKind.Answerable, outcome => !outcome.Verdict.Abstains),
            Share(outcomes, _ => true, outcome => outcome.Verdict.Fits(outcome.Kind)));
        return claims.Length == 0 ? report : report with
        {
            Risk = RiskCoverage.Of(claims),
            RiskArea = Bootstrap.Interval(claims, sample => RiskCoverage.Of(sample).Area, seed),
            Calibration = CalibrationReport.Of(claims),
            CalibrationError = Bootstrap.Interval(claims, sample => CalibrationReport.Of(sample).Error, seed + 1),
        };
    }

    private static Proportion Share(IReadOnlyList<DoubtOutcome> outcomes, Func<DoubtKind, bool> among, Func<DoubtOutcome, bool> counts)
    {
        DoubtOutcome[] those = [.. outcomes.Where(outcome => among(outcome.Kind))];
        return new Proportion(those.Count(counts), those.Length);
    }
}
