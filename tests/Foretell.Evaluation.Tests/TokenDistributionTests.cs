namespace Foretell.Evaluation.Tests;

public class TokenDistributionTests
{
    [Theory]
    [InlineData(1, 1f)]
    [InlineData(2, 30f)]
    [InlineData(257, 8f)]
    [InlineData(512, 0.001f)]
    [InlineData(1000, 60f)]
    [InlineData(32_001, 4f)]
    [InlineData(200_019, 12f)]
    public void Set_RandomLogits_GivesFrequenciesNearTheProbabilities(int vocabulary, float spread)
    {
        var random = new Random(vocabulary);
        float[] logits = [.. Enumerable.Range(0, vocabulary).Select(_ => (random.NextSingle() + random.NextSingle() - 1) * spread)];
        var distribution = new TokenDistribution(vocabulary);
        distribution.Set(logits);
        Assert.InRange(distribution.Total, 1, TokenDistribution.LargestTotal);

        double largest = logits.Max();
        double sum = logits.Sum(logit => Math.Exp(logit - largest));
        double loss = 0;
        long start = 0;
        for (int token = 0; token < vocabulary; token++)
        {
            long length = distribution.Frequency(token);
            Assert.True(length >= 1);
            double probability = Math.Exp(logits[token] - largest) / sum;
            if (token % 997 == 0)
            {
                Assert.Equal((start, length), distribution.Interval(token));
                Assert.Equal((token, start, length), distribution.Find(start));
                Assert.Equal((token, start, length), distribution.Find(start + length - 1));
                Assert.Equal(-Math.Log(probability), distribution.Nats(token), 1e-6);
            }
            start += length;
            loss += probability * Math.Log2(probability / ((double)length / distribution.Total));
        }
        Assert.Equal(distribution.Total, start);
        Assert.InRange(loss, -1e-9, 1e-5);
    }

    [Fact]
    public void Set_NearlyCertainToken_CostsNextToNothing()
    {
        float[] logits = new float[100_000];
        logits[777] = 40;
        var distribution = new TokenDistribution(logits.Length);
        distribution.Set(logits);
        (_, long length) = distribution.Interval(777);
        Assert.InRange(-Math.Log2((double)length / distribution.Total), 0, 1e-5);
    }

    [Fact]
    public void Set_NegativeInfinity_KeepsAFrequencyOfOne()
    {
        var distribution = new TokenDistribution(3);
        distribution.Set([float.NegativeInfinity, 0, -1e30f]);
        Assert.Equal((0L, 1L), distribution.Interval(0));
        Assert.Equal(1, distribution.Interval(2).Length);
        Assert.Equal(double.PositiveInfinity, distribution.Nats(0));
    }

    [Fact]
    public void Set_KnownLogits_GivesTheRecordedFrequencies()
    {
        // Computed by the same formulas in Python, whose floats are IEEE doubles: any machine and vector width must give these.
        var distribution = new TokenDistribution(5);
        distribution.Set([0.1f, -2.75f, 3.25f, 1e-7f, -40f]);
        Assert.Equal(Recorded, Enumerable.Range(0, 5).Select(token => distribution.Frequency(token)));
    }

    private static readonly long[] Recorded = [2716319447, 157123654, 63388205912, 2457827717, 1];

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Set_NotFinite_IsRefused(float bad)
    {
        var distribution = new TokenDistribution(19);
        float[] logits = new float[19];
        foreach (int at in new[] { 0, 7, 18 })
        {
            Array.Clear(logits);
            logits[at] = bad;
            Assert.Contains("not finite", Assert.Throws<InvalidDataException>(() => distribution.Set(logits)).Message);
        }
        Array.Fill(logits, float.NegativeInfinity);
        Assert.Throws<InvalidDataException>(() => distribution.Set(logits));
        Assert.Throws<ArgumentException>(() => distribution.Set(new float[18]));
    }

    [Fact]
    public void Interval_OutsideTheVocabulary_IsRefused()
    {
        var distribution = new TokenDistribution(3);
        distribution.Set(new float[3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => distribution.Interval(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => distribution.Interval(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => distribution.Find(distribution.Total));
    }
}
