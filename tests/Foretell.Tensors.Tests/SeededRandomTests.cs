namespace Foretell.Tensors.Tests;

public class SeededRandomTests
{
    /// <summary>
    /// SplitMix64 as published: the n-th output of seed s mixes s + n γ. <see cref="SeededRandom.Mix"/> adds one γ more, so the
    /// stream of seed s is the published one from its second output on. For seed 1234567 that is (Rosetta Code, "Pseudo-random
    /// numbers/Splitmix64"): 6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821.
    /// </summary>
    [Fact]
    public void NextBits_OfAKnownSeed_ArePublishedValues()
    {
        var random = new SeededRandom(1234567);
        Assert.Equal(3203168211198807973UL, random.NextBits());
        Assert.Equal(9817491932198370423UL, random.NextBits());
        Assert.Equal(4593380528125082431UL, random.NextBits());
        Assert.Equal(16408922859458223821UL, random.NextBits());
    }

    [Fact]
    public void NextDouble_ManyDraws_AreUniform()
    {
        const int Draws = 200_000;
        const int Cells = 100;
        var random = new SeededRandom(1);
        int[] counts = new int[Cells];
        for (int i = 0; i < Draws; i++)
        {
            double value = random.NextDouble();
            Assert.InRange(value, 0, 1 - 1e-17);
            counts[(int)(value * Cells)]++;
        }
        AssertUniform(counts, Draws);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100)]
    public void NextInt_ManyDraws_AreUniform(int limit)
    {
        const int Draws = 100_000;
        var random = new SeededRandom(2);
        int[] counts = new int[limit];
        for (int i = 0; i < Draws; i++)
        {
            counts[random.NextInt(limit)]++;
        }
        AssertUniform(counts, Draws);
    }

    [Fact]
    public void NextInt_LargestLimit_StaysInside()
    {
        var random = new SeededRandom(3);
        for (int i = 0; i < 1000; i++)
        {
            Assert.InRange(random.NextInt(int.MaxValue), 0, int.MaxValue - 1);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextInt(0));
    }

    [Fact]
    public void NextNormal_ManyDraws_HaveTheMomentsOfANormal()
    {
        const int Draws = 200_000;
        var random = new SeededRandom(4);
        double[] moments = new double[5];
        int beyondTwo = 0;
        for (int i = 0; i < Draws; i++)
        {
            double value = random.NextNormal();
            for (int power = 1; power <= 4; power++)
            {
                moments[power] += Math.Pow(value, power) / Draws;
            }
            beyondTwo += Math.Abs(value) > 2 ? 1 : 0;
        }
        // Five deviations of each estimate: sqrt(Var(x^k) / draws) with Var = 1, 2, 15, 96.
        double unit = 5 / Math.Sqrt(Draws);
        Assert.InRange(moments[1], -unit, unit);
        Assert.InRange(moments[2], 1 - Math.Sqrt(2) * unit, 1 + Math.Sqrt(2) * unit);
        Assert.InRange(moments[3], -Math.Sqrt(15) * unit, Math.Sqrt(15) * unit);
        Assert.InRange(moments[4], 3 - Math.Sqrt(96) * unit, 3 + Math.Sqrt(96) * unit);
        Assert.InRange(beyondTwo / (double)Draws, 0.0455 - 0.21 * unit, 0.0455 + 0.21 * unit);
    }

    [Fact]
    public void Fork_SamePurpose_IsTheSameWhateverWasDrawn()
    {
        var fresh = new SeededRandom(5);
        var used = new SeededRandom(5);
        used.NextBits();
        used.NextNormal();
        Assert.Equal(First(fresh.Fork("dropout", 3)), First(used.Fork("dropout", 3)));
    }

    [Fact]
    public void Fork_OtherPurposeIndexOrSeed_IsAnotherStream()
    {
        var streams = new HashSet<ulong>();
        foreach (ulong seed in new ulong[] { 0, 1, 2 })
        {
            streams.Add(First(new SeededRandom(seed)));
            foreach (string purpose in new[] { "", "a", "b", "ab", "ba", "dropout" })
            {
                for (int index = -2; index < 50; index++)
                {
                    streams.Add(First(new SeededRandom(seed).Fork(purpose, index)));
                }
            }
        }
        Assert.Equal(3 * (1 + 6 * 52), streams.Count);
    }

    [Fact]
    public void Fork_OfAKnownSeed_StaysWhatItWas()
    {
        Assert.Equal(1975598679610871890UL, First(new SeededRandom(42).Fork("dropout", 7)));
        Assert.Equal(-0.04661862254387123, new SeededRandom(42).Fork("initialisation").NextNormal(), 15);
    }

    [Fact]
    public void Fork_NeighbouringIndices_AreUncorrelated()
    {
        const int Draws = 20_000;
        var root = new SeededRandom(6);
        SeededRandom left = root.Fork("noise", 0);
        SeededRandom right = root.Fork("noise", 1);
        double product = 0;
        double across = 0;
        for (int i = 0; i < Draws; i++)
        {
            product += left.NextNormal() * right.NextNormal() / Draws;
            across += root.Fork("row", i).NextNormal() * root.Fork("row", i + 1).NextNormal() / Draws;
        }
        double fiveDeviations = 5 / Math.Sqrt(Draws);
        Assert.InRange(product, -fiveDeviations, fiveDeviations);
        Assert.InRange(across, -fiveDeviations, fiveDeviations);
    }

    private static ulong First(SeededRandom random) => random.NextBits();

    /// <summary>Pearson's statistic within five deviations of its mean, the number of cells less one.</summary>
    private static void AssertUniform(int[] counts, int draws)
    {
        double expected = draws / (double)counts.Length;
        double statistic = counts.Sum(count => (count - expected) * (count - expected) / expected);
        double freedom = counts.Length - 1;
        Assert.InRange(statistic, 0, freedom + 5 * Math.Sqrt(2 * freedom));
    }
}
