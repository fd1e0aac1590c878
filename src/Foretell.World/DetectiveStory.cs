namespace Foretell.World;

/// <summary>
/// Detective stories. The culprit's part in the puzzle is fixed first, names and the order of telling are dealt afterwards at
/// random: so neither place nor number of mentions tells who did it, only the clues do.
/// </summary>
internal sealed class DetectiveStory
{
    private static readonly string[] _days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    private static readonly string[] _parts = ["morning", "afternoon", "evening"];

    private static readonly string[] _openings =
    [
        "On {W} {X} {T.a} was stolen from {P}.", "Someone stole {T.a} from {P} on {W} {X}.", "{T} was gone! Someone had taken it from {P} on {W} {X}.",
        "It was {W} {X}. {T.a} was missing from {P}.", "On {W} {X} a thief came to {P} and took {T.a}.", "There was trouble {P.in} on {W}. {T.a} was stolen in the {X}.",
    ];

    private static readonly string[] _openingsWithoutTime =
    [
        "On {W} {T.a} was stolen from {P}.", "Someone stole {T.a} from {P} on {W}.", "{T} was gone! On {W} someone had taken it from {P}.",
        "It was {W}. {T.a} was missing from {P}.", "On {W} a thief came to {P} and took {T.a}.",
    ];

    private static readonly string[] _lists =
        ["{W} were the suspects.", "There were {N} suspects: {W}.", "The police asked {W}.", "{W} were in town that day.", "The detective spoke with {W}."];

    private static readonly string[] _endings =
    [
        "So the thief was", "The thief was", "So it was", "It must have been", "The one who did it was", "Who was the thief? It was",
        "Now the detective knew that it was", "And so the police went to", "The answer was easy: it was", "It can only have been",
    ];

    private static readonly string[] _alibis =
        ["The {W} saw {A.n} {P.in}.", "At that time {A.n} was {P.in} with the {W}.", "{A.n} was helping the {W} {P.in}.", "The {W} was with {A.n} {P.in}."];

    private static readonly string[] _noAlibis =
        ["Nobody had seen {A.n}.", "Nobody knew where {A.n} was.", "No one was with {A.n} at that time.", "{A.n} was alone, and no one could say where."];

    private static readonly string[] _exchanges =
    [
        "Then {A.n} and {B.n} swapped what they had.", "After that {A.n} and {B.n} changed with each other.",
        "A little later {A.n} and {B.n} traded their things.", "But then {A.n} swapped with {B.n}.",
    ];

    private readonly WorldDraw _draw;
    private readonly SeededRandom _random;
    private readonly Composer _text;
    private readonly int _level;
    private readonly Person[] _suspects;
    private readonly Person _culprit;
    private readonly List<SuspectFact> _facts = [];
    private readonly List<Clue> _clues = [];
    private readonly List<Action> _factLines = [];
    private readonly List<Action> _clueLines = [];
    private bool _cluesLast;
    private bool _saysTime = true;

    private DetectiveStory(WorldDraw draw, int level)
    {
        (_draw, _random, _level) = (draw, draw.Random, level);
        _text = new Composer(_random);
        int count = level switch { 1 => _random.Between(2, 4), 2 => _random.Between(3, 4), _ => _random.Between(2, 4) };
        _suspects = new Person[count];
        for (int i = 0; i < count; i++)
        {
            _suspects[i] = draw.Person(i);
        }
        _culprit = _suspects[_random.Below(count)];
    }

    public static WorldDocument Write(WorldDraw draw, int? level)
    {
        int chance = draw.Random.Below(20);
        return new DetectiveStory(draw, level ?? (chance < 9 ? 1 : chance < 15 ? 2 : 3)).Tell();
    }

    private WorldDocument Tell()
    {
        Thing stolen = _draw.Coloured(_precious);
        Place scene = _random.Pick(_scenes);
        _text.T = stolen;
        _text.P = scene;
        Plan();

        _text.W = _random.Pick(_days);
        _text.X = _random.Pick(_parts);
        _text.Say(_saysTime ? _openings : _openingsWithoutTime);
        Person[] order = [.. _suspects];
        _random.Shuffle<Person>(order);
        // Four suspects with two facts each are long enough without a list.
        bool listed = _random.Below(3) > 0 && !(_level > 1 && order.Length == 4);
        if (listed)
        {
            _text.W = List(order);
            _text.N = order.Length;
            _text.Say(_lists);
        }

        _random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_clueLines));
        int before = _cluesLast || !listed ? 0 : _random.Below(_clueLines.Count + 1);
        Run(_clueLines, 0, before);
        Run(_factLines, 0, _factLines.Count);
        Run(_clueLines, before, _clueLines.Count);

        _text.Say(_endings);
        int promptLength = _text.Length;
        _text.A = _culprit;
        _text.Write(" {A.n}.");
        return new WorldDocument(DocumentKind.Detective, _text.ToString(),
            new DetectiveTruth(_level, Array.ConvertAll(order, person => person.Name), _culprit.Name, _facts, _clues, promptLength));
    }

    private static readonly ThingKind[] _precious =
        [.. Things.For(ThingUse.Precious), .. Things.For(ThingUse.Toy)];

    private static readonly Place[] _scenes =
        [new("old house", "in", false), new("town hall", "in", false), new("hotel", "in", false), new("castle", "in", false), new("bank", "in", false), new("church", "in", false)];

    private static void Run(List<Action> lines, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            lines[i]();
        }
    }

    private void Plan()
    {
        switch (_level)
        {
            case 1 when _random.Below(4) == 0: PlanAlibis(); break;
            case 1: PlanOneAspect(); break;
            case 2: PlanTwoAspects(related: false); break;
            default:
                int form = _random.Below(_suspects.Length == 4 ? 3 : 2);
                if (form == 0)
                {
                    PlanTimes();
                }
                else if (form == 1)
                {
                    PlanExchange();
                }
                else
                {
                    PlanTwoAspects(related: true);
                }
                break;
        }
    }

    private void PlanAlibis()
    {
        string[] jobs = Values(People.Jobs, _suspects.Length);
        Place[] places = [.. Places.All];
        _random.Shuffle<Place>(places);
        _clues.Add(new Clue("witness", "nobody", "", true));
        for (int i = 0; i < _suspects.Length; i++)
        {
            Person suspect = _suspects[i];
            (string job, Place place) = (jobs[i], places[i]);
            bool guilty = suspect == _culprit;
            _facts.Add(new SuspectFact(suspect.Name, "witness", guilty ? "nobody" : job, ""));
            _factLines.Add(() =>
            {
                _text.A = suspect;
                _text.W = job;
                _text.P = place;
                _text.Say(guilty ? _noAlibis : _alibis);
            });
        }
        ShuffleFacts();
    }

    private void PlanOneAspect()
    {
        DetectiveAspect aspect = DetectiveAspect.Draw(_draw, null);
        string[] values = Values(aspect.Values, _suspects.Length);
        SayEach(aspect, values);
        bool positive = _random.Below(5) < 3;
        AddClues(aspect, values, _culprit.Index, positive);
        ShuffleFacts();
    }

    // The culprit shares each aspect with someone, and both together with no one.
    private void PlanTwoAspects(bool related)
    {
        DetectiveAspect first = DetectiveAspect.Draw(_draw, null), second = DetectiveAspect.Draw(_draw, first);
        int count = _suspects.Length;
        string[] firstValues = Values(first.Values, 2), secondValues = Values(second.Values, 2);
        (int First, int Second)[] patterns = [(0, 1), (1, 0), (1, 1)];
        if (!related && count == 4)
        {
            patterns[2] = _random.Pick(patterns);
        }
        string[] firsts = new string[count], seconds = new string[count];
        int next = 0;
        for (int i = 0; i < count; i++)
        {
            (int First, int Second) pattern = i == _culprit.Index ? (0, 0) : patterns[next++];
            firsts[i] = firstValues[pattern.First];
            seconds[i] = secondValues[pattern.Second];
        }
        int leader = _random.Below(count), follower = -1;
        for (int i = 0; related && i < count; i++)
        {
            follower = i != leader && firsts[i] == firsts[leader] ? i : follower;
        }
        for (int i = 0; i < count; i++)
        {
            Person suspect = _suspects[i];
            (string firstValue, string secondValue) = (firsts[i], seconds[i]);
            Person? other = i == follower ? _suspects[leader] : null;
            _facts.Add(new SuspectFact(suspect.Name, first.Name, firstValue, ""));
            _facts.Add(new SuspectFact(suspect.Name, second.Name, secondValue, ""));
            _factLines.Add(() => SayTwo(suspect, first, firstValue, second, secondValue, other));
        }
        ShuffleFacts();
        AddClues(first, firsts, _culprit.Index, _random.Below(3) > 0);
        AddClues(second, seconds, _culprit.Index, _random.Below(3) > 0);
    }

    private void SayTwo(Person suspect, DetectiveAspect first, string firstValue, DetectiveAspect second, string secondValue, Person? like)
    {
        (_text.A, _text.B) = (suspect, like);
        _text.Forget();
        string phrase = _random.Pick(first.Phrases).Replace("{W", "{X"), other = _random.Pick(second.Phrases);
        (_text.X, _text.W) = (firstValue, secondValue);
        if (like is not null)
        {
            _text.Say($"{{A.n}} {other}. {first.Same}");
        }
        else
        {
            switch (_random.Below(4))
            {
                case 0: _text.Say($"{{A.n}} {other} and {phrase}."); break;
                case 1: _text.Say($"{{A.n}} {phrase}. {{A.he}} {other}."); break;
                default: _text.Say($"{{A.n}} {phrase} and {other}."); break;
            }
        }
    }

    // Everyone is in two places in turn; the culprit was at the scene at the right time, someone else at the wrong one.
    private void PlanTimes()
    {
        _saysTime = false;
        int count = _suspects.Length;
        string[] times = _random.OneIn(2) ? ["in the morning", "in the afternoon"] : _random.OneIn(2) ? ["at noon", "at night"] : ["before lunch", "after lunch"];
        string[] places = Values(DetectiveAspect.Whereabouts.Values, count);
        int when = _random.Below(2);
        string[][] at = [new string[count], new string[count]];
        int decoy = (_culprit.Index + 1 + _random.Below(count - 1)) % count;
        for (int i = 0; i < count; i++)
        {
            bool guilty = i == _culprit.Index;
            at[when][i] = guilty ? places[0] : places[1 + _random.Below(count - 1)];
            do
            {
                at[1 - when][i] = i == decoy ? places[0] : places[_random.Below(count)];
            }
            while (at[0][i] == at[1][i]);
        }
        for (int i = 0; i < count; i++)
        {
            Person suspect = _suspects[i];
            (string early, string late) = (at[0][i], at[1][i]);
            _facts.Add(new SuspectFact(suspect.Name, "place", early, times[0]));
            _facts.Add(new SuspectFact(suspect.Name, "place", late, times[1]));
            int order = _random.Below(3);
            _factLines.Add(() =>
            {
                (_text.A, _text.W, _text.X) = (suspect, early, late);
                _text.Say(order switch
                {
                    0 => $"{Grammar.Capitalised(times[0])} {{A.n}} was {{W}}, and {times[1]} {{A.he}} was {{X}}.",
                    1 => $"{{A.n}} was {{W}} {times[0]} and {{X}} {times[1]}.",
                    _ => $"{Grammar.Capitalised(times[1])} {{A.n}} was {{X}}, but {times[0]} {{A.he}} was {{W}}.",
                });
            });
        }
        ShuffleFacts();
        _clues.Add(new Clue("place", places[0], times[when], true));
        string[] clue = [$"The thief was {places[0]} {times[when]}.", $"{Grammar.Capitalised(times[when])} the thief was {places[0]}.", $"A child saw the thief {places[0]} {times[when]}."];
        _clueLines.Add(() => _text.Say(clue));
    }

    // Two of the suspects, whoever they are, exchange what they carry.
    private void PlanExchange()
    {
        DetectiveAspect carried = DetectiveAspect.Others[0];
        string[] values = Values(carried.Values, _suspects.Length);
        int count = _suspects.Length, first = _random.Below(count), second = (first + 1 + _random.Below(count - 1)) % count;
        string[] before = [.. values];
        (values[first], values[second]) = (values[second], values[first]);
        for (int i = 0; i < count; i++)
        {
            Person suspect = _suspects[i];
            string value = before[i];
            _facts.Add(new SuspectFact(suspect.Name, carried.Name, values[i], ""));
            _factLines.Add(() => Say(carried, suspect, value));
        }
        ShuffleFacts();
        _factLines.Add(() =>
        {
            (_text.A, _text.B) = (_suspects[first], _suspects[second]);
            _text.Say(_exchanges);
        });
        _cluesLast = true;
        AddClues(carried, values, _culprit.Index, positive: true);
    }

    private void SayEach(DetectiveAspect aspect, string[] values)
    {
        for (int i = 0; i < _suspects.Length; i++)
        {
            Person suspect = _suspects[i];
            string value = values[i];
            _facts.Add(new SuspectFact(suspect.Name, aspect.Name, value, ""));
            _factLines.Add(() => Say(aspect, suspect, value));
        }
    }

    private void Say(DetectiveAspect aspect, Person suspect, string value)
    {
        (_text.A, _text.W) = (suspect, value);
        _text.Say("{A.n} " + _random.Pick(aspect.Phrases) + ".");
    }

    private void AddClues(DetectiveAspect aspect, string[] values, int culprit, bool positive)
    {
        if (positive)
        {
            string value = values[culprit];
            _clues.Add(new Clue(aspect.Name, value, "", true));
            _clueLines.Add(() =>
            {
                _text.W = value;
                _text.Say(aspect.Clues);
            });
            return;
        }
        var others = new List<string>();
        foreach (string value in values)
        {
            if (value != values[culprit] && !others.Contains(value))
            {
                others.Add(value);
                _clues.Add(new Clue(aspect.Name, value, "", false));
            }
        }
        _random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(others));
        _clueLines.Add(() =>
        {
            var items = new Composer(_random);
            items.Write("x");
            for (int i = 0; i < others.Count; i++)
            {
                items.W = others[i];
                items.Write(i == 0 ? "" : i == others.Count - 1 ? " or " : ", ");
                items.Write(aspect.Item);
            }
            _text.X = items.ToString()[1..];
            _text.Say(aspect.Denials);
        });
    }

    private string[] Values(string[] values, int count)
    {
        string[] picked = new string[count];
        for (int i = 0; i < count; i++)
        {
            do
            {
                picked[i] = _random.Pick(values);
            }
            while (Array.IndexOf(picked, picked[i]) < i);
        }
        return picked;
    }

    private void ShuffleFacts() => _random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_factLines));

    private static string List(Person[] people)
    {
        string list = people[0].Name;
        for (int i = 1; i < people.Length; i++)
        {
            list += (i == people.Length - 1 ? " and " : ", ") + people[i].Name;
        }
        return list;
    }
}
