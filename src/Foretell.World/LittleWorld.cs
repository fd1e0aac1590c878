namespace Foretell.World;

/// <summary>
/// The little world: unlimited documents whose truth is known. Document <c>i</c> of a seed and a split is always the same,
/// on every machine and in every order of asking.
/// </summary>
/// <param name="seed">Names the world; other seeds give other documents.</param>
/// <param name="mixture">The shares of the kinds; <see cref="WorldMixture.Default"/> where null.</param>
public sealed class LittleWorld(ulong seed, WorldMixture? mixture = null)
{
    private readonly WorldMixture _mixture = mixture ?? WorldMixture.Default;

    public ulong Seed { get; } = seed;

    /// <summary>The document at <paramref name="index"/>, of a kind drawn by the mixture's shares.</summary>
    /// <param name="index">0 or more.</param>
    /// <param name="split">The part of the world to draw from.</param>
    public WorldDocument Document(long index, WorldSplit split = WorldSplit.Training) =>
        Document(_mixture.KindOf(new SeededRandom(SeedOf(index, split, purpose: 100))), index, split);

    /// <summary>The document of a kind at <paramref name="index"/>; every kind counts on its own.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative.</exception>
    public WorldDocument Document(DocumentKind kind, long index, WorldSplit split = WorldSplit.Training)
    {
        var draw = new WorldDraw(new SeededRandom(SeedOf(index, split, (ulong)kind)), split);
        return kind switch
        {
            DocumentKind.Story => StoryTeller.Write(draw),
            DocumentKind.Dialogue => DialogueWriter.Write(draw),
            DocumentKind.Questions => QuestionWriter.Write(draw),
            DocumentKind.Sums => SumWriter.Write(draw),
            DocumentKind.Detective => DetectiveStory.Write(draw, null),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such kind of document."),
        };
    }

    /// <summary>A detective story of one level.</summary>
    /// <param name="index">0 or more.</param>
    /// <param name="split">The part of the world to draw from.</param>
    /// <param name="level">1, 2 or 3.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative, or the level is none of the three.</exception>
    public WorldDocument Detective(long index, WorldSplit split, int level)
    {
        if (level is < 1 or > 3)
        {
            throw new ArgumentOutOfRangeException(nameof(level), level, "A detective story's level is 1, 2 or 3.");
        }
        return DetectiveStory.Write(new WorldDraw(new SeededRandom(SeedOf(index, split, 200 + (ulong)level)), split), level);
    }

    /// <summary>All documents from <paramref name="startIndex"/> on, without end.</summary>
    public IEnumerable<WorldDocument> Documents(WorldSplit split = WorldSplit.Training, long startIndex = 0)
    {
        for (long index = startIndex; ; index++)
        {
            yield return Document(index, split);
        }
    }

    /// <summary>All documents' texts from <paramref name="startIndex"/> on, without end: what a model is pretrained on.</summary>
    public IEnumerable<string> Texts(WorldSplit split = WorldSplit.Training, long startIndex = 0)
    {
        for (long index = startIndex; ; index++)
        {
            yield return Document(index, split).Text;
        }
    }

    /// <summary>Detective stories to score a model on; every level where <paramref name="level"/> is null.</summary>
    public IEnumerable<DetectiveItem> DetectiveItems(WorldSplit split = WorldSplit.HeldOut, long startIndex = 0, int? level = null)
    {
        for (long index = startIndex; ; index++)
        {
            yield return DetectiveItem.From(level is int one ? Detective(index, split, one) : Document(DocumentKind.Detective, index, split));
        }
    }

    /// <summary>Questions to score a model on, document after document.</summary>
    public IEnumerable<QuestionItem> QuestionItems(WorldSplit split = WorldSplit.HeldOut, long startIndex = 0)
    {
        for (long index = startIndex; ; index++)
        {
            foreach (QuestionItem item in QuestionItem.From(Document(DocumentKind.Questions, index, split)))
            {
                yield return item;
            }
        }
    }

    /// <summary>Sums to score a model on, document after document.</summary>
    public IEnumerable<SumItem> SumItems(WorldSplit split = WorldSplit.HeldOut, long startIndex = 0)
    {
        for (long index = startIndex; ; index++)
        {
            foreach (SumItem item in SumItem.From(Document(DocumentKind.Sums, index, split)))
            {
                yield return item;
            }
        }
    }

    private ulong SeedOf(long index, WorldSplit split, ulong purpose)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return SeededRandom.Combine(SeededRandom.Combine(Seed, (ulong)index), (purpose * 16) + (ulong)split);
    }
}
