using Foretell.Models;
using Foretell.Tokenizers;
using Foretell.World;

namespace Foretell.Evaluation;

/// <summary>How often a model names the culprit.</summary>
/// <param name="Level">Difficulty, 1 to 3.</param>
/// <param name="Right">Stories in which the culprit was the likeliest suspect.</param>
/// <param name="Chance">The share that guessing would name.</param>
public sealed record DetectiveScore(int Level, Proportion Right, double Chance);

/// <summary>
/// The detective story: all text up to the last word is given, and the model is right when it finds the culprit's name
/// likelier than every other suspect's. The stories are made so that only the clues tell.
/// </summary>
public static class DetectiveBenchmark
{
    /// <summary>Scores a model on stories that it has not seen.</summary>
    /// <param name="stories">Stories a level.</param>
    /// <returns>One score a level, easiest first.</returns>
    public static IReadOnlyList<DetectiveScore> Run(Transformer model, Tokenizer tokenizer, LittleWorld world, int stories, WorldSplit split = WorldSplit.HeldOut, CancellationToken cancellation = default)
    {
        var scorer = new ContinuationScorer(model);
        var scores = new List<DetectiveScore>();
        for (int level = 1; level <= 3; level++)
        {
            int right = 0;
            double chance = 0;
            foreach (DetectiveItem item in world.DetectiveItems(split, 0, level).Take(stories))
            {
                cancellation.ThrowIfCancellationRequested();
                int[] prompt = tokenizer.EndOfTextId is int start ? [start, .. tokenizer.Encode(item.Prompt)] : tokenizer.Encode(item.Prompt);
                double[] nats = scorer.Nats([.. item.Suspects.Select(name => (prompt, tokenizer.Encode($" {name}.")))]);
                int likeliest = Array.IndexOf(nats, nats.Min());
                right += item.Suspects[likeliest] == item.Culprit ? 1 : 0;
                chance += item.Chance;
            }
            scores.Add(new DetectiveScore(level, new Proportion(right, stories), chance / stories));
        }
        return scores;
    }
}
