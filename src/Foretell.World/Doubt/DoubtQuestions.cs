namespace Foretell.World.Doubt;

/// <summary>
/// Questions of three kinds over passages of equal shape: three sentences about people, things and places. A question's form
/// and words are the same in all kinds, and so is the number of sentences, of colours and of names, so that only who did what
/// tells whether there is an answer.
/// </summary>
public static class DoubtQuestions
{
    private static readonly ThingKind[] _kinds = Array.FindAll(ThingsFor.Carried, kind => !kind.Name.Contains(' '));
    private static readonly Place[] _places = Array.FindAll(Places.All, place => !place.Name.Contains(' '));
    private static readonly Func<WorldDraw, DoubtKind, DoubtQuestion>[] _forms = [Whose, Where, Colour, Bought, Went, Works];

    /// <summary>A question of a kind that chance draws, each as often as the others.</summary>
    /// <param name="seed">All of its randomness.</param>
    /// <param name="split">Held-out passages have a colour and thing, or names, that training never has.</param>
    public static DoubtQuestion Generate(ulong seed, WorldSplit split) => Generate(seed, split, (DoubtKind)(SeededRandom.Combine(seed, 3) % 3));

    /// <summary>A question of one kind.</summary>
    public static DoubtQuestion Generate(ulong seed, WorldSplit split, DoubtKind kind)
    {
        var random = new SeededRandom(SeededRandom.Combine(SeededRandom.Combine(seed, 7_000_003), (ulong)split));
        return _forms[random.Below(_forms.Length)](new WorldDraw(random, split), kind);
    }

    private static DoubtQuestion Whose(WorldDraw draw, DoubtKind kind)
    {
        Person[] people = [draw.Person(0), draw.Person(1), draw.Person(2)];
        Thing first = draw.Coloured(_kinds);
        string thing = first.Kind.Name, colour = first.Colour!, other = draw.Colour(first.Kind, colour);
        ThingKind third = draw.Coloured(_kinds).Kind;
        string[] told = kind switch
        {
            DoubtKind.Answerable => [Has(people[0], colour, thing), Has(people[1], other, thing), Has(people[2], null, third.Name)],
            DoubtKind.Ambiguous => [Has(people[0], colour, thing), Has(people[1], colour, thing), Has(people[2], null, third.Name)],
            // The third may have a thing of the colour that is asked for, unless the split keeps the two apart.
            _ => [Has(people[0], null, thing), Has(people[1], other, thing), Has(people[2], draw.Split == WorldSplit.HeldOut || HeldOut.ColourOf(third) != colour ? colour : draw.Colour(third), third.Name)],
        };
        return Ask(draw, kind, "whose", told, $"Whose {thing} is {colour}?", $"{people[0].Name}'s.", people[0].Name, people[1].Name);
    }

    private static DoubtQuestion Where(WorldDraw draw, DoubtKind kind)
    {
        Person person = draw.Person(0);
        Thing first = draw.Coloured(_kinds), second = draw.Coloured(_kinds), third = draw.Coloured(_kinds);
        string thing = first.Kind.Name;
        (Place here, Place there) = TwoPlaces(draw.Random);
        string same = $"{draw.Colour(first.Kind, first.Colour)} {thing}";
        string[] told = kind switch
        {
            DoubtKind.Answerable => [Lies(Tale.Described(first), here), Lies(Tale.Described(second), there), $"{person.Name} likes the {Tale.Described(third)}."],
            DoubtKind.Ambiguous => [Lies(Tale.Described(first), here), Lies(same, there), $"{person.Name} likes the {Tale.Described(third)}."],
            _ => [$"{person.Name} likes the {Tale.Described(first)}.", Lies(Tale.Described(second), here), Lies(Tale.Described(third), there)],
        };
        return Ask(draw, kind, "where", told, $"Where is the {thing}?", Grammar.Capitalised(here.There) + ".", $"the {Tale.Described(first)}", $"the {same}");
    }

    private static DoubtQuestion Colour(WorldDraw draw, DoubtKind kind)
    {
        Person[] people = [draw.Person(0), draw.Person(1), draw.Person(2)];
        Thing first = draw.Coloured(_kinds), second = draw.Coloured(_kinds), plain = draw.Colourless(_kinds);
        string thing = (kind == DoubtKind.Unanswerable ? plain : first).Kind.Name;
        string last = Has(people[2], null, plain.Kind.Name);
        string[] told = kind == DoubtKind.Ambiguous
            ? [Has(people[0], first.Colour, thing), Has(people[1], draw.Colour(first.Kind, first.Colour), thing), last]
            : [Has(people[0], first.Colour, first.Kind.Name), Has(people[1], second.Colour, second.Kind.Name), last];
        return Ask(draw, kind, "colour", told, $"What colour is the {thing}?", Grammar.Capitalised(first.Colour!) + ".", $"{people[0].Name}'s {thing}", $"{people[1].Name}'s {thing}");
    }

    private static DoubtQuestion Bought(WorldDraw draw, DoubtKind kind) => ByPronoun(draw, kind, "bought", "What did {0} buy?", (person, thing, _, _) => $"{person.Name} bought {Tale.WithArticle(thing)}.", (thing, _, _) => Grammar.Capitalised(Tale.WithArticle(thing)) + ".");

    private static DoubtQuestion Went(WorldDraw draw, DoubtKind kind) => ByPronoun(draw, kind, "went", "Where did {0} go?", (person, _, place, _) => $"{person.Name} went to the {place.Name}.", (_, place, _) => $"To the {place.Name}.");

    private static DoubtQuestion Works(WorldDraw draw, DoubtKind kind) => ByPronoun(draw, kind, "works", "What does {0} work as?", (person, _, _, job) => $"{person.Name} works as {Tale.WithArticle(job)}.", (_, _, job) => Grammar.Capitalised(Tale.WithArticle(job)) + ".");

    // Two people do what is asked about, the third something else. He or she is one of the two, the third, or either of the two.
    private static DoubtQuestion ByPronoun(WorldDraw draw, DoubtKind kind, string form, string question, Func<Person, string, Place, string, string> tell, Func<string, Place, string, string> answer)
    {
        SeededRandom random = draw.Random;
        bool female = random.OneIn(2);
        Person one = draw.Person(0, kind == DoubtKind.Unanswerable ? !female : female);
        Person two = draw.Person(1, kind == DoubtKind.Ambiguous ? female : !female);
        Person three = draw.Person(2, kind == DoubtKind.Unanswerable ? female : !female);
        Thing[] things = [draw.Coloured(_kinds), draw.Coloured(_kinds), draw.Coloured(_kinds)];
        (Place here, Place there) = TwoPlaces(random);
        string job = random.Pick(People.Jobs), otherJob;
        do
        {
            otherJob = random.Pick(People.Jobs);
        }
        while (otherJob == job);
        string held = Tale.Described(things[0]), bought = Tale.Described(things[1]);
        // What holds a colour in every form: without it a held-out passage would not be one.
        string else3 = form == "bought"
            ? random.OneIn(2) ? $"{three.Name} went to the {here.Name}." : $"{three.Name} works as {Tale.WithArticle(job)}."
            : $"{three.Name} bought {Tale.WithArticle(held)}.";
        string[] told = [tell(one, held, here, job), tell(two, bought, there, otherJob), else3];
        return Ask(draw, kind, form, told, string.Format(System.Globalization.CultureInfo.InvariantCulture, question, female ? "she" : "he"), answer(held, here, job), one.Name, two.Name);
    }

    private static DoubtQuestion Ask(WorldDraw draw, DoubtKind kind, string form, string[] told, string question, string answer, string reading, string otherReading)
    {
        draw.Random.Shuffle<string>(told);
        string passage = string.Join(' ', told);
        // The readings in the order of the passage, so that the clarifying question is one only.
        bool inOrder = IndexOf(passage, reading) <= IndexOf(passage, otherReading);
        string[] readings = inOrder ? [reading, otherReading] : [otherReading, reading];
        return kind switch
        {
            DoubtKind.Answerable => new DoubtQuestion(kind, form, passage, question, answer, []),
            DoubtKind.Ambiguous => new DoubtQuestion(kind, form, passage, question, $"Do you mean {readings[0]} or {readings[1]}?", readings),
            _ => new DoubtQuestion(kind, form, passage, question, DoubtQuestion.Unknown, []),
        };
    }

    // Of "the red ball" or "Anna's ball", what the passage says of it too.
    private static int IndexOf(string passage, string reading) =>
        passage.IndexOf(reading.Split("'s ")[0].Replace("the ", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);

    private static (Place Here, Place There) TwoPlaces(SeededRandom random)
    {
        Place[] places = [.. _places];
        random.Shuffle<Place>(places);
        return (places[0], places[1]);
    }

    private static string Has(Person person, string? colour, string thing) => $"{person.Name} has {Tale.WithArticle(colour is null ? thing : $"{colour} {thing}")}.";

    private static string Lies(string thing, Place place) => $"The {thing} is {place.There}.";
}
