namespace Foretell.World.Environments;

/// <summary>Letters or a word, backwards. Letters apart at the first levels, so that no tokenizer hides them; words are spelled first.</summary>
public sealed class ReverseEnvironment : ProblemEnvironment
{
    /// <inheritdoc/>
    public override string Name => "reverse";

    /// <inheritdoc/>
    public override string Description => "Write backwards: three letters set apart; five; a word of four letters; of six; a word of eight.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        int length = level switch { 1 => 3, 2 => 5, 3 => 4, 4 => 6, _ => 8 };
        string word = Letters.Word(draw.Random, length), backwards = Letters.Reversed(word);
        // A word and its reverse are one problem: whoever learned the one by heart has the other.
        string key = string.CompareOrdinal(word, backwards) < 0 ? word : backwards;
        bool withheld = ProblemDraw.IsWithheld(Name, key);
        return level <= 2
            ? new ProblemDraft($"Write backwards: {Letters.Spelled(word)}", $"Last to first: {Letters.Spelled(backwards)}.", Letters.Spelled(backwards), withheld)
            : new ProblemDraft($"Write the word {word} backwards.", $"{Letters.Spelled(word)}. Last to first: {Letters.Spelled(backwards)}.", backwards, withheld);
    }

    private protected override Verdict Judge(Problem problem, string answer)
    {
        string given = Joined(answer), wanted = Joined(problem.Answer);
        return given.Length == wanted.Length
            ? given.Equals(wanted, StringComparison.OrdinalIgnoreCase) ? new Verdict(true) : new Verdict(false, "A letter is wrong.")
            : new Verdict(false, FormattableString.Invariant($"The answer has {given.Length} letters; {wanted.Length} were asked."));
    }

    // Letters set apart by spaces, commas or hyphens are the word all the same.
    private static string Joined(string text) => string.Concat(text.Where(c => c is not (' ' or ',' or '-')));
}
