namespace Foretell.World.Tests;

public class ComposerTests
{
    private static readonly Person _anna = new(0, "Anna", true);
    private static readonly Person _ella = new(1, "Ella", true);
    private static readonly Person _ben = new(2, "Ben", false);

    [Fact]
    public void Say_SameGenderInTheSentence_RepeatsTheName()
    {
        var composer = new Composer(new SeededRandom(1)) { A = _anna, B = _ella };
        composer.Say("{A} told {B.o} that {A} had won.");
        Assert.Equal("Anna told Ella that Anna had won.", composer.ToString());
    }

    [Fact]
    public void Say_OtherGenderInTheSentence_UsesPronouns()
    {
        var composer = new Composer(new SeededRandom(1)) { A = _anna, B = _ben };
        composer.Say("{A} gave {B.o} {A.s} cap, and {B} thanked {A.o}.");
        Assert.Equal("Anna gave Ben her cap, and he thanked her.", composer.ToString());
    }

    [Fact]
    public void Say_InQuotes_NamesAndCapitalises()
    {
        var composer = new Composer(new SeededRandom(1)) { A = _anna, T = new Thing(Things.Kinds[12], "orange"), N = 3 };
        composer.Say("\"{N.coins} for {T.a}!\" cried {A.n}. \"{T} is gone.\" {A.n} sat down.");
        Assert.StartsWith("\"Three coins for an orange hat!\" cried Anna. \"The ", composer.ToString());
        Assert.EndsWith("hat is gone.\" Anna sat down.", composer.ToString());
    }

    [Theory]
    [InlineData("apple", "an")]
    [InlineData("red apple", "a")]
    [InlineData("umbrella", "an")]
    [InlineData("hat", "a")]
    public void Article_ByFirstLetter_FitsTheWord(string word, string article) => Assert.Equal(article, Grammar.Article(word));

    [Fact]
    public void SeededRandom_FromSeed_IsPinned()
    {
        var random = new SeededRandom(42);
        Assert.Equal([0x15780B2E0C2EC716UL, 0x6104D9866D113A7EUL, 0xAE17533239E499A1UL], [random.NextBits(), random.NextBits(), random.NextBits()]);
    }
}
