namespace Foretell.World;

/// <summary>A detective story up to its last word.</summary>
/// <param name="Prompt">The text up to the space before the name: an exact prefix of the document.</param>
/// <param name="Culprit">The right name. The document goes on with a space, the name and a full stop.</param>
/// <param name="Suspects">The names to choose from, the culprit among them, in the order of the text.</param>
/// <param name="Level">1 to 3.</param>
public sealed record DetectiveItem(string Prompt, string Culprit, IReadOnlyList<string> Suspects, int Level)
{
    /// <summary>The score of a blind guess.</summary>
    public double Chance => 1.0 / Suspects.Count;

    /// <exception cref="ArgumentException">The document is not a detective story.</exception>
    public static DetectiveItem From(WorldDocument document)
    {
        if (document.Truth is not DetectiveTruth truth)
        {
            throw new ArgumentException($"A {document.Kind} document has no culprit; give one of kind {DocumentKind.Detective}.", nameof(document));
        }
        return new DetectiveItem(document.Text[..truth.PromptLength], truth.Culprit, truth.Suspects, truth.Level);
    }
}

/// <summary>A question after its passage and the questions before it.</summary>
/// <param name="Prompt">The text up to and with <c>Answer:</c>, an exact prefix of the document, which goes on with a space.</param>
/// <param name="Answer">The expected answer, to the end of its line.</param>
/// <param name="IsAnswerable">False where the right answer is that the world does not say.</param>
public sealed record QuestionItem(string Prompt, string Answer, bool IsAnswerable)
{
    /// <exception cref="ArgumentException">The document has no questions.</exception>
    public static IEnumerable<QuestionItem> From(WorldDocument document)
    {
        if (document.Truth is not QuestionsTruth truth)
        {
            throw new ArgumentException($"A {document.Kind} document has no questions; give one of kind {DocumentKind.Questions}.", nameof(document));
        }
        return truth.Questions.Select(question => new QuestionItem(document.Text[..question.PromptLength], question.Answer, question.IsAnswerable));
    }
}

/// <summary>A sum without its result.</summary>
/// <param name="Prompt">The text up to the space before the result: an exact prefix of the document.</param>
/// <param name="Result">In figures.</param>
/// <param name="Operator"><c>+</c>, <c>-</c> or <c>*</c>.</param>
public sealed record SumItem(string Prompt, string Result, char Operator)
{
    /// <exception cref="ArgumentException">The document has no sums.</exception>
    public static IEnumerable<SumItem> From(WorldDocument document)
    {
        if (document.Truth is not SumsTruth truth)
        {
            throw new ArgumentException($"A {document.Kind} document has no sums; give one of kind {DocumentKind.Sums}.", nameof(document));
        }
        return truth.Sums.Select(sum => new SumItem(document.Text[..sum.PromptLength], Grammar.InFigures(sum.Result), sum.Operator));
    }
}
