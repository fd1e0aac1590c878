using Foretell.Data;
using Foretell.Tensors;
using Foretell.Tokenizers;
using Foretell.World;
using Foretell.World.Doubt;
using Foretell.World.Environments;

namespace Foretell.Cli.Quickstarting;

/// <summary>
/// What the second stage of the quick start teaches, drawn from the little world. Nothing of the held-out split is in it.
/// </summary>
internal static class WorldLessons
{
    /// <summary>Conversations that show how one answers: questions that can be answered, answers of every quality, sums thought aloud.</summary>
    public static IEnumerable<ChatRecord> Showing(ulong seed, int count)
    {
        var preferences = new WorldPreferences(seed);
        var sums = EnvironmentCatalogue.Named("arithmetic");
        for (int i = 0; i < count; i++)
        {
            IReadOnlyList<ChatMessage> messages = (i % 8) switch
            {
                < 4 => DoubtQuestions.Generate(Seed(seed, "answerable", i), WorldSplit.Training, DoubtKind.Answerable).Messages(),
                < 7 => Shown(preferences.Comparison(i), new SeededRandom(seed).Fork("shown", i).NextInt(2) == 0),
                _ => ProblemText.Messages(sums.Generate(Seed(seed, "sums", i), 1, WorldSplit.Training)),
            };
            yield return ChatRecord.Of(new Tokenizers.Conversation(messages), FormattableString.Invariant($"lesson {i + 1}"));
        }
    }

    /// <summary>Conversations that show doubt too: as many that can be answered as not, and ambiguous ones.</summary>
    public static IEnumerable<ChatRecord> ShowingDoubt(ulong seed, int count) => Enumerable.Range(0, count).Select(i =>
        ChatRecord.Of(new Tokenizers.Conversation(DoubtQuestions.Generate(Seed(seed, "doubt", i), WorldSplit.Training).Messages()), FormattableString.Invariant($"doubt {i + 1}")));

    /// <summary>Comparisons by a person who errs now and then.</summary>
    /// <param name="noise">The share of labels that are the wrong way round.</param>
    public static IEnumerable<PreferencePair> Comparisons(ulong seed, int count, double noise)
    {
        var preferences = new WorldPreferences(seed, noise);
        for (int i = 0; i < count; i++)
        {
            WorldComparison comparison = preferences.Comparison(i);
            yield return new PreferencePair([new ChatMessage("user", comparison.Question)], new ChatMessage("assistant", comparison.Chosen), new ChatMessage("assistant", comparison.Rejected), FormattableString.Invariant($"comparison {i + 1}")) { IsTrue = comparison.IsTrue };
        }
    }

    public static ulong Seed(ulong seed, string purpose, long index) => new SeededRandom(seed).Fork(purpose, index).NextBits();

    private static IReadOnlyList<ChatMessage> Shown(WorldComparison comparison, bool better) =>
        [new ChatMessage("user", comparison.Question), new ChatMessage("assistant", better ? comparison.Chosen : comparison.Rejected)];
}
