namespace Foretell.Training.Tests;

public sealed class PromptSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_OfEveryForm_AsksWhatStandsBeforeTheAnswer()
    {
        PromptFile prompts = Read("""
            {"prompt":"one","chosen":"a","rejected":"b"}
            {"prompt":[{"role":"user","content":"two"}],"chosen":[{"role":"assistant","content":"a"}]}

            {"messages":[{"role":"user","content":"three"},{"role":"assistant","content":"a"}]}
            {"prompt":"one","chosen":"c","rejected":"d"}
            """);
        Assert.Equal(3, prompts.Count);
        string[] first = [.. Enumerable.Range(0, 3).Select(i => prompts.At(i).Messages[^1].Content!)];
        Assert.Equal(["one", "three", "two"], first.Order());
        Assert.Equal(first, Enumerable.Range(0, 3).Select(i => prompts.At(i).Messages[^1].Content!));
        // Each epoch has an order of its own, and any index can be asked at any time.
        Assert.Contains(Enumerable.Range(1, 20), epoch => prompts.At(3 * epoch).Messages[^1].Content != first[0]);
        Assert.Equal(first[1], prompts.At(1).Messages[^1].Content);
    }

    [Theory]
    [InlineData("{\"prompt\":\"a\"}\n{\"prompt\":", "line 2: not valid JSON")]
    [InlineData("{\"text\":\"a\"}", "line 1: it has neither")]
    [InlineData("{\"prompt\":7}", "line 1: \"prompt\" is neither")]
    [InlineData("{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"}]}", "asks nothing")]
    [InlineData("{\"messages\":[{\"content\":\"a\"}]}", "no \"role\"")]
    [InlineData("\n", "there are no prompts")]
    [InlineData("{\"prompt\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "at most 60 fit")]
    public void Read_OfABadLine_NamesIt(string text, string part) =>
        Assert.Contains(part, Assert.Throws<InvalidDataException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_OfEnvironments_GivesTheirLevels()
    {
        Assert.Equal(["arithmetic:2", "sorting:1", "sorting:2", "sorting:3"], EnvironmentLevels.Parse(["arithmetic:2", "sorting:1-3", "sorting:2"], forTraining: true).Select(level => level.ToString()));
        Assert.Equal(World.Environments.EnvironmentCatalogue.Training.Count, EnvironmentLevels.Parse(["all:1"], forTraining: true).Count);
        Assert.All(EnvironmentLevels.Parse(["heldout"], forTraining: false), level => Assert.Contains(level.Environment, World.Environments.EnvironmentCatalogue.HeldOut));
    }

    [Theory]
    [InlineData("chess", "There is no environment \"chess\"")]
    [InlineData("arithmetic:9", "has the levels 1 to 5")]
    [InlineData("arithmetic:3-2", "has the levels 1 to 5")]
    [InlineData("arithmetic:x", "wanted arithmetic:LEVEL")]
    [InlineData("calendar:1", "is never trained on")]
    public void Parse_OfAWrongName_SaysWhatThereIs(string text, string part) =>
        Assert.Contains(part, Assert.Throws<FormatException>(() => EnvironmentLevels.Parse([text], forTraining: true)).Message, StringComparison.Ordinal);

    private PromptFile Read(string text)
    {
        string path = _folder.File("prompts.jsonl");
        File.WriteAllText(path, text);
        return PromptFile.Read([path], TinyPolicy.Template, TinyPolicy.Tokenizer, most: 60, seed: 1);
    }
}
