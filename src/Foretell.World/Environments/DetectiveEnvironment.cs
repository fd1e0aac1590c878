namespace Foretell.World.Environments;

/// <summary>
/// Who was the thief? First in plain sentences, then the little world's own detective stories. The thoughts go through the
/// suspects one by one, each beside what is known of the thief.
/// </summary>
public sealed class DetectiveEnvironment : ProblemEnvironment
{
    private const string Ask = "Who was the thief?";

    private static readonly string[] _names = [.. World.People.Girls, .. World.People.Boys, .. World.People.HeldOutGirls, .. World.People.HeldOutBoys];

    /// <inheritdoc/>
    public override string Name => "detective";

    /// <inheritdoc/>
    public override string Description => "Two or three suspects and one plain fact of each; stories where one fact excludes each innocent; where two must be joined; with times and exchanges.";

    /// <inheritdoc/>
    public override int Levels => 4;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level) => level == 1 ? Plain(draw) : Story(draw, level - 1);

    private protected override Verdict Judge(Problem problem, string answer) => AnswerForm.JudgeChoice(problem, answer, _names);

    private static ProblemDraft Plain(ProblemDraw draw)
    {
        SeededRandom random = draw.Random;
        var world = new WorldDraw(random, draw.Split);
        Person[] suspects = [.. Enumerable.Range(0, random.Between(2, 3)).Select(world.Person)];
        ThingKind garment = random.Pick(ThingsFor.Clothing);
        var colours = new List<string>();
        foreach (Person _ in suspects)
        {
            string colour;
            do
            {
                colour = world.Colour(garment);
            }
            while (colours.Contains(colour));
            colours.Add(colour);
        }
        string[] values = [.. colours];
        // The colour that is held out is drawn first and must not always be the first one told.
        random.Shuffle<string>(values);
        int culprit = random.Below(suspects.Length);
        var facts = new List<string>();
        var thoughts = new List<string>();
        for (int i = 0; i < suspects.Length; i++)
        {
            facts.Add($"{suspects[i].Name} had {Tale.WithArticle(values[i])} {garment.Name}.");
            thoughts.Add($"{suspects[i].Name}: {values[i]}, {(i == culprit ? "yes" : "no")}.");
        }
        return new ProblemDraft($"{string.Join(' ', facts)} The thief had {Tale.WithArticle(values[culprit])} {garment.Name}. {Ask}",
            string.Join(' ', thoughts), suspects[culprit].Name, IsWithheld(draw));
    }

    private static ProblemDraft Story(ProblemDraw draw, int level)
    {
        WorldDocument document = new LittleWorld(draw.Random.NextBits()).Detective(0, draw.Split, level);
        var truth = (DetectiveTruth)document.Truth;
        // The story's own last sentence begins to name the thief; a question takes its place.
        string told = document.Text[..truth.PromptLength];
        int end = told.LastIndexOfAny(['.', '!', '?', '"']);
        string text = told[..(end + 1)];
        return new ProblemDraft(text.EndsWith(Ask, StringComparison.Ordinal) ? text : $"{text} {Ask}", Reasoning(truth), truth.Culprit, IsWithheld(draw));
    }

    private static string Reasoning(DetectiveTruth truth)
    {
        var lines = new List<string>();
        // With a fact that not every suspect has, such as a time or place, what is not said counts as not so.
        foreach (string suspect in truth.Suspects)
        {
            var notes = new List<string>();
            bool possible = true;
            foreach (Clue clue in truth.Clues)
            {
                string? value = truth.Facts.FirstOrDefault(fact => fact.Suspect == suspect && fact.Aspect == clue.Aspect && fact.Time == clue.Time)?.Value;
                notes.Add(value ?? $"no {clue.Aspect}");
                possible &= (value == clue.Value) == clue.Holds;
                if (!possible)
                {
                    break;
                }
            }
            lines.Add($"{suspect}: {string.Join(", ", notes.Distinct())}, {(possible ? "yes" : "no")}.");
        }
        string known = string.Join(", ", truth.Clues.Select(clue => (clue.Holds ? "" : "not ") + clue.Value + (clue.Time.Length > 0 ? $" {clue.Time}" : "")));
        return $"Thief: {known}. {string.Join(' ', lines)}";
    }

    // The world's own draw keeps the split: held-out stories have a colour and thing, or names, that training never has.
    private static bool IsWithheld(ProblemDraw draw) => draw.Split != WorldSplit.Training;
}
