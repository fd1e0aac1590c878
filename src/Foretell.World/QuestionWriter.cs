namespace Foretell.World;

/// <summary>
/// A passage or a list of facts, then questions. A question without an answer in the text gets an honest one: the same forms
/// are asked with and without an answer, so that only the text tells which it is.
/// </summary>
internal static class QuestionWriter
{
    /// <summary>The answer where a story leaves a question open.</summary>
    public const string StorySaysNothing = "The story does not say.";

    /// <summary>The answer where listed facts leave a question open.</summary>
    public const string Unknown = "I don't know.";

    public static WorldDocument Write(WorldDraw draw) => draw.Random.Below(10) < 7 ? AboutStory(draw) : ProfileWriter.Write(draw);

    /// <summary>Adds up to <paramref name="count"/> questions, about half of the chances to ask an open one being taken.</summary>
    public static List<QuestionAnswer> Ask(SeededRandom random, Composer text, List<Query> queries, int count, string open)
    {
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(queries));
        var asked = new List<QuestionAnswer>();
        bool wantsOpen = random.OneIn(3);
        for (int i = 0; i < queries.Count && asked.Count < count; i++)
        {
            Query query = queries[i];
            if ((query.Answer is null) != wantsOpen || Ambiguous(queries, query) || asked.Exists(other => other.Question == query.Question))
            {
                continue;
            }
            Add(query);
            wantsOpen = random.OneIn(3);
            i = -1;
        }
        for (int i = 0; i < queries.Count && asked.Count < 2; i++)
        {
            if (!Ambiguous(queries, queries[i]) && !asked.Exists(other => other.Question == queries[i].Question))
            {
                Add(queries[i]);
            }
        }
        return asked;

        void Add(Query query)
        {
            string answer = query.Answer ?? open;
            text.NewLine();
            text.Write("Question: " + query.Question);
            text.NewLine();
            text.Write("Answer:");
            asked.Add(new QuestionAnswer(query.Question, answer, query.Answer is not null, text.Length));
            text.Write(" " + answer);
        }
    }

    private static bool Ambiguous(List<Query> queries, Query query)
    {
        foreach (Query other in queries)
        {
            if (other.Question == query.Question && other.Answer != query.Answer)
            {
                return true;
            }
        }
        return false;
    }

    private static WorldDocument AboutStory(WorldDraw draw)
    {
        Tale tale = StoryTeller.Tell(draw, draw.Random.OneIn(5) ? 2 : 1);
        AskAboutTheEnd(tale);
        AskWhatNobodySaid(tale);
        List<WorldFact> facts = [.. tale.Facts, .. tale.FinalState()];
        List<QuestionAnswer> asked = Ask(draw.Random, tale.Text, tale.Queries, draw.Random.Between(2, 4), StorySaysNothing);
        return new WorldDocument(DocumentKind.Questions, tale.Text.ToString(), new QuestionsTruth(facts, asked));
    }

    private static void AskAboutTheEnd(Tale tale)
    {
        List<Query> queries = tale.Queries;
        foreach (Thing thing in tale.World.Things)
        {
            string name = thing.Kind.Name;
            queries.Add(new Query($"Who had the {name} at the end?", thing.Holder is null ? "Nobody did." : $"{thing.Holder.Name} did."));
            if (thing.Place is not null)
            {
                queries.Add(new Query($"Where was the {name} at the end?", Grammar.Capitalised(thing.Place.There) + "."));
            }
            string? colour = thing.Colour is not null && thing.ColourTold ? Grammar.Capitalised(thing.Colour) + "." : null;
            queries.Add(new Query($"What colour was the {name} at the end?", colour));
            if (!tale.World.Events.Exists(what => what.Kind == EventKind.Bought && what.Thing == thing))
            {
                queries.Add(new Query($"How much did the {name} cost?", null));
            }
        }
        foreach ((Person owner, CountedKind kind, int number) in tale.World.Counts)
        {
            queries.Add(new Query($"How many {kind.Plural} did {owner.Name} have at the end?", Grammar.Answer(number)));
        }
    }

    private static void AskWhatNobodySaid(Tale tale)
    {
        Person absent = tale.Draw.Person(9);
        Person someone = tale.Random.OneIn(2) || !tale.Features(tale.Friend) ? tale.Hero : tale.Friend;
        tale.Queries.Add(tale.Random.Below(6) switch
        {
            0 => new Query($"How old was {someone.Name}?", null),
            1 => new Query($"What did {someone.Name} eat for breakfast?", null),
            2 => new Query($"Where was {absent.Name}?", null),
            3 => new Query($"What colour was {someone.Name}'s house?", null),
            4 => new Query($"What did {absent.Name} buy?", null),
            _ => new Query($"Where did {someone.Name} live?", null),
        });
        if (tale.Features(tale.Friend))
        {
            tale.Queries.Add(new Query($"What did {tale.Friend.Name} work as?", null));
        }
    }
}
