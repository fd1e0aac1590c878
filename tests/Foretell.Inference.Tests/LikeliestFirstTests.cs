using Foretell.Tensors;

namespace Foretell.Inference.Tests;

public class LikeliestFirstTests
{
    [Fact]
    public void AtRankAndAtMass_OfRandomWeights_AreThoseOfTheSortedOrder()
    {
        for (ulong seed = 0; seed < 300; seed++)
        {
            var random = new SeededRandom(seed);
            int count = 1 + random.NextInt(seed % 2 == 0 ? 400 : 4000);
            // Few different values, so that many are equal; multiples of 1/256, whose sums are exact.
            int distinct = 1 + random.NextInt(50);
            float[] weights = [.. Enumerable.Range(0, count).Select(_ => MathF.ScaleB(1 + random.NextInt(distinct), -6 - random.NextInt(3)))];
            int[] candidates = [.. Enumerable.Range(0, count).Where(_ => random.NextInt(4) > 0)];
            if (candidates.Length == 0)
            {
                continue;
            }
            int[] sorted = [.. candidates.OrderByDescending(id => weights[id]).ThenBy(id => id)];
            int last = sorted[random.NextInt(sorted.Length)];
            Assert.Equal(sorted[..(Array.IndexOf(sorted, last) + 1)].Order(), new LikeliestFirst(weights).Through([.. candidates], last).ToArray());
            int rank = 1 + random.NextInt(candidates.Length);
            Assert.Equal(sorted[rank - 1], new LikeliestFirst(weights).AtRank([.. candidates], rank));

            double mass = random.NextDouble() * 1.1 * candidates.Sum(id => weights[id]);
            double held = 0;
            int expected = sorted[^1];
            foreach (int id in sorted)
            {
                held += weights[id];
                if (held >= mass)
                {
                    expected = id;
                    break;
                }
            }
            Assert.Equal(expected, new LikeliestFirst(weights).AtMass([.. candidates], mass));
        }
    }
}
