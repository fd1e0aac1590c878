namespace Foretell.World;

/// <summary>What is true in a document's world.</summary>
public abstract record WorldTruth;

/// <summary>A statement that the simulation holds true: <c>has(Anna, red ball)</c>, <c>colour(ball, red)</c>.</summary>
/// <param name="Relation">What is said: has, at, colour, gave, bought, price, count, job, ...</param>
/// <param name="Subject">About whom or what.</param>
/// <param name="Value">The value; of several parts, joined by a comma and a space.</param>
public readonly record struct WorldFact(string Relation, string Subject, string Value);

/// <summary>A question, the answer, and where both stand in the text.</summary>
/// <param name="Question">As asked.</param>
/// <param name="Answer">As answered, without the space before it.</param>
/// <param name="IsAnswerable">False where the world does not say; the answer then says so.</param>
/// <param name="PromptLength">The text's first characters, up to and with <c>Answer:</c>; the text goes on with a space and the answer.</param>
public sealed record QuestionAnswer(string Question, string Answer, bool IsAnswerable, int PromptLength);

/// <summary>A story: what happened, in order, and how the world was at its end.</summary>
/// <param name="Events">What happened.</param>
/// <param name="FinalState">Who has what, what lies where, colours and counts at the end.</param>
public sealed record StoryTruth(IReadOnlyList<WorldFact> Events, IReadOnlyList<WorldFact> FinalState) : WorldTruth;

/// <summary>A dialogue and the facts that both speakers keep to.</summary>
public sealed record DialogueTruth(IReadOnlyList<string> Speakers, IReadOnlyList<WorldFact> Facts) : WorldTruth;

/// <summary>Questions about a passage or about listed facts.</summary>
/// <param name="Facts">The facts that the text states.</param>
/// <param name="Questions">In the order of the text.</param>
public sealed record QuestionsTruth(IReadOnlyList<WorldFact> Facts, IReadOnlyList<QuestionAnswer> Questions) : WorldTruth;

/// <summary>One sum of a document of sums.</summary>
/// <param name="Left">The left operand.</param>
/// <param name="Operator"><c>+</c>, <c>-</c> or <c>*</c>.</param>
/// <param name="Right">The right operand.</param>
/// <param name="Result">What it makes.</param>
/// <param name="PromptLength">The text's first characters up to the result, which follows after a space in figures.</param>
public sealed record Sum(int Left, char Operator, int Right, int Result, int PromptLength);

/// <summary>The sums of a document, in the order of the text.</summary>
public sealed record SumsTruth(IReadOnlyList<Sum> Sums) : WorldTruth;

/// <summary>One fact about one suspect: in <paramref name="Time"/> (empty: all the while), the aspect had the value.</summary>
public sealed record SuspectFact(string Suspect, string Aspect, string Value, string Time);

/// <summary>What is known of the culprit: the aspect had the value at the time, or did not.</summary>
public sealed record Clue(string Aspect, string Value, string Time, bool Holds);

/// <summary>A detective story, whose last word is the culprit's name.</summary>
/// <param name="Level">1 (one fact excludes each innocent) to 3 (times, exchanges and chains).</param>
/// <param name="Suspects">In the order of the text.</param>
/// <param name="Culprit">Whom the clues leave.</param>
/// <param name="Facts">What the text says of the suspects, after every exchange.</param>
/// <param name="Clues">What the text says of the culprit.</param>
/// <param name="PromptLength">The text's first characters, up to the space before the culprit's name.</param>
public sealed record DetectiveTruth(
    int Level,
    IReadOnlyList<string> Suspects,
    string Culprit,
    IReadOnlyList<SuspectFact> Facts,
    IReadOnlyList<Clue> Clues,
    int PromptLength) : WorldTruth
{
    /// <summary>The score of a blind guess: one over the number of suspects.</summary>
    public double Chance => 1.0 / Suspects.Count;

    /// <summary>The suspects whom no clue excludes, from facts and clues alone.</summary>
    public IReadOnlyList<string> Solve()
    {
        var left = new List<string>(Suspects.Count);
        foreach (string suspect in Suspects)
        {
            bool possible = true;
            foreach (Clue clue in Clues)
            {
                bool has = false;
                foreach (SuspectFact fact in Facts)
                {
                    has |= fact.Suspect == suspect && fact.Aspect == clue.Aspect && fact.Value == clue.Value && fact.Time == clue.Time;
                }
                possible &= has == clue.Holds;
            }
            if (possible)
            {
                left.Add(suspect);
            }
        }
        return left;
    }
}
