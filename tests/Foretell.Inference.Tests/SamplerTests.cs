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

    /// <summary>c · frequency + (c > 0) · presence is taken from a token's score, c being how often the answer holds it (OpenAI's definition); the prompt does not count.</summary>
    [Fact]
    public void Next_WithPresenceAndFrequencyPenalties_TakesThemFromWhatTheAnswerHolds()
    {
        var sampler = new Sampler(new SamplingOptions { Temperature = 0, PresencePenalty = 0.5, FrequencyPenalty = 0.25 }, 4);
        sampler.ObservePrompt(0);
        float[] logits = [2, 1.6f, 1.1f, -3];
        Assert.Equal(0, sampler.Next(logits, 0));
        sampler.Observe(0);
        // 2 - 0.75 = 1.25 < 1.6.
        Assert.Equal(1, sampler.Next(logits, 1));
        sampler.Observe(1);
        // 1.6 - 0.75 = 0.85 < 1.25.
        Assert.Equal(0, sampler.Next(logits, 2));
        sampler.Observe(0);
        // 2 - 1 = 1 < 1.1.
        Assert.Equal(2, sampler.Next(logits, 3));
        // Below zero they add.
        var negative = new Sampler(new SamplingOptions { Temperature = 0, FrequencyPenalty = -1 }, 2);
        negative.Observe(1);
        Assert.Equal(1, negative.Next([0.5f, 0], 0));
    }

    [Fact]
    public void Next_WithALogitBias_AddsIt()
    {
        float[] logits = [1, 2, 3];
        Assert.Equal(0, Greedy(new() { [0] = 5 }).Next(logits, 0));
        Assert.Equal(1, Greedy(new() { [2] = -100 }).Next(logits, 0));
        Assert.Contains("token 7", Assert.Throws<ArgumentException>(() => Greedy(new() { [7] = 1 })).Message, StringComparison.Ordinal);

        static Sampler Greedy(Dictionary<int, double> bias) => new(new SamplingOptions { Temperature = 0, LogitBias = bias }, 3);
    }

    [Fact]
    public void Next_WithAMask_DrawsOnlyWhatItAllows()
    {
        for (ulong seed = 0; seed < 40; seed++)
        {
            var random = new SeededRandom(seed).Fork("mask");
            const int Size = 300;
            ulong[] allowed = new ulong[(Size + 63) / 64];
            foreach (int id in Enumerable.Range(0, 1 + random.NextInt(6)).Select(_ => random.NextInt(Size)))
            {
                allowed[id / 64] |= 1UL << (id % 64);
            }
            float[] logits = [.. Enumerable.Range(0, Size).Select(_ => (float)(5 * random.NextNormal()))];
            foreach (SamplingOptions options in (SamplingOptions[])[new() { Temperature = 0 }, new() { Seed = seed }, new() { TopK = 2, Seed = seed }, new() { TopP = 0.5, Seed = seed }])
            {
                int drawn = new Sampler(options, Size).Next(logits, (int)seed, allowed);
                Assert.Equal(1UL, allowed[drawn / 64] >> (drawn % 64) & 1);
            }
        }
        Assert.Contains("No token", Assert.Throws<InvalidDataException>(() => new Sampler(new SamplingOptions(), 3).Next([1, 2, 3], 0, [0UL])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Next_WithAnInfiniteScore_IsRefused() =>
        Assert.Contains("token 1 is infinite", Assert.Throws<InvalidDataException>(() => new Sampler(new SamplingOptions(), 3).Next([1, float.PositiveInfinity, 0], 0)).Message, StringComparison.Ordinal);

    /// <summary>A large vocabulary and random options against the plain form: sort, filter, walk.</summary>
    [Fact]
    public void Next_OverALargeVocabulary_DrawsWhatThePlainFormDraws()
    {
        for (ulong seed = 0; seed < 300; seed++)
        {
            var random = new SeededRandom(seed).Fork("plain");
            int size = 1 + random.NextInt(6000);
            double spread = 4 * random.NextDouble();
            float[] logits = [.. Enumerable.Range(0, size).Select(_ => (float)(spread * random.NextNormal()))];
            var options = new SamplingOptions
            {
                Seed = seed,
                Temperature = 0.2 + 2 * random.NextDouble(),
                TopK = random.NextInt(2) * (1 + random.NextInt(200)),
                TopP = random.NextInt(2) == 0 ? 1 : 0.01 + 0.98 * random.NextDouble(),
                MinP = random.NextInt(3) == 0 ? 0.2 * random.NextDouble() : 0,
            };
            Assert.Equal(Plain(logits, options, position: 7), new Sampler(options, size).Next(logits, 7));
        }
    }

    private static int Plain(float[] logits, SamplingOptions options, int position)
    {
        double[] p = Probabilities(logits, options.Temperature);
        int[] kept = [.. Kept(logits, options.Temperature, options.TopK, options.TopP, options.MinP).Order()];
        double place = new SeededRandom(options.Seed).Fork("token", position).NextDouble() * kept.Sum(id => p[id]);
        foreach (int id in kept)
        {
            place -= p[id];
            if (place < 0)
            {
                return id;
            }
        }
        return kept[^1];
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
        { new SamplingOptions { PresencePenalty = 2.1 }, "presence penalty" },
        { new SamplingOptions { FrequencyPenalty = -2.1 }, "frequency penalty" },
        { new SamplingOptions { LogitBias = new Dictionary<int, double> { [3] = 101 } }, "logit bias" },
        { new SamplingOptions { LogitBias = new Dictionary<int, double> { [-3] = 1 } }, "logit bias" },
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
