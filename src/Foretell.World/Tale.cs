namespace Foretell.World;

/// <summary>A question that the tale's world answers, or does not (<see cref="Answer"/> null).</summary>
internal readonly record struct Query(string Question, string? Answer);

/// <summary>
/// A simulation that is told while it happens: every method is an event, written as a sentence, applied to the state and
/// remembered with the questions that it answers.
/// </summary>
internal sealed class Tale
{
    private static readonly string[] _weathers = ["sunny", "cold", "warm", "windy", "bright", "quiet", "cloudy", "fine"];
    private static readonly string[] _parts = ["morning", "afternoon", "evening"];

    private bool _begun;

    public Tale(WorldDraw draw)
    {
        (Draw, Random) = (draw, draw.Random);
        Text = new Composer(Random);
        Hero = draw.Person(0);
        // Different genders make most pronouns clear.
        Friend = draw.Person(1, Random.Below(4) == 0 ? Hero.Female : !Hero.Female);
        World.People.Add(Hero);
        World.People.Add(Friend);
    }

    public WorldDraw Draw { get; }
    public SeededRandom Random { get; }
    public Composer Text { get; }
    public Simulation World { get; } = new();
    public Person Hero { get; }
    public Person Friend { get; }
    public List<Query> Queries { get; } = [];
    public List<WorldFact> Facts { get; } = [];

    public bool AreTogether => Friend.Place is not null && Friend.Place == Hero.Place;

    public bool Features(Person person) => World.Events.Exists(what => what.Actor == person || what.Other == person);

    public void Say(string[] templates) => Text.Say(templates);

    /// <summary>Says who is where, and what the hero is like.</summary>
    public void Begin(Place place)
    {
        Text.A = Hero;
        Text.P = place;
        if (_begun)
        {
            if (Random.OneIn(2))
            {
                Text.NewLine();
            }
            if (place == Hero.Place)
            {
                Text.Say(Random.OneIn(2) ? "The next day {A.n} was {P.in} again." : "A week later {A.n} came back to {P}.");
            }
            else
            {
                Say(StoryTemplates.Later);
            }
            Hero.Place = place;
            Friend.Place = null;
            return;
        }
        _begun = true;
        Hero.Place = place;
        if (Random.OneIn(2))
        {
            Text.W = Random.Pick(_weathers);
            Text.X = Random.Pick(_parts);
            Say(StoryTemplates.Openings);
            Queries.Add(new Query($"What did {Hero.Name} work as?", null));
        }
        else
        {
            Text.W = Hero.Trait = Random.Pick(People.Traits);
            Text.X = Hero.Job = Random.Pick(People.Jobs);
            Say(StoryTemplates.OpeningsWithPerson);
            Facts.Add(new WorldFact("trait", Hero.Name, Hero.Trait));
            Facts.Add(new WorldFact("job", Hero.Name, Hero.Job));
            Queries.Add(new Query($"What did {Hero.Name} work as?", Grammar.Capitalised(WithArticle(Hero.Job)) + "."));
        }
        if (Random.OneIn(3))
        {
            Relate();
        }
        if (Draw.OwesHeldOut && Random.OneIn(2))
        {
            Have(Hero, Draw.Coloured(ThingsFor.Clothing));
        }
    }

    private void Relate()
    {
        (Text.A, Text.B) = (Hero, Friend);
        Text.W = Random.Below(4) switch
        {
            0 => "friend",
            1 => "neighbour",
            2 => "cousin",
            _ => Friend.Female ? "sister" : "brother",
        };
        Text.Say(Random.OneIn(2) ? "{B.n} was {A.his} {W}." : "{A} had a {W} called {B.n}.");
        Facts.Add(new WorldFact(Text.W, Hero.Name, Friend.Name));
        Queries.Add(new Query($"Who was {Hero.Name}'s {Text.W}?", $"{Friend.Name} was."));
    }

    public void Have(Person owner, Thing thing)
    {
        World.Own(owner, thing);
        (Text.A, Text.T) = (owner, thing);
        Say(thing.Kind.Is(ThingUse.Paintable) ? StoryTemplates.HadAtHome : StoryTemplates.Had);
    }

    /// <summary>Brings the other to where the first is, if the other is not there.</summary>
    public void Meet(Person person, Person other)
    {
        if (other.Place == person.Place)
        {
            return;
        }
        (Text.A, Text.B, Text.P) = (person, other, person.Place);
        Happen(new WorldEvent(EventKind.Met, person, other, Place: person.Place), StoryTemplates.Met);
    }

    public void Go(Person person, Place place, string? reason = null)
    {
        if (person.Place == place)
        {
            return;
        }
        (Text.A, Text.P, Text.W) = (person, place, reason);
        Happen(new WorldEvent(EventKind.Went, person, Place: place, Reason: reason), reason is null ? StoryTemplates.Went : StoryTemplates.WentBecause);
        Queries.Add(new Query($"Why did {person.Name} go to the {place.Name}?", reason is null ? null : $"Because {reason}."));
    }

    public void Lose(Person person, Thing thing, Place place)
    {
        (Text.A, Text.T, Text.P) = (person, thing, place);
        Happen(new WorldEvent(EventKind.Lost, person, Thing: thing, Place: place), StoryTemplates.Lost);
        Queries.Add(new Query($"Who lost the {thing.Kind.Name}?", $"{person.Name} did."));
    }

    public void Find(Person person, Thing thing, Place place)
    {
        (Text.A, Text.T, Text.P) = (person, thing, place);
        Happen(new WorldEvent(EventKind.Found, person, Thing: thing, Place: place), StoryTemplates.Found);
        Queries.Add(new Query($"Who found the {thing.Kind.Name}?", $"{person.Name} did."));
        Queries.Add(new Query($"Where did {person.Name} find the {thing.Kind.Name}?", Grammar.Capitalised(place.There) + "."));
    }

    public void Give(Person giver, Thing thing, Person receiver, string? reason = null, string[]? templates = null)
    {
        (Text.A, Text.B, Text.T, Text.W) = (giver, receiver, thing, reason);
        Happen(new WorldEvent(EventKind.Gave, giver, receiver, thing, Reason: reason),
            templates ?? (reason is null ? StoryTemplates.Gave : StoryTemplates.GaveBecause));
        Queries.Add(new Query($"Who gave the {thing.Kind.Name} to {receiver.Name}?", $"{giver.Name} did."));
        Queries.Add(new Query($"To whom did {giver.Name} give the {thing.Kind.Name}?", $"To {receiver.Name}."));
        if (templates is null)
        {
            Queries.Add(new Query($"Why did {giver.Name} give the {thing.Kind.Name} to {receiver.Name}?", reason is null ? null : $"Because {reason}."));
        }
    }

    public void Buy(Person person, Thing thing, int price)
    {
        (Text.A, Text.T, Text.N) = (person, thing, price);
        Happen(new WorldEvent(EventKind.Bought, person, Thing: thing, Place: person.Place, Number: price), StoryTemplates.Bought);
        Queries.Add(new Query($"What did {person.Name} buy?", Grammar.Capitalised(WithArticle(Described(thing))) + "."));
        Queries.Add(new Query($"How much did the {thing.Kind.Name} cost?", $"{Grammar.Capitalised(Grammar.InWords(price))} {Grammar.Coins(price)}."));
        Facts.Add(new WorldFact("price", thing.Kind.Name, Grammar.InWords(price)));
    }

    public void Break(Person person, Thing thing, string reason)
    {
        (Text.A, Text.T, Text.W) = (person, thing, reason);
        Happen(new WorldEvent(EventKind.Broke, person, Thing: thing, Reason: reason), StoryTemplates.Broke);
        Queries.Add(new Query($"Who broke the {thing.Kind.Name}?", $"{person.Name} did."));
        Queries.Add(new Query($"Why did the {thing.Kind.Name} break?", $"Because {reason}."));
    }

    public void Do(EventKind kind, Person person, Thing thing, string[] templates, string question)
    {
        (Text.A, Text.T) = (person, thing);
        Happen(new WorldEvent(kind, person, Thing: thing, Place: person.Place), templates);
        Queries.Add(new Query($"Who {question} the {thing.Kind.Name}?", $"{person.Name} did."));
    }

    public void Paint(Person person, Thing thing)
    {
        string colour = Draw.Colour(thing.Kind, thing.Colour);
        (Text.A, Text.T, Text.W) = (person, thing, colour);
        Happen(new WorldEvent(EventKind.Painted, person, Thing: thing, Colour: colour), StoryTemplates.Painted);
        thing.ColourTold = true;
        Queries.Add(new Query($"Who painted the {thing.Kind.Name}?", $"{person.Name} did."));
    }

    public void Gather(Person person, CountedKind kind, int number)
    {
        (Text.A, Text.K, Text.N, Text.W, Text.P) = (person, kind, number, kind.Verb, person.Place);
        Happen(new WorldEvent(EventKind.Gathered, person, Counted: kind, Number: number), StoryTemplates.Gathered);
    }

    public void Share(Person giver, Person receiver, CountedKind kind, int number)
    {
        (Text.A, Text.B, Text.K, Text.M) = (giver, receiver, kind, number);
        Text.R = World.Count(giver, kind) - number;
        Happen(new WorldEvent(EventKind.Shared, giver, receiver, Counted: kind, Number: number), StoryTemplates.Shared);
        Queries.Add(new Query($"How many {kind.Plural} did {giver.Name} give to {receiver.Name}?", Grammar.Answer(number)));
    }

    public void Eat(Person person, CountedKind kind, int number)
    {
        (Text.A, Text.K, Text.N) = (person, kind, number);
        Happen(new WorldEvent(EventKind.Ate, person, Counted: kind, Number: number), StoryTemplates.Ate);
        Queries.Add(new Query($"How many {kind.Plural} did {person.Name} eat?", Grammar.Answer(number)));
    }

    public void Swap(Person person, Thing thing, Person other, Thing others)
    {
        (Text.A, Text.T, Text.B, Text.U) = (person, thing, other, others);
        Happen(new WorldEvent(EventKind.Swapped, person, other, thing, others), StoryTemplates.Swapped);
    }

    private void Happen(in WorldEvent what, string[] templates)
    {
        string template = Random.Pick(templates);
        bool follows = what.Kind is EventKind.Went or EventKind.Gave or EventKind.Hid or EventKind.Painted or EventKind.Repaired && World.Events.Count > 0 && template.StartsWith("{A}", StringComparison.Ordinal) && Random.Below(4) == 0;
        Text.Say(follows ? Random.Pick(StoryTemplates.Connectives) + template : template);
        World.Apply(what);
        Facts.Add(FactOf(what));
    }

    private static WorldFact FactOf(in WorldEvent what)
    {
        string thing = what.Thing is null ? (what.Number == 1 ? what.Counted?.Singular : what.Counted?.Plural) ?? "" : what.Thing.Kind.Name;
        string value = what.Kind switch
        {
            EventKind.Went => what.Place!.Name,
            EventKind.Met => $"{what.Other!.Name}, {what.Place!.Name}",
            EventKind.Gave => $"{thing}, {what.Other!.Name}",
            EventKind.Lost or EventKind.Found or EventKind.Hid or EventKind.Rescued => $"{thing}, {what.Place!.Name}",
            EventKind.Bought => $"{thing}, {Grammar.InWords(what.Number)}",
            EventKind.Painted => $"{thing}, {what.Colour}",
            EventKind.Gathered or EventKind.Ate => $"{Grammar.InWords(what.Number)} {thing}",
            EventKind.Shared => $"{Grammar.InWords(what.Number)} {thing}, {what.Other!.Name}",
            EventKind.Swapped => $"{thing}, {what.Swapped!.Kind.Name}, {what.Other!.Name}",
            _ => thing,
        };
        return new WorldFact(what.Kind.ToString(), what.Actor.Name, value);
    }

    /// <summary>Everything that holds when the tale is over.</summary>
    public List<WorldFact> FinalState()
    {
        var facts = new List<WorldFact>();
        foreach (Thing thing in World.Things)
        {
            if (thing.Holder is not null)
            {
                facts.Add(new WorldFact("has", thing.Holder.Name, thing.Kind.Name));
            }
            else if (thing.Place is not null)
            {
                facts.Add(new WorldFact("at", thing.Kind.Name, thing.Place.Name));
            }
            if (thing.Colour is not null)
            {
                facts.Add(new WorldFact("colour", thing.Kind.Name, thing.Colour));
            }
            if (thing.Broken)
            {
                facts.Add(new WorldFact("broken", thing.Kind.Name, "yes"));
            }
        }
        foreach ((Person owner, CountedKind kind, int number) in World.Counts)
        {
            facts.Add(new WorldFact("count", owner.Name, $"{Grammar.InWords(number)} {(number == 1 ? kind.Singular : kind.Plural)}"));
        }
        foreach (Person person in World.People)
        {
            if (person.Coins is int coins)
            {
                facts.Add(new WorldFact("coins", person.Name, Grammar.InWords(coins)));
            }
        }
        return facts;
    }

    public static string Described(Thing thing) => thing.Colour is null ? thing.Kind.Name : $"{thing.Colour} {thing.Kind.Name}";

    public static string WithArticle(string words) => $"{Grammar.Article(words)} {words}";
}

/// <summary>The kinds of things by use, found once.</summary>
internal static class ThingsFor
{
    public static readonly ThingKind[] Toys = Things.For(ThingUse.Toy);
    public static readonly ThingKind[] Clothing = Things.For(ThingUse.Clothing);
    public static readonly ThingKind[] Fragile = Things.For(ThingUse.Fragile);
    public static readonly ThingKind[] Paintable = Things.For(ThingUse.Paintable);
    public static readonly ThingKind[] Flying = Things.For(ThingUse.Flies);
    public static readonly ThingKind[] Made = Things.For(ThingUse.Made);
    public static readonly ThingKind[] Carried = [.. Toys, .. Clothing, .. Things.For(ThingUse.Precious), .. Things.For(ThingUse.Tool)];
    public static readonly ThingKind[] Any = Things.Kinds;
}
