namespace Foretell.World.Environments;

/// <summary>
/// Everyone either always tells the truth or always lies (knights and knaves). Every problem has one solution, found by trying
/// all cases when it is made.
/// </summary>
public sealed class LiarsEnvironment : ProblemEnvironment
{
    private const string Rule = "Each one always lies or always tells the truth.";
    private const string Ask = "Who tells the truth?";

    private static readonly string[] _nobody = ["nobody", "none", "noone"];
    private static readonly HashSet<string> _around = new(["and", "both", "only", "tell", "tells", "the", "truth", "all", "of", "them", "does", "do"], StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> _names = new([.. World.People.Girls, .. World.People.Boys, .. World.People.HeldOutGirls, .. World.People.HeldOutBoys], StringComparer.OrdinalIgnoreCase);

    private enum Claim
    {
        Honest,
        Liar,
        BothLie,
        OneLies,
        Same,
    }

    /// <inheritdoc/>
    public override string Name => "liars";

    /// <inheritdoc/>
    public override string Description => "Who tells the truth, from one who is known and a claim about the other; along a chain of three; of four in any order; two people of whom none is known; three.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level) => level <= 3 ? Chain(draw, level + 1, shuffled: level == 3) : Puzzle(draw, level - 2);

    private protected override Verdict Judge(Problem problem, string answer)
    {
        var named = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        bool nobody = false;
        foreach (string word in AnswerForm.Words(answer.Replace("no one", "noone", StringComparison.OrdinalIgnoreCase)))
        {
            if (_names.Contains(word))
            {
                if (!named.Add(word))
                {
                    return new Verdict(false, "The answer names someone twice.");
                }
            }
            else if (_nobody.Contains(word, StringComparer.OrdinalIgnoreCase))
            {
                nobody = true;
            }
            else if (!_around.Contains(word))
            {
                return new Verdict(false, "The answer says more than was asked.");
            }
        }
        var wanted = new HashSet<string>(AnswerForm.Items(problem.Answer).Where(_names.Contains), StringComparer.OrdinalIgnoreCase);
        return nobody == (named.Count > 0) ? new Verdict(false, "The answer names no one, or someone and nobody.")
            : named.SetEquals(wanted) && (wanted.Count > 0 || _nobody.Contains(problem.Answer)) ? new Verdict(true)
            : new Verdict(false, "Someone named lies, or someone is missing.");
    }

    // The first one's kind is told; each speaks of the next.
    private ProblemDraft Chain(ProblemDraw draw, int count, bool shuffled)
    {
        SeededRandom random = draw.Random;
        Person[] people = draw.People(count);
        int honest = random.Below(1 << count);
        var said = new List<string>();
        var thoughts = new List<string>();
        for (int i = 0; i + 1 < count; i++)
        {
            bool speaker = Is(honest, i), next = Is(honest, i + 1), says = speaker == next;
            said.Add($"{people[i].Name} says: {people[i + 1].Name} {Kind(says)}.");
            thoughts.Add($"{people[i].Name} {Kind(speaker)} and says that {people[i + 1].Name} {Kind(says)}, so {people[i + 1].Name} {Kind(next)}.");
        }
        string[] order = [.. said];
        if (shuffled)
        {
            random.Shuffle<string>(order);
        }
        string answer = Named(people, honest);
        return new ProblemDraft($"{Rule} {people[0].Name} {Kind(Is(honest, 0))}. {string.Join(' ', order)} {Ask}", string.Join(' ', thoughts), answer,
            ProblemDraw.IsWithheld(Name, string.Join(' ', people.Select(person => person.Name)) + answer));
    }

    // Everyone says something; drawn until exactly one case fits all that is said.
    private ProblemDraft Puzzle(ProblemDraw draw, int count)
    {
        SeededRandom random = draw.Random;
        Person[] people = draw.People(count);
        while (true)
        {
            Statement[] said = [.. Enumerable.Range(0, count).Select(speaker => Statement.Draw(random, speaker, count))];
            int[] fitting = [.. Enumerable.Range(0, 1 << count).Where(honest => said.All(one => one.Fits(honest)))];
            if (fitting is not [int honest])
            {
                continue;
            }
            string[] claims = [.. said.Select(one => $"{people[one.Speaker].Name} says: {one.InWords(people)}.")];
            string answer = Named(people, honest);
            return new ProblemDraft($"{Rule} {string.Join(' ', claims)} {Ask}", Cases(people, said, honest), answer,
                ProblemDraw.IsWithheld(Name, string.Join(' ', people.Select(person => person.Name)) + string.Join(' ', said.Select(one => one.ToString()))));
        }
    }

    // Case after case, each up to the first who would not say what was said.
    private static string Cases(Person[] people, Statement[] said, int honest)
    {
        var lines = new List<string>();
        for (int one = (1 << people.Length) - 1; one >= 0; one--)
        {
            int against = Array.FindIndex(said, statement => !statement.Fits(one));
            string kinds = string.Join(", ", people.Select((person, i) => $"{person.Name} {(Is(one, i) ? "true" : "lies")}"));
            lines.Add(against < 0 ? $"{kinds}: fits." : $"{kinds}: {people[against].Name} would not say that.");
            if (one == honest)
            {
                break;
            }
        }
        return string.Join(' ', lines);
    }

    private static string Named(Person[] people, int honest)
    {
        string[] names = [.. people.Where((_, i) => Is(honest, i)).Select(person => person.Name)];
        return names.Length switch { 0 => "nobody", 1 => names[0], _ => $"{string.Join(", ", names[..^1])} and {names[^1]}" };
    }

    private static bool Is(int honest, int person) => ((honest >> person) & 1) == 1;

    private static string Kind(bool honest) => honest ? "tells the truth" : "lies";

    /// <param name="Speaker">Who says it.</param>
    /// <param name="Claim">What is said.</param>
    /// <param name="First">Of whom.</param>
    /// <param name="Second">And of whom; who it is does not count where the claim is about one.</param>
    private readonly record struct Statement(int Speaker, Claim Claim, int First, int Second)
    {
        public static Statement Draw(SeededRandom random, int speaker, int count)
        {
            int first = (speaker + random.Between(1, count - 1)) % count, second;
            do
            {
                second = random.Below(count);
            }
            while (second == first);
            return new Statement(speaker, (Claim)random.Below(5), first, second);
        }

        /// <summary>Whether the speaker would say it in the case.</summary>
        public bool Fits(int honest) => IsTrue(honest) == Is(honest, Speaker);

        public string InWords(Person[] people)
        {
            string first = people[First].Name, second = Second == Speaker ? "I" : people[Second].Name;
            return Claim switch
            {
                Claim.Honest => $"{first} tells the truth",
                Claim.Liar => $"{first} lies",
                Claim.BothLie => $"{first} and {second} both lie",
                Claim.OneLies => $"{first} lies or {second} {(Second == Speaker ? "lie" : "lies")}",
                _ => $"{first} and {second} are of the same kind",
            };
        }

        private bool IsTrue(int honest) => Claim switch
        {
            Claim.Honest => Is(honest, First),
            Claim.Liar => !Is(honest, First),
            Claim.BothLie => !Is(honest, First) && !Is(honest, Second),
            Claim.OneLies => !Is(honest, First) || !Is(honest, Second),
            _ => Is(honest, First) == Is(honest, Second),
        };
    }
}
