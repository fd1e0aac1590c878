using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Foretell.World.Tests;

public partial class DocumentTests
{
    private static readonly DocumentKind[] _kinds = Enum.GetValues<DocumentKind>();

    [Fact]
    public void Document_AskedInAnyOrderAndAgain_IsTheSame()
    {
        var world = new LittleWorld(7);
        string[] forwards = [.. Enumerable.Range(0, 300).Select(index => world.Document(index).ToJson())];
        var again = new LittleWorld(7);
        for (int index = 299; index >= 0; index--)
        {
            Assert.Equal(forwards[index], again.Document(index).ToJson());
        }
        Assert.Equal(forwards[50..60], again.Documents(startIndex: 50).Take(10).Select(document => document.ToJson()));
        Assert.Equal(again.Document(50).Text, again.Texts(startIndex: 50).First());
    }

    // The same on every machine: whoever changes the world's words on purpose puts the new hash here.
    [Fact]
    public void Documents_TheFirstOfSeedOne_ArePinned()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var world = new LittleWorld(1);
        foreach (WorldSplit split in Enum.GetValues<WorldSplit>())
        {
            foreach (WorldDocument document in world.Documents(split).Take(300))
            {
                hash.AppendData(Encoding.UTF8.GetBytes(document.ToJson()));
            }
        }
        Assert.StartsWith("92c56fba144ef83b", Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    [Fact]
    public void Document_OfOtherSeedIndexSplitOrKind_Differs()
    {
        string story = new LittleWorld(1).Document(DocumentKind.Story, 0).Text;
        Assert.NotEqual(story, new LittleWorld(2).Document(DocumentKind.Story, 0).Text);
        Assert.NotEqual(story, new LittleWorld(1).Document(DocumentKind.Story, 1).Text);
        Assert.NotEqual(story, new LittleWorld(1).Document(DocumentKind.Story, 0, WorldSplit.HeldOut).Text);
        Assert.NotEqual(story, new LittleWorld(1).Document(DocumentKind.Questions, 0).Text);
    }

    [Theory]
    [InlineData(DocumentKind.Story, 0)]
    [InlineData(DocumentKind.Dialogue, 1)]
    [InlineData(DocumentKind.Questions, 0)]
    [InlineData(DocumentKind.Sums, 60)]
    [InlineData(DocumentKind.Detective, 1)]
    public void Document_OverThousands_HardlyEverRepeats(DocumentKind kind, int allowed)
    {
        var world = new LittleWorld(3);
        const int count = 10_000;
        var texts = new HashSet<string>();
        for (int index = 0; index < count; index++)
        {
            texts.Add(world.Document(kind, index).Text);
        }
        Assert.InRange(texts.Count, count - allowed, count);
    }

    [Fact]
    public void Text_OfEveryKind_IsCleanEnglish()
    {
        var world = new LittleWorld(11);
        foreach (DocumentKind kind in _kinds)
        {
            foreach (WorldSplit split in Enum.GetValues<WorldSplit>())
            {
                for (int index = 0; index < 2000; index++)
                {
                    string text = world.Document(kind, index, split).Text;
                    Match fault = Faults().Match(text);
                    Assert.False(fault.Success, $"'{fault.Value}' in {kind} {index} of {split}: {text}");
                    Assert.True(text.Count(c => c == '"') % 2 == 0, text);
                    Assert.True(char.IsAsciiDigit(text[^1]) || text[^1] is '.' or '!' or '?' or '"', text);
                    Assert.True(char.IsUpper(text[0]) || char.IsAsciiDigit(text[0]) || text[0] == '"', text);
                }
            }
        }
    }

    // a before a vowel, an before a consonant; doubled or missing spaces; empty slots; small letters after a full stop;
    // pronouns in the wrong case; one of many; doubled words.
    [GeneratedRegex("""
        \b[Aa]\ ([aeiou]|hour|honest) | \b[Aa]n\ (?!hour\b)[^aeiou] | \ \  | \ (?!\.\.\.)[.,!?] | \n\n | [{}] | [.!?]\ [a-z] | ^[a-z] | \n[a-z] | \.\.[^.]\w | ,[^\s\d"]
        | \b(to|from|for|with|saw|asked|gave|met|told)\ (he|she)\b(?!\ ) | "\ (said|asked|cried|called)\ (he|she|him|her)\b | \bwent\ (he|she)\b
        | \b1\ (coins)\b | \bone\ (coins|apples|pears|plums|shells|stones|eggs|nuts)\b | \b(are|were)\ one\b
        | \b(?<word>[a-z]+)\ \k<word>\b(?<!that\ that)(?<!had\ had)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Faults();

    [Fact]
    public void Vocabulary_OfAllKinds_StaysSmall()
    {
        var world = new LittleWorld(5);
        var words = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (int index = 0; index < 20_000; index++)
        {
            foreach (string word in world.Document(index).Text.Split([' ', '\n', '.', ',', '!', '?', '"', ':', '\''], StringSplitOptions.RemoveEmptyEntries))
            {
                words.Add(word);
            }
        }
        Assert.InRange(words.Count, 800, 2000);
    }

    [Fact]
    public void Mixture_OverThousands_KeepsItsShares()
    {
        var world = new LittleWorld(5, new WorldMixture(stories: 1, dialogues: 0, questions: 0, sums: 3, detectives: 0));
        var kinds = world.Documents().Take(4000).CountBy(document => document.Kind).ToDictionary();
        Assert.Equal([DocumentKind.Story, DocumentKind.Sums], kinds.Keys.Order());
        Assert.InRange(kinds[DocumentKind.Story], 850, 1150);
        Assert.Throws<ArgumentException>(() => new WorldMixture(0, 0, 0, 0, 0));
        Assert.Throws<ArgumentException>(() => new WorldMixture(1, -1, 0, 0, 0));
    }

    [Fact]
    public void ToJson_OfEveryKind_HoldsTextAndTruth()
    {
        var world = new LittleWorld(9);
        foreach (DocumentKind kind in _kinds)
        {
            WorldDocument document = world.Document(kind, 4, WorldSplit.HeldOut);
            JsonElement root = JsonDocument.Parse(document.ToJson()).RootElement;
            Assert.Equal(kind.ToString(), root.GetProperty("kind").GetString(), ignoreCase: true);
            Assert.Equal(document.Text, root.GetProperty("text").GetString());
            Assert.NotEmpty(root.GetProperty("truth").EnumerateObject());
            if (document.Truth is DetectiveTruth truth)
            {
                Assert.Equal(truth.Culprit, root.GetProperty("truth").GetProperty("culprit").GetString());
                Assert.Equal(truth.Chance, root.GetProperty("truth").GetProperty("chance").GetDouble());
            }
        }
    }

    [Fact]
    public void Document_WithNegativeIndex_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new LittleWorld(1).Document(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LittleWorld(1).Detective(0, WorldSplit.Training, 4));
    }
}
