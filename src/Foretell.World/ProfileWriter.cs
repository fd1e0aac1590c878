namespace Foretell.World;

/// <summary>Listed facts about some people, each fact told or left out by chance, and questions about all of them.</summary>
internal static class ProfileWriter
{
    private static readonly string[] _foods = ["cake", "bread", "cheese", "soup", "rice", "honey", "salad", "chocolate"];
    private static readonly string[] _pets = ["dog", "cat", "horse", "parrot", "rabbit", "goat"];

    public static WorldDocument Write(WorldDraw draw)
    {
        SeededRandom random = draw.Random;
        var text = new Composer(random);
        var facts = new List<WorldFact>();
        var queries = new List<Query>();
        int people = random.Between(2, 3);
        var someone = new Person[people];
        for (int i = 0; i < people; i++)
        {
            someone[i] = draw.Person(i);
        }
        int owner = random.Below(people);
        for (int i = 0; i < people; i++)
        {
            Describe(draw, text, someone[i], i == owner, facts, queries);
        }
        if (random.OneIn(2))
        {
            (text.A, text.B) = (someone[0], someone[1]);
            text.Say(["{A.n} and {B.n} are friends.", "{A.n} often visits {B.n}.", "{B.n} lives next to {A.n}."]);
        }
        List<QuestionAnswer> asked = QuestionWriter.Ask(random, text, queries, random.Between(2, 5), QuestionWriter.Unknown);
        return new WorldDocument(DocumentKind.Questions, text.ToString(), new QuestionsTruth(facts, asked));
    }

    private static void Describe(WorldDraw draw, Composer text, Person person, bool ownsThing, List<WorldFact> facts, List<Query> queries)
    {
        SeededRandom random = draw.Random;
        text.A = person;
        string name = person.Name;
        string? job = Told() ? random.Pick(People.Jobs) : null;
        if (job is not null)
        {
            Tell("job", job, ["{A} is {W.a}.", "{A} works as {W.a}.", "{A} has been {W.a} for years."]);
        }
        queries.Add(new Query($"What does {name} work as?", job is null ? null : Grammar.Capitalised(Tale.WithArticle(job)) + "."));

        int? age = Told() ? draw.Number(20, 80) : null;
        if (age is int years)
        {
            text.N = years;
            Tell("age", Grammar.InFigures(years), ["{A} is {N.f} years old.", "{A} has just turned {N.f}."]);
        }
        queries.Add(new Query($"How old is {name}?", age is int old ? $"{Grammar.InFigures(old)}." : null));

        string? food = Told() ? random.Pick(_foods) : null;
        if (food is not null)
        {
            Tell("food", food, ["{A} likes {W} best.", "{A.s} favourite food is {W}.", "{A} eats {W} every day."]);
        }
        queries.Add(new Query($"What does {name} like to eat?", food is null ? null : Grammar.Capitalised(food) + "."));

        Place? home = Told() ? random.Pick(Places.Outdoors) : null;
        if (home is not null)
        {
            text.P = home;
            Tell("home", home.Name, ["{A} lives near {P}.", "{A.s} house stands near {P}.", "{A} has a house near {P}."]);
        }
        queries.Add(new Query($"Where does {name} live?", home is null ? null : $"Near the {home.Name}."));

        string? pet = Told() ? random.Pick(_pets) : null;
        if (pet is not null)
        {
            Tell("pet", pet, ["{A} has {W.a}.", "{A} keeps {W.a}.", "{A.s} pet is {W.a}."]);
        }
        queries.Add(new Query($"What pet does {name} have?", pet is null ? null : Grammar.Capitalised(Tale.WithArticle(pet)) + "."));

        Thing? thing = ownsThing || Told() ? draw.Coloured(ThingsFor.Any) : null;
        if (thing is not null)
        {
            text.T = thing;
            Tell("owns", Tale.Described(thing), ["{A} owns {T.a}.", "{A} has bought {T.a}.", "{T.a} belongs to {A.o}.", "{A} keeps {T.a} at home."]);
            facts.Add(new WorldFact("colour", thing.Kind.Name, thing.Colour!));
            queries.Add(new Query($"Who owns the {thing.Kind.Name}?", $"{name} does."));
            queries.Add(new Query($"What colour is the {thing.Kind.Name}?", Grammar.Capitalised(thing.Colour!) + "."));
            queries.Add(new Query($"How much did the {thing.Kind.Name} cost?", null));
        }

        bool Told() => random.Below(5) < 2;

        void Tell(string relation, string value, string[] templates)
        {
            text.W = value;
            text.Say(templates);
            facts.Add(new WorldFact(relation, name, value));
        }
    }
}
