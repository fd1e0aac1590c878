using System.Text;
using System.Text.RegularExpressions;

namespace Foretell.Tokenizers.Tests;

public class PreTokenizerTests
{
    // Written out here a second time: the patterns as their authors published them.
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Cl100k = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Qwen2 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string O200k = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [Theory]
    [InlineData("gpt2", Gpt2)]
    [InlineData("cl100k", Cl100k)]
    [InlineData("llama3", Cl100k)]
    [InlineData("qwen3", Qwen2)]
    [InlineData("o200k", O200k)]
    public void Scanner_OnRandomUnicode_CutsAsThePublishedPattern(string name, string pattern)
    {
        PreTokenizer scanner = PreTokenizer.FromName(name);
        Assert.Same(scanner, PreTokenizer.FromPattern(pattern));

        // .NET does not fold U+017F to s; Unicode, and the engines that the patterns were written for, do.
        var reference = new Regex(pattern.Replace("'s|'t|'re|'ve|'m|'ll|'d)", "'[sſ]|'t|'re|'ve|'m|'ll|'d)"), RegexOptions.CultureInvariant);
        var random = new RandomText(20);
        for (int round = 0; round < 4000; round++)
        {
            byte[] bytes = random.Bytes(1 + random.Below(24));
            var ends = new List<int>();
            scanner.Split(bytes, ends);
            Assert.True(WordEndsByRegex(reference, bytes).SequenceEqual(ends), $"round {round}: {Convert.ToHexString(bytes)}");
        }
    }

    [Fact]
    public void RegexPreTokenizer_OnAKnownPattern_CutsAsItsScanner()
    {
        var random = new RandomText(3);
        var byRegex = new RegexPreTokenizer(Gpt2);
        for (int round = 0; round < 300; round++)
        {
            byte[] bytes = random.Bytes(1 + random.Below(24));
            var expected = new List<int>();
            PreTokenizer.Gpt2.Split(bytes, expected);
            var actual = new List<int>();
            byRegex.Split(bytes, actual);
            Assert.Equal(expected, actual);
        }
    }

    [Theory]
    [InlineData("a++", "can run")]
    [InlineData("[😀]", "beyond U\\+FFFF")]
    public void FromPattern_WhichDotNetCannotRun_SaysSo(string pattern, string expected)
    {
        FormatException error = Assert.Throws<FormatException>(() => PreTokenizer.FromPattern(pattern));
        Assert.Matches(expected, error.Message);
        Assert.Contains(pattern, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromName_OfNoPattern_ListsThem() =>
        Assert.Contains("choose gpt2, cl100k", Assert.Throws<ArgumentException>(() => PreTokenizer.FromName("gpt7")).Message, StringComparison.Ordinal);

    [Fact]
    public void NextCut_InRandomText_NeverChangesTheWords()
    {
        var random = new RandomText(8);
        PreTokenizer[] scanners = [PreTokenizer.Gpt2, PreTokenizer.Cl100k, PreTokenizer.Qwen2, PreTokenizer.O200k];
        int cuts = 0;
        for (int round = 0; round < 4000; round++)
        {
            byte[] bytes = random.Bytes(40);
            int cut = TextCutter.NextCut(bytes, random.Below(bytes.Length + 1));
            cuts += cut < bytes.Length ? 1 : 0;
            foreach (PreTokenizer scanner in scanners)
            {
                var whole = new List<int>();
                scanner.Split(bytes, whole);
                var parts = new List<int>();
                scanner.Split(bytes.AsSpan(0, cut), parts);
                int before = parts.Count;
                scanner.Split(bytes.AsSpan(cut), parts);
                Assert.Equal(whole, parts.Select((end, index) => index < before ? end : end + cut));
            }
        }
        Assert.True(cuts > 400, $"only {cuts} cuts tried");
    }

    /// <summary>
    /// The words by .NET's expressions over UTF-16. These see characters beyond the basic plane as two halves of no category,
    /// so each such character is shown as one of the same category within the plane, and each invalid sequence as U+FFFD.
    /// </summary>
    private static List<int> WordEndsByRegex(Regex regex, byte[] bytes)
    {
        var text = new StringBuilder();
        var ends = new List<int>();
        var starts = new List<int>();
        for (int index = 0; index < bytes.Length;)
        {
            Rune.DecodeFromUtf8(bytes.AsSpan(index), out Rune rune, out int length);
            starts.Add(index);
            text.Append(rune.IsBmp ? (char)rune.Value : SameCategory(rune));
            index += length;
        }
        starts.Add(bytes.Length);
        foreach (Match match in regex.Matches(text.ToString()))
        {
            ends.Add(starts[match.Index + match.Length]);
        }
        return ends;
    }

    private static readonly Dictionary<System.Globalization.UnicodeCategory, char> FirstOfCategory = Enumerable.Range(0x80, 0xD800 - 0x80)
        .Select(value => (char)value).Where(value => !char.IsWhiteSpace(value))
        .GroupBy(char.GetUnicodeCategory).ToDictionary(group => group.Key, group => group.Last());

    private static char SameCategory(Rune rune) => FirstOfCategory.GetValueOrDefault(Rune.GetUnicodeCategory(rune), '\uFFFF');
}
