using System.Globalization;
using System.Text;

namespace Foretell.Data.Tests;

public class SplitTests
{
    private static readonly string[] Many = [.. Enumerable.Range(0, 4000).Select(number => string.Create(CultureInfo.InvariantCulture, $"document {number}"))];

    [Fact]
    public void Documents_Many_AreSharedOutAsAsked()
    {
        using var data = new DataFixture();
        TokenShards shards = Prepare(data, Many, new ShardOptions { ValidationShare = 0.25 });
        Assert.InRange(shards.Validation.DocumentCount, 900, 1100);
        Assert.Equal(Many.Order(StringComparer.Ordinal), DataFixture.Texts(shards.Train).Concat(DataFixture.Texts(shards.Validation)).Select(text => text.TrimEnd('|')).Order(StringComparer.Ordinal));
        Assert.Equal(Many.Where(DataFixture.Texts(shards.Train).Select(text => text.TrimEnd('|')).ToHashSet().Contains), DataFixture.Texts(shards.Train).Select(text => text.TrimEnd('|')));
    }

    [Fact]
    public void Documents_OrderAndCompany_DoNotMoveADocument()
    {
        using var data = new DataFixture();
        string[] before = DataFixture.Texts(Prepare(data, Many[..1000], new ShardOptions()).Validation);
        string[] after = DataFixture.Texts(Prepare(data, [.. Many.Reverse()], new ShardOptions()).Validation);
        Assert.Subset(after.ToHashSet(), before.ToHashSet());
    }

    [Fact]
    public void Documents_AnotherSeed_GivesAnotherSplit()
    {
        using var data = new DataFixture();
        Assert.NotEqual(DataFixture.Texts(Prepare(data, Many, new ShardOptions()).Validation), DataFixture.Texts(Prepare(data, Many, new ShardOptions { SplitSeed = 1 }).Validation));
    }

    [Fact]
    public void Documents_Equal_StandOnOneSide()
    {
        using var data = new DataFixture();
        TokenShards shards = Prepare(data, [.. Many[..200], .. Many[..200]], new ShardOptions { ValidationShare = 0.5 });
        Assert.Empty(DataFixture.Texts(shards.Train).Intersect(DataFixture.Texts(shards.Validation)));
    }

    [Theory]
    [InlineData(2, 0.000001)]
    [InlineData(2, 0.999999)]
    [InlineData(3, 0.1)]
    [InlineData(10, 0.000001)]
    public void Documents_Few_GiveEitherSideOne(int count, double share)
    {
        using var data = new DataFixture();
        for (ulong seed = 0; seed < 20; seed++)
        {
            TokenShards shards = Prepare(data, Many[..count], new ShardOptions { ValidationShare = share, SplitSeed = seed });
            Assert.InRange(shards.Validation.DocumentCount, 1, count - 1);
            Assert.Equal(count, shards.Train.DocumentCount + shards.Validation.DocumentCount);
        }
    }

    [Fact]
    public void Documents_AllEqual_GiveTheLastToValidation()
    {
        using var data = new DataFixture();
        TokenShards shards = Prepare(data, ["same", "same", "same"], new ShardOptions());
        Assert.Equal((2L, 1L), (shards.Train.DocumentCount, shards.Validation.DocumentCount));
    }

    [Fact]
    public void Documents_ShareZero_GivesAllToTraining()
    {
        using var data = new DataFixture();
        TokenShards shards = Prepare(data, Many[..5], new ShardOptions { ValidationShare = 0 });
        Assert.Equal((5L, 0L, 0L), (shards.Train.DocumentCount, shards.Validation.DocumentCount, shards.Validation.TokenCount));
    }

    [Fact]
    public void Documents_OnlyOne_IsCutByPosition()
    {
        using var data = new DataFixture();
        TokenShards shards = Prepare(data, ["0123456789abcdefghij"], new ShardOptions());
        Assert.Equal(["0123456789abcdefgh"], DataFixture.Texts(shards.Train));
        Assert.Equal(["ij|"], DataFixture.Texts(shards.Validation));
    }

    [Theory]
    [InlineData("aaaa|bbbb|cccc", 0.25, "aaaa|,bbbb|,c", "ccc|")]
    [InlineData("aaaa|bbbb|cccc|dddd", 0.25, "aaaa|,bbbb|,cccc|", "dddd|")]
    [InlineData("aaaa|bbbb", 0.75, "aa", "aa|,bbbb|")]
    public void Tail_OfSeveral_CutsAtTheCharacter(string documents, double share, string train, string validation)
    {
        using var data = new DataFixture();
        TokenShards shards = Prepare(data, documents.Split('|'), new ShardOptions { Split = SplitMode.Tail, ValidationShare = share });
        Assert.Equal(train.Split(','), DataFixture.Texts(shards.Train));
        Assert.Equal(validation.Split(','), DataFixture.Texts(shards.Validation));
    }

    [Fact]
    public void Tail_OfAnyTextInPieces_CountsCharactersAndNotBytes()
    {
        using var data = new DataFixture();
        string[] alphabet = ["a", "é", "漢", "😀", "\n"];
        for (ulong seed = 0; seed < 40; seed++)
        {
            var random = new SplitMix64(seed);
            string[] characters = [.. Enumerable.Range(0, 2 + (int)random.Below(600)).Select(_ => alphabet[random.Below(4)])];
            double share = (1 + random.Below(98)) / 100.0;
            TokenShards shards = data.Prepare(data.Write("a.txt", string.Concat(characters)), options: new ShardOptions { Split = SplitMode.Tail, ValidationShare = share }, reading: new CorpusOptions { PieceBytes = 128 });
            int train = (int)Math.Floor(characters.Length * (1 - share));
            Assert.Equal(string.Concat(characters[..train]), string.Concat(DataFixture.Texts(shards.Train)));
            Assert.Equal(string.Concat(characters[train..]) + "|", string.Concat(DataFixture.Texts(shards.Validation)));
        }
    }

    [Fact]
    public void Tail_OfTinyShakespeare_IsTheClassicSplit()
    {
        string path = SharedData.Path("text/tinyshakespeare.txt");
        using var data = new DataFixture();
        TokenShards shards = data.Prepare(path, options: new ShardOptions { Split = SplitMode.Tail }, tokenizer: new ByteTokenizer(hasEndOfText: false));
        string text = File.ReadAllText(path, Encoding.UTF8);
        Assert.Equal(1_115_394, text.Length);
        Assert.Equal((1_003_854L, 111_540L), (shards.Train.TokenCount, shards.Validation.TokenCount));
        Assert.Equal(text[..1_003_854], Assert.Single(DataFixture.Texts(shards.Train)));
        Assert.Equal(text[1_003_854..], Assert.Single(DataFixture.Texts(shards.Validation)));
    }

    private static TokenShards Prepare(DataFixture data, string[] documents, ShardOptions options) =>
        data.Prepare(data.Write("a.txt", string.Join("<|endoftext|>", documents)), options: options);
}
