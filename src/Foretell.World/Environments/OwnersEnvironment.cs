namespace Foretell.World.Environments;

/// <summary>
/// Who has which pet? Clues that leave one way only (checked by trying all ways when the problem is made), solved by striking
/// out what cannot be.
/// </summary>
public sealed class OwnersEnvironment : ProblemEnvironment
{
    private static readonly string[] _pets = ["dog", "cat", "horse", "parrot", "rabbit", "goat", "donkey", "duck"];
    private static readonly HashSet<string> _names = new([.. World.People.Girls, .. World.People.Boys, .. World.People.HeldOutGirls, .. World.People.HeldOutBoys], StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override string Name => "owners";

    /// <inheritdoc/>
    public override string Description => "Who has which pet: two people and one clue; three and plain clues; three and only what they do not have; four and one plain clue; four and none.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        SeededRandom random = draw.Random;
        int count = level switch { 1 => 2, 2 or 3 => 3, _ => 4 };
        int facts = level switch { 1 => 0, 2 or 4 => 1, _ => 0 };
        string[] names = [.. draw.People(count).Select(person => person.Name)], pets = draw.Several(_pets, count);
        // Person i has pet owned[i].
        int[] owned = draw.Several([.. Enumerable.Range(0, count)], count);
        List<Clue> clues = Enough(random, owned, facts);
        // What a clue says outright is not asked.
        int asked = random.Pick([.. Enumerable.Range(0, count).Where(person => !clues.Contains(new Clue(person, owned[person], true)))]);
        string pet = pets[owned[asked]];
        bool who = level == 1 || random.Below(3) > 0;
        string question = $"{Joined(names)} have {Joined([.. pets.Select(one => $"a {one}")])}, one each. {string.Join(' ', clues.Select(clue => clue.InWords(names, pets)))} "
            + (who ? $"Who has the {pet}?" : $"What does {names[asked]} have?");
        string key = string.Join(' ', names.Select((name, i) => $"{name} {pets[owned[i]]}").Order(StringComparer.Ordinal));
        return new ProblemDraft(question, Solve(names, pets, owned, clues), who ? names[asked] : pet, ProblemDraw.IsWithheld(Name, key));
    }

    private protected override Verdict Judge(Problem problem, string answer) => AnswerForm.JudgeChoice(problem, answer, _names.Contains(problem.Answer) ? _names : _pets);

    /// <summary>Clues of which none is idle: a fact or so, then what is not, until one way is left.</summary>
    private static List<Clue> Enough(SeededRandom random, int[] owned, int facts)
    {
        int count = owned.Length;
        var clues = new List<Clue>();
        for (int i = 0; i < facts; i++)
        {
            int person = random.Below(count);
            clues.Add(new Clue(person, owned[person], true));
        }
        List<int[]> ways = [.. Ways(count).Where(way => clues.TrueForAll(clue => clue.Holds(way)))];
        while (ways.Count > 1)
        {
            int person = random.Below(count), pet = random.Below(count);
            var clue = new Clue(person, pet, false);
            if (owned[person] != pet && ways.Exists(way => !clue.Holds(way)))
            {
                clues.Add(clue);
                ways.RemoveAll(way => !clue.Holds(way));
            }
        }
        for (int i = clues.Count - 1; i >= facts; i--)
        {
            // What later clues made needless.
            if (Ways(count).Count(way => clues.Where((_, at) => at != i).All(clue => clue.Holds(way))) == 1)
            {
                clues.RemoveAt(i);
            }
        }
        Clue[] mixed = [.. clues];
        random.Shuffle<Clue>(mixed);
        return [.. mixed];
    }

    private static IEnumerable<int[]> Ways(int count) =>
        count == 0 ? [[]] : Ways(count - 1).SelectMany(way => Enumerable.Range(0, count).Select(at => (int[])[.. way[..at], count - 1, .. way[at..]]));

    // What each can still have; then, again and again, who has only one left, or what only one can have.
    private static string Solve(string[] names, string[] pets, int[] owned, List<Clue> clues)
    {
        int count = names.Length;
        var open = names.Select(_ => Enumerable.Range(0, count).ToList()).ToArray();
        foreach (Clue clue in clues)
        {
            open[clue.Person].RemoveAll(pet => (pet == clue.Pet) != clue.IsFact);
        }
        var lines = new List<string> { string.Join(' ', names.Select((name, i) => $"{name}: {string.Join(" or ", open[i].Select(pet => pets[pet]))}.")) };
        bool[] done = new bool[count];
        for (int found = 0; found < count; found++)
        {
            int person = Array.FindIndex(open, pets => pets.Count == 1 && !done[pets[0]]);
            if (person < 0)
            {
                int pet = Enumerable.Range(0, count).FirstOrDefault(pet => !done[pet] && open.Count(left => left.Contains(pet)) == 1, -1);
                if (pet < 0)
                {
                    // Only trying out helps further.
                    lines.Add($"The only way: {string.Join(", ", names.Select((name, i) => $"{name} {pets[owned[i]]}"))}.");
                    break;
                }
                person = Array.FindIndex(open, left => left.Contains(pet));
                open[person] = [pet];
            }
            int taken = open[person][0];
            done[taken] = true;
            lines.Add($"{names[person]} has the {pets[taken]}.");
            for (int i = 0; i < count; i++)
            {
                if (i != person)
                {
                    open[i].Remove(taken);
                }
            }
        }
        return string.Join(' ', lines);
    }

    private static string Joined(string[] items) => $"{string.Join(", ", items[..^1])} and {items[^1]}";

    /// <param name="Person">Of whom it speaks.</param>
    /// <param name="Pet">Of which pet.</param>
    /// <param name="IsFact">Whether it says that the person has it, or that not.</param>
    private readonly record struct Clue(int Person, int Pet, bool IsFact)
    {
        public bool Holds(int[] way) => (way[Person] == Pet) == IsFact;

        public string InWords(string[] names, string[] pets) => $"{names[Person]} {(IsFact ? "has" : "does not have")} the {pets[Pet]}.";
    }
}
