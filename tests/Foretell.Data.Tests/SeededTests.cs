namespace Foretell.Data.Tests;

public class SeededTests
{
    [Fact]
    public void SplitMix64_PublishedSeed_GivesThePublishedNumbers()
    {
        // The first outputs of the reference implementation for seed 1234567.
        var random = new SplitMix64(1234567);
        Assert.Equal([6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL], new[] { random.Next(), random.Next(), random.Next() });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(1000)]
    [InlineData(65_537)]
    public void FeistelPermutation_AnyCount_GivesEachValueOnce(int count)
    {
        for (ulong key = 0; key < 5; key++)
        {
            var order = new FeistelPermutation(count, key);
            Assert.Equal(Enumerable.Range(0, count).Select(value => (long)value), Enumerable.Range(0, count).Select(index => order[index]).Order());
        }
    }

    [Fact]
    public void FeistelPermutation_ManyKeys_SendAnIndexEverywhereEquallyOften()
    {
        int[] counts = new int[10];
        for (ulong key = 0; key < 10_000; key++)
        {
            counts[new FeistelPermutation(10, key)[3]]++;
        }
        Assert.All(counts, count => Assert.InRange(count, 880, 1120));
    }
}
