using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Tensors.Tests.Kernels;

public class TokenScoresTests
{
    public static TheoryData<int> Lengths => [1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 1000, 4097];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Largest_OfAnyLength_IsTheFirstIndexOfTheMaximum(int length)
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            float[] scores = Scores(length, seed);
            Assert.Equal(Array.IndexOf(scores, scores.Max()), TokenScores.Largest(scores));
            // Equal ones: the first.
            scores[(int)seed % length] = scores[length - 1] = 100;
            Assert.Equal((int)seed % length, TokenScores.Largest(scores));
        }
        Assert.Equal(0, TokenScores.Largest(Enumerable.Repeat(float.NegativeInfinity, length).ToArray()));
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Largest_WithSomethingNotANumber_PointsAtTheFirst(int length)
    {
        for (int at = 0; at < length; at += 1 + length / 40)
        {
            float[] scores = Scores(length, 1);
            scores[at] = float.NaN;
            scores[length - 1] = float.NaN;
            Assert.Equal(~at, TokenScores.Largest(scores));
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Weights_OfAnyLength_AreExponentialsWithTheirBlocks(int length)
    {
        float[] scores = Scores(length, 3);
        scores[length / 2] = float.NegativeInfinity;
        float largest = scores.Max();
        if (float.IsNegativeInfinity(largest))
        {
            return;
        }
        int blocks = TokenScores.BlockCount(length);
        float[] weights = new float[length], sums = new float[blocks], maxima = new float[blocks];
        TokenScores.Weights(scores, largest, 0.7f, weights, sums, maxima);
        for (int i = 0; i < length; i++)
        {
            double exponent = (scores[i] - (double)largest) / 0.7f;
            double expected = Math.Exp(exponent);
            // The exponent's own rounding, of a difference and a quotient, and an ulp.
            double tolerance = double.IsFinite(exponent) ? expected * 1.2e-7 * (1.5 - exponent) : 0;
            Assert.InRange(weights[i], expected - tolerance, expected + tolerance);
        }
        for (int block = 0; block < blocks; block++)
        {
            float[] own = weights[(block * TokenScores.BlockLength)..Math.Min(length, (block + 1) * TokenScores.BlockLength)];
            Assert.Equal(own.Max(), maxima[block]);
            Assert.InRange(sums[block], own.Sum(weight => (double)weight) * (1 - 1e-6), own.Sum(weight => (double)weight) * (1 + 1e-6));
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void AtLeast_OfAnyThreshold_GivesTheIndicesInOrder(int length)
    {
        float[] weights = [.. Scores(length, 4).Select(score => MathF.Max(0, score))];
        foreach (float threshold in (float[])[0, 0.5f, weights[length / 3], weights.Max(), 1000])
        {
            int[] ids = new int[length];
            int count = TokenScores.AtLeast(weights, threshold, ids);
            Assert.Equal(Enumerable.Range(0, length).Where(i => weights[i] > 0 && weights[i] >= threshold), ids[..count]);
        }
    }

    [Fact]
    public void Weights_IntoTooLittleRoom_IsRefused() =>
        Assert.Contains("2 blocks", Assert.Throws<ArgumentException>(() => TokenScores.Weights(new float[65], 0, 1, new float[65], new float[1], new float[2])).Message, StringComparison.Ordinal);

    private static float[] Scores(int length, ulong seed)
    {
        var random = new SeededRandom(seed).Fork("scores", length);
        return [.. Enumerable.Range(0, length).Select(_ => (float)(3 * random.NextNormal()))];
    }
}
