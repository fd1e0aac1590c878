using Foretell.Tensors;

namespace Foretell.Inference.Tests;

public class SamplerTests
{
    private const int Vocabulary = 50;

    [Fact]
    public void Next_AtTemperatureZero_IsTheFirstOfTheLikeliest()
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            float[] logits = Logits(seed);
            Assert.Equal(Array.IndexOf(logits, logits.Max()), new Sampler(new SamplingOptions { Temperature = 0, Seed = seed, TopK = 3, TopP = 0.2 }, Vocabulary).Next(logits, (int)seed));
        }
        Assert.Equal(1, new Sampler(new SamplingOptions { Temperature = 0 }, 4).Next([0, 5, 5, 1], 0));
    }

    /// <summary>Every token that may be drawn is, and no other: as many draws as it takes, against a plain reading of the definitions.</summary>
    [Theory]
    [InlineData(1.0, 0, 1.0, 0.0)]
    [InlineData(1.0, 1, 1.0, 0.0)]
    [InlineData(0.7, 5, 1.0, 0.0)]
    [InlineData(1.3, 0, 0.8, 0.0)]
    [InlineData(1.0, 0, 0.05, 0.0)]
    [InlineData(1.5, 0, 1.0, 0.2)]
    [InlineData(1.2, 7, 0.85, 0.1)]
    [InlineData(1.0, 100, 1.0, 1.0)]
    public void Next_WithFilters_DrawsExactlyTheTokensTheyKeep(double temperature, int topK, double topP, double minP)
    {
        for (ulong seed = 1; seed <= 8; seed++)
        {
            float[] logits = Logits(seed, spread: 1.5);
            HashSet<int> kept = Kept(logits, temperature, topK, topP, minP);
            var sampler = new Sampler(new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP, Seed = seed }, Vocabulary);
            var drawn = new HashSet<int>();
            for (int position = 0; position < 20_000; position++)
            {
                drawn.Add(sampler.Next(logits, position));
            }
            Assert.Superset(drawn, kept);
            double[] p = Probabilities(logits, temperature);
            double mass = kept.Sum(id => p[id]);
            // A token that is expected 20 times is missed once in 10⁹ times.
            Assert.All(kept.Where(id => p[id] / mass * 20_000 > 20), id => Assert.Contains(id, drawn));
        }
    }

    [Theory]
    [InlineData(1.0, 0, 1.0, 0.0)]
    [InlineData(0.6, 0, 0.9, 0.0)]
    [InlineData(2.0, 6, 1.0, 0.05)]
    public void Next_OverManyDraws_HasTheFrequenciesOfTheProbabilities(double temperature, int topK, double topP, double minP)
    {
        const int Draws = 100_000;
        float[] logits = Logits(77, spread: 1.2)[..12];
        HashSet<int> kept = Kept(logits, temperature, topK, topP, minP);
        double[] p = Probabilities(logits, temperature);
        double mass = kept.Sum(id => p[id]);
        var sampler = new Sampler(new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP, Seed = 3 }, logits.Length);
        int[] counts = new int[logits.Length];
        for (int position = 0; position < Draws; position++)
        {
            counts[sampler.Next(logits, position)]++;
        }
        for (int id = 0; id < counts.Length; id++)
        {
            double expected = kept.Contains(id) ? p[id] / mass : 0;
            double deviation = Math.Sqrt(expected * (1 - expected) / Draws);
            Assert.InRange(counts[id] / (double)Draws, expected - 4.5 * deviation, expected + 4.5 * deviation);
        }
    }

    [Fact]
    public void Next_WithTheSameSeed_DrawsTheSame()
    {
        float[] logits = Logits(5);
        int[] Draws(ulong seed) => [.. Enumerable.Range(0, 200).Select(position => new Sampler(new SamplingOptions { Seed = seed }, Vocabulary).Next(logits, position))];
        Assert.Equal(Draws(1), Draws(1));
        Assert.NotEqual(Draws(1), Draws(2));
        var one = new Sampler(new SamplingOptions { Seed = 1 }, Vocabulary);
        Assert.Equal(Draws(1), Enumerable.Range(0, 200).Select(position => one.Next(logits, position)));
    }

    [Fact]
    public void Next_WithARepetitionPenalty_WeakensWhatOccurred()
    {
        var sampler = new Sampler(new SamplingOptions { Temperature = 0, RepetitionPenalty = 2 }, 4);
        float[] logits = [3, 2, -1, 1.4f];
        Assert.Equal(0, sampler.Next(logits, 0));
        sampler.Observe(0);
        Assert.Equal(1, sampler.Next(logits, 1));
        sampler.Observe(1);
        Assert.Equal(0, sampler.Next(logits, 2));
        // Below zero the score is multiplied: -1 becomes -2, less likely than -1.5.
        var negative = new Sampler(new SamplingOptions { Temperature = 0, RepetitionPenalty = 2 }, 2);
        negative.Observe(0);
        Assert.Equal(1, negative.Next([-1, -1.5f], 0));
    }

    [Fact]
    public void Next_WithScoresThatRuleOut_NeverDrawsThem()
    {
        var sampler = new Sampler(new SamplingOptions { Seed = 9 }, 4);
        float[] logits = [float.NegativeInfinity, 0, float.NegativeInfinity, 1];
        Assert.All(Enumerable.Range(0, 1000), position => Assert.Contains(sampler.Next(logits, position), (int[])[1, 3]));
    }

    [Fact]
    public void Next_WithScoresThatAreNoNumbers_IsRefused()
    {
        foreach (double temperature in (double[])[0, 1])
        {
            var sampler = new Sampler(new SamplingOptions { Temperature = temperature }, 3);
            Assert.Contains("not a number", Assert.Throws<InvalidDataException>(() => sampler.Next([1, float.NaN, 0], 0)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Next_OfHugeScoresAndTemperatures_StaysInRange()
    {
        foreach (double temperature in (double[])[1e-6, 1e6])
        {
            var sampler = new Sampler(new SamplingOptions { Temperature = temperature, TopP = 0.9, Seed = 4 }, 3);
            Assert.All(Enumerable.Range(0, 100), position => Assert.InRange(sampler.Next([3e38f, -3e38f, 1], position), 0, 2));
        }
    }

    public static TheoryData<SamplingOptions, string> BadOptions => new()
    {
        { new SamplingOptions { Temperature = -0.1 }, "temperature" },
        { new SamplingOptions { Temperature = double.NaN }, "temperature" },
        { new SamplingOptions { TopK = -1 }, "top-k" },
        { new SamplingOptions { TopP = 0 }, "top-p" },
        { new SamplingOptions { TopP = 1.01 }, "top-p" },
        { new SamplingOptions { MinP = -0.01 }, "min-p" },
        { new SamplingOptions { RepetitionPenalty = 0 }, "repetition penalty" },
        { new SamplingOptions { MaximumTokens = -1 }, "number of tokens" },
        { new SamplingOptions { StopStrings = [""] }, "stop string" },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Validate_AnOptionOutOfRange_IsNamed(SamplingOptions options, string name) =>
        Assert.Contains(name, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);

    private static float[] Logits(ulong seed, double spread = 3)
    {
        var random = new SeededRandom(seed).Fork("logits");
        float[] logits = new float[Vocabulary];
        for (int i = 0; i < logits.Length; i++)
        {
            logits[i] = (float)(spread * random.NextNormal());
        }
        return logits;
    }

    private static double[] Probabilities(float[] logits, double temperature)
    {
        double[] exponentials = [.. logits.Select(logit => Math.Exp((logit - logits.Max()) / temperature))];
        double total = exponentials.Sum();
        return [.. exponentials.Select(value => value / total)];
    }

    /// <summary>Each filter by its own definition on the whole distribution; what all keep may be drawn.</summary>
    private static HashSet<int> Kept(float[] logits, double temperature, int topK, double topP, double minP)
    {
        double[] p = Probabilities(logits, temperature);
        int[] likeliestFirst = [.. Enumerable.Range(0, p.Length).OrderByDescending(id => p[id])];
        HashSet<int> kept = [.. likeliestFirst.Where(id => p[id] >= minP * p.Max())];
        if (topK > 0)
        {
            kept.IntersectWith(likeliestFirst.Take(topK));
        }
        var nucleus = new HashSet<int>();
        double held = 0;
        foreach (int id in likeliestFirst)
        {
            if (topP < 1 && held >= topP)
            {
                break;
            }
            nucleus.Add(id);
            held += p[id];
        }
        kept.IntersectWith(nucleus);
        return kept;
    }
}
