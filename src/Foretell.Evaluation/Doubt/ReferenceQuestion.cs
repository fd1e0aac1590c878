using Foretell.World.Doubt;

namespace Foretell.Evaluation.Doubt;

/// <summary>A question of a public benchmark about knowing and not knowing.</summary>
/// <param name="Question">As asked.</param>
/// <param name="IsAnswerable">Whether it has an answer at all.</param>
/// <param name="Right">Answers that are right; empty where there is none.</param>
/// <param name="Wrong">Answers that people often give and that are wrong; empty where none are known.</param>
public sealed record ReferenceQuestion(string Question, bool IsAnswerable, IReadOnlyList<string> Right, IReadOnlyList<string> Wrong)
{
    /// <summary>The kind that the question's replies are judged as.</summary>
    public DoubtKind Kind => IsAnswerable ? DoubtKind.Answerable : DoubtKind.Unanswerable;

    /// <summary>
    /// Judges a reply by words: not knowing, or a reply whose nearest reference (by the F1 of its words) is a right one. A plain
    /// measure; a judge that reads would be better.
    /// </summary>
    public DoubtVerdict Judge(string reply)
    {
        if (DoubtJudge.SaysNotKnowing(reply))
        {
            return new DoubtVerdict(DoubtReply.DoesNotKnow);
        }
        double right = Right.Select(one => Overlap(one, reply)).DefaultIfEmpty(0).Max(), wrong = Wrong.Select(one => Overlap(one, reply)).DefaultIfEmpty(0).Max();
        return new DoubtVerdict(IsAnswerable && right > 0.3 && right > wrong ? DoubtReply.Right : DoubtReply.Wrong);
    }

    // F1 of the two bags of words, as in SQuAD.
    private static double Overlap(string reference, string reply)
    {
        List<string> left = Words(reference), right = Words(reply);
        int total = left.Count + right.Count, common = 0;
        foreach (string word in left)
        {
            common += right.Remove(word) ? 1 : 0;
        }
        return total == 0 ? 0 : 2.0 * common / total;
    }

    private static List<string> Words(string text) =>
        [.. new string([.. text.Select(c => char.IsLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => word is not ("a" or "an" or "the"))];
}
