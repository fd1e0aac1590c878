using System.Text;
using System.Text.Json;

namespace Foretell.World;

/// <summary>A comparison whose truth is known.</summary>
/// <param name="Question">Facts and a question about them.</param>
/// <param name="Chosen">The answer that somebody preferred.</param>
/// <param name="Rejected">The other one.</param>
/// <param name="Principle">The most important of <see cref="WorldTaste.Principles"/> in which they differ.</param>
/// <param name="IsTrue">Whether the chosen one is the better one in truth; false where the label is noise.</param>
public sealed record WorldComparison(string Question, string Chosen, string Rejected, string Principle, bool IsTrue)
{
    /// <summary>One line of JSON with prompt, chosen, rejected, principle, truth and labeller, without a line break.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("prompt", Question);
            json.WriteString("chosen", Chosen);
            json.WriteString("rejected", Rejected);
            json.WriteString("principle", Principle);
            json.WriteString("truth", IsTrue ? "chosen" : "rejected");
            json.WriteString("labeller", "human");
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}

/// <summary>
/// Unlimited comparisons between answers: right over wrong, polite over rude, concise over rambling, in this order of
/// importance. Comparison <c>i</c> of a seed and a split is always the same; only its label depends on who gives it.
/// </summary>
/// <param name="seed">Names the comparisons.</param>
/// <param name="noise">The share of labels that are the wrong way round, in [0, 0.5].</param>
public sealed class WorldPreferences(ulong seed, double noise = 0)
{
    private readonly double _noise = noise is >= 0 and <= 0.5 ? noise : throw new ArgumentOutOfRangeException(nameof(noise), noise, "The share of wrong labels must be in [0, 0.5].");

    /// <summary>The comparison at an index.</summary>
    /// <param name="index">0 or more.</param>
    /// <param name="split">Held-out comparisons ask about a colour and a thing that training never has together.</param>
    /// <param name="labeller">Who labels it: each errs on their own.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative.</exception>
    public WorldComparison Comparison(long index, WorldSplit split = WorldSplit.Training, int labeller = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ulong own = SeededRandom.Combine(SeededRandom.Combine(seed, (ulong)index), 300 + (ulong)split);
        var random = new SeededRandom(own);
        var draw = new WorldDraw(random, split);
        string name = draw.Person(0).Name;
        Thing first = draw.Coloured(Things.Kinds);
        Thing second = draw.Colourless(Things.Kinds);
        second.Colour = draw.Colour(second.Kind, first.Colour);
        // What is asked about was drawn first: it has the colour that a held-out comparison owes.
        (Thing left, Thing right) = random.OneIn(2) ? (second, first) : (first, second);
        string question = $"{name} has {Grammar.Article(left.Colour!)} {left.Colour} {left.Kind.Name} and {Grammar.Article(right.Colour!)} {right.Colour} {right.Kind.Name}. {WorldTaste.Asks}{first.Kind.Name}?";

        AnswerQuality better = Quality(random.Below(8));
        AnswerQuality worse;
        do
        {
            worse = Quality(random.Below(8));
        }
        while (worse == better);
        if (worse > better)
        {
            (better, worse) = (worse, better);
        }
        string principle = better.IsRight != worse.IsRight ? WorldTaste.Principles[0] : better.IsPolite != worse.IsPolite ? WorldTaste.Principles[1] : WorldTaste.Principles[2];
        (string good, string bad) = (Answer(random, better, first, second), Answer(random, worse, first, second));
        bool isTrue = new SeededRandom(SeededRandom.Combine(own, 1000 + (ulong)labeller)).Below(1 << 20) >= _noise * (1 << 20);
        return isTrue ? new WorldComparison(question, good, bad, principle, true) : new WorldComparison(question, bad, good, principle, false);
    }

    private static AnswerQuality Quality(int bits) => new((bits & 4) != 0, (bits & 2) != 0, (bits & 1) != 0);

    private static string Answer(SeededRandom random, AnswerQuality quality, Thing asked, Thing other)
    {
        string colour = quality.IsRight ? asked.Colour! : other.Colour!;
        var parts = new List<string>();
        if (!quality.IsPolite)
        {
            parts.Add(random.Pick(WorldTaste.RudeOpenings));
        }
        if (!quality.IsConcise)
        {
            parts.Add(random.Pick(WorldTaste.Ramblings));
        }
        parts.Add(random.Below(3) switch
        {
            0 => $"The {asked.Kind.Name} is {colour}.",
            1 => $"It is {colour}.",
            _ => Grammar.Capitalised(colour) + ".",
        });
        if (quality.IsPolite && random.OneIn(2))
        {
            parts.Add(random.Pick(WorldTaste.PoliteEndings));
        }
        return string.Join(' ', parts);
    }
}
