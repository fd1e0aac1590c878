using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>
/// Who has what, and where it is, after things have happened: a passage told in plain sentences while the little world's own
/// <see cref="Simulation"/> keeps its state. Held out are the colours and things that the world holds out.
/// </summary>
public sealed class WorldQuestionsEnvironment : ProblemEnvironment
{
    private static readonly Place[] _places = Array.FindAll(Places.All, place => !place.Name.Contains(' '));
    private static readonly ThingKind[] _kinds = Array.FindAll(ThingsFor.Carried, kind => !kind.Name.Contains(' '));

    // What an answer may name, by the kind of question.
    private static readonly string[][] _choices =
    [
        [.. World.People.Girls, .. World.People.Boys, .. World.People.HeldOutGirls, .. World.People.HeldOutBoys, "nobody"],
        [.. _places.Select(place => place.Name)], [.. _kinds.Select(kind => kind.Name)], HeldOut.ColourNames,
    ];

    /// <inheritdoc/>
    public override string Name => "world-questions";

    /// <inheritdoc/>
    public override string Description => "Who has what, as told; where a thing is after its owner has gone; after it was left; after it was given; after swaps among three people.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        var passage = new Passage(draw, level == 1 ? draw.Random.Between(2, 3) : level == 5 ? 3 : 2);
        int events = level switch { 1 => 0, 2 => 2, 3 => 4, 4 => 6, _ => 8 };
        for (int i = 0; i < events; i++)
        {
            passage.Continue(level);
        }
        return level == 1 ? passage.AskAsTold() : passage.AskAtEnd();
    }

    private protected override Verdict Judge(Problem problem, string answer) =>
        Array.Find(_choices, choices => choices.Contains(problem.Answer)) is { } candidates
            ? AnswerForm.JudgeChoice(problem, answer, candidates)
            : new Verdict(false, "The problem's own answer is none that the world gives.");

    private sealed class Passage
    {
        private readonly WorldSplit _split;
        private readonly SeededRandom _random;
        private readonly Simulation _world = new();
        private readonly Person[] _people;
        private readonly List<string> _sentences = [];
        private readonly Dictionary<Thing, List<string>> _trails = [];

        public Passage(ProblemDraw draw, int people)
        {
            (_split, _random) = (draw.Split, draw.Random);
            var world = new WorldDraw(_random, _split);
            _people = [.. Enumerable.Range(0, people).Select(world.Person)];
            foreach (Person person in _people)
            {
                Thing thing = world.Coloured(_kinds);
                _world.Own(person, thing);
                _trails[thing] = [$"{person.Name} has it."];
                _sentences.Add($"{person.Name} has {Tale.WithArticle(Tale.Described(thing))}.");
            }
        }

        // The split is kept by WorldDraw: held-out passages have a colour and thing, or names, that training never has.
        private bool IsWithheld => _split != WorldSplit.Training;

        public void Continue(int level)
        {
            Person actor = _random.Pick(_people);
            Thing[] held = [.. _world.Things.Where(thing => thing.Holder == actor)];
            Thing[] lying = [.. _world.Things.Where(thing => thing.Place is not null && thing.Place == actor.Place)];
            int choice = _random.Below(level switch { 2 => 1, 3 => 3, 4 => 4, _ => 5 });
            if (choice == 1 && held.Length > 0 && actor.Place is not null)
            {
                Thing thing = _random.Pick(held);
                Happen(new WorldEvent(EventKind.Lost, actor, Thing: thing, Place: actor.Place), $"{actor.Name} leaves the {thing.Kind.Name} there.");
                _trails[thing].Add($"It stays {actor.Place.There}.");
            }
            else if (choice == 2 && lying.Length > 0)
            {
                Thing thing = _random.Pick(lying);
                Happen(new WorldEvent(EventKind.Took, actor, Thing: thing), $"{actor.Name} takes the {thing.Kind.Name}.");
                _trails[thing].Add($"{actor.Name} has it.");
            }
            else if (choice >= 3 && held.Length > 0)
            {
                Give(actor, _random.Pick(held), swaps: choice == 4);
            }
            else
            {
                Go(actor, _random.Pick(_places));
            }
        }

        private void Give(Person actor, Thing thing, bool swaps)
        {
            Person other = _random.Pick(Array.FindAll(_people, person => person != actor));
            Thing? others = swaps ? _world.Things.Find(one => one.Holder == other) : null;
            Happen(new WorldEvent(others is null ? EventKind.Gave : EventKind.Swapped, actor, other, thing, others), others is null
                ? $"{actor.Name} gives the {thing.Kind.Name} to {other.Name}."
                : $"{actor.Name} and {other.Name} swap the {thing.Kind.Name} and the {others.Kind.Name}.");
            _trails[thing].Add(Receipt(other));
            if (others is not null)
            {
                _trails[others].Add(Receipt(actor));
            }
        }

        private static string Receipt(Person person) => person.Place is null ? $"{person.Name} has it." : $"{person.Name} has it, {person.Place.There}.";

        private void Go(Person actor, Place place)
        {
            if (place == actor.Place)
            {
                place = _places[(Array.IndexOf(_places, place) + 1) % _places.Length];
            }
            Happen(new WorldEvent(EventKind.Went, actor, Place: place), $"{actor.Name} goes to the {place.Name}.");
            foreach (Thing thing in _world.Things.Where(thing => thing.Holder == actor))
            {
                _trails[thing].Add($"{actor.Name} has it, {place.There}.");
            }
        }

        public ProblemDraft AskAsTold()
        {
            Thing thing = _random.Pick([.. _world.Things]);
            string owner = thing.Holder!.Name, fact = $"{owner} has {Tale.WithArticle(Tale.Described(thing))}.";
            return _random.Below(3) switch
            {
                0 => Draft($"Who has the {thing.Kind.Name}?", fact, owner),
                1 => Draft($"What does {owner} have?", fact, thing.Kind.Name),
                _ => Draft($"What colour is {owner}'s {thing.Kind.Name}?", fact, thing.Colour!),
            };
        }

        public ProblemDraft AskAtEnd()
        {
            // Most often about what moved most; now and then about something else.
            Thing thing = _random.OneIn(4) ? _random.Pick([.. _world.Things]) : _world.Things.MaxBy(one => _trails[one].Count)!;
            string trail = string.Join(' ', _trails[thing]);
            Place? place = thing.Place ?? thing.Holder?.Place;
            return place is not null && _random.Below(3) > 0
                ? Draft($"Where is the {Tale.Described(thing)}?", trail, place.Name)
                : Draft($"Who has the {Tale.Described(thing)}?", trail, thing.Holder?.Name ?? "nobody");
        }

        private ProblemDraft Draft(string question, string thoughts, string answer) =>
            new(Invariant($"{string.Join(' ', _sentences)} {question}"), thoughts, answer, IsWithheld);

        private void Happen(in WorldEvent what, string sentence)
        {
            _world.Apply(what);
            _sentences.Add(sentence);
        }
    }
}
