using System.Text;
using System.Text.RegularExpressions;
using Foretell.Tensors;

namespace Foretell.Inference.Tests;

public class RegexGrammarTests
{
    private static readonly string[] Characters = ["a", "b", "0", "1", " ", "-", "é", "日", "🦊"];
    private static readonly string[] Sets = ["[0-9]", "[^0-9]", "[ ]", "[é-日]", "[^a]"];
    private static readonly string[] Quantifiers = ["*", "+", "?", "{2}", "{1,3}", "{2,}"];

    /// <summary>Random patterns over a small alphabet, against .NET's own engine, on random strings and on what writers produce.</summary>
    [Fact]
    public void Accepts_RandomPatternsAndStrings_AgreesWithTheFrameworksEngine()
    {
        int matches = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            string pattern = Pattern(random, 3);
            Grammar grammar;
            try
            {
                grammar = RegexGrammar.Compile(pattern);
            }
            catch (GrammarException error) when (error.Message.Contains("matches no text", StringComparison.Ordinal))
            {
                continue;
            }
            // .NET counts halves of surrogate pairs; for it the fox is another character.
            var expected = new Regex($@"\A(?:{ForFramework(pattern)})\z", RegexOptions.CultureInvariant);
            for (int index = 0; index < 60; index++)
            {
                string text = string.Concat(Enumerable.Range(0, random.Next(7)).Select(_ => Characters[random.Next(Characters.Length)]));
                bool isMatch = expected.IsMatch(ForFramework(text));
                matches += isMatch ? 1 : 0;
                Assert.True(isMatch == grammar.Accepts(Encoding.UTF8.GetBytes(text)), $"seed {seed}: /{pattern}/ on '{text}' is {isMatch}");
            }
            byte[]? written = Writer.Write(grammar, seed % 2 == 0 ? Vocabularies.Bytes : Vocabularies.Trained, new SeededRandom((ulong)seed));
            if (written is not null)
            {
                string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(written);
                Assert.True(expected.IsMatch(ForFramework(text)), $"seed {seed}: '{text}' doesn't match /{pattern}/");
            }
        }
        Assert.True(matches > 500, $"only {matches} strings matched; the patterns test too little");
    }

    [Theory]
    [InlineData(@"[^a]", "b", "é", "\n", "🦊", "\u0000")]
    [InlineData(@".", "b", "é", "日", "\U0010FFFF", "\uD7FF")]
    [InlineData(@"\u00e9\x41\t\cA\0", "éA\t\u0001\0")]
    [InlineData(@"\uD83E\uDD8A|\u{1F98A}x", "🦊", "🦊x")]
    [InlineData(@"[\u{1F980}-\u{1F9ff}]{2}", "🦊🦊")]
    [InlineData(@"\p{Lu}\p{L}*", "Éa", "Ω日")]
    [InlineData(@"[\w-]+@[\d.]+", "a-b@1.2")]
    [InlineData(@"(?<year>\d{4})(?:-(\d{2}))??", "2024", "2024-05")]
    [InlineData(@"^(?:^a|b$)$", "a", "b")]
    [InlineData(@"a{2,3}b{,3}c{x}", "aab{,3}c{x}")]
    [InlineData(@"[\]\\^-]\/\.", "]/.", "^/.", "-/.", "\\/.")]
    [InlineData(@"(a|b)*a(a|b){12}", "abbbbbbbbbbbb", "baaaaaaaaaaaaaaa")]
    public void Accepts_EachConstruct_MeansWhatEcmaScriptSays(string pattern, params string[] texts)
    {
        Grammar grammar = RegexGrammar.Compile(pattern);
        Assert.All(texts, text => Assert.True(grammar.Accepts(Encoding.UTF8.GetBytes(text)), text));
        Assert.False(grammar.Accepts([0xFF]));
        Assert.False(grammar.Accepts([0xED, 0xA0, 0x80]));
        Assert.False(grammar.Accepts([0xC0, 0xAF]));
    }

    [Theory]
    [InlineData("a(?=b)", "lookahead (?=")]
    [InlineData("a(?!b)", "negative lookahead")]
    [InlineData("(?<=a)b", "lookbehind")]
    [InlineData("(?i)a", "group modifier (?i")]
    [InlineData(@"(a)\1", "backreferences")]
    [InlineData(@"\ba", @"word boundary \b")]
    [InlineData(@"\p{Greek}", "general category")]
    [InlineData("a**", "quantifier follows")]
    [InlineData("*a", "nothing before")]
    [InlineData("(a", "no ')'")]
    [InlineData("a)", "no '('")]
    [InlineData("[a", "no ']'")]
    [InlineData("[b-a]", "range")]
    [InlineData("a{3,2}", "wrong order")]
    [InlineData("a{999999999}", "at most")]
    [InlineData("a^b", "inside the text")]
    [InlineData(@"\y", @"no escape \y")]
    [InlineData("a\\", "single")]
    [InlineData("[]", "matches no text")]
    public void Compile_UnsupportedOrMalformed_NamesTheConstruct(string pattern, string named)
    {
        GrammarException error = Assert.Throws<GrammarException>(() => RegexGrammar.Compile(pattern));
        Assert.Contains(named, error.Message);
        Assert.Contains(pattern, error.Message);
    }

    [Fact]
    public void Mask_ARepeatWithAnEnd_NeverLetsMoreThrough()
    {
        Grammar grammar = RegexGrammar.Compile("(?:the |fox |[a-z]){3,5}");
        for (ulong seed = 0; seed < 50; seed++)
        {
            string text = Encoding.UTF8.GetString(Writer.Write(grammar, Vocabularies.Trained, new SeededRandom(seed))!);
            Assert.Matches("^(?:the |fox |[a-z]){3,5}$", text);
        }
    }

    private static string Pattern(Random random, int depth) => random.Next(depth > 0 ? 9 : 4) switch
    {
        0 => Characters[random.Next(Characters.Length)],
        1 => "[ab]",
        2 => Sets[random.Next(Sets.Length)],
        3 => "(?:a|b0|)",
        4 or 5 => Pattern(random, depth - 1) + Pattern(random, depth - 1),
        6 => $"(?:{Pattern(random, depth - 1)}|{Pattern(random, depth - 1)})",
        7 => $"(?:{Pattern(random, depth - 1)}){Quantifiers[random.Next(Quantifiers.Length)]}",
        _ => $"({Pattern(random, depth - 1)})",
    };

    private static string ForFramework(string text) => Regex.Replace(text, "[\ud800-\udbff][\udc00-\udfff]", "\u8a9e");
}
