using System.Text.Json;
using Foretell.Data;
using Foretell.Tokenizers;
using Foretell.World;

namespace Foretell.Training.Tests;

public sealed class CritiqueRevisionTests : IDisposable
{
    private static readonly Constitution Principles = new([new Principle("right", "The answer is right."), new Principle("polite", "The answer is polite.")]);

    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("revised.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task RunAsync_OfBadAnswers_WritesBetterOnesToFineTuneOnAndPairsToLearnFrom()
    {
        var world = new WorldPreferences(1);
        IReadOnlyList<IReadOnlyList<ChatMessage>> prompts = [.. Enumerable.Range(0, 40).Select(i => world.Comparison(i)).Select((comparison, i) =>
            (IReadOnlyList<ChatMessage>)(i % 2 == 0 ? [new ChatMessage("user", comparison.Question)] : [new ChatMessage("user", comparison.Question), new ChatMessage("assistant", comparison.Rejected)]))];
        (int count, int changed) = await new CritiqueRevision(new RuleTeacher(), null, Principles, new TeacherOptions { Teacher = "rules" }, rounds: 2).RunAsync(prompts, Out);
        Assert.Equal(40, count);
        Assert.Equal(40, File.ReadLines(Out).Count());
        int i = 0;
        int before = 0;
        foreach (string text in File.ReadLines(Out))
        {
            using JsonDocument line = JsonDocument.Parse(text);
            string question = prompts[i++][0].Content!;
            JsonElement messages = line.RootElement.GetProperty("messages");
            Assert.Equal(7, WorldTaste.Judge(question, messages[messages.GetArrayLength() - 1].GetProperty("content").GetString()!).Worth);
            before += WorldTaste.Judge(question, line.RootElement.GetProperty("initial").GetString()!).Worth == 7 ? 1 : 0;
            Assert.Equal(2, line.RootElement.GetProperty("critiques").GetArrayLength());
        }
        Assert.Equal(40 - before, changed);
        Assert.True(changed > 30);
        Assert.Equal(40, ChatForms.Read([Out]).Count());
    }

    [Fact]
    public void Read_OfConstitutions_GivesTheirPrinciples()
    {
        Assert.Equal(["right", "polite"], Constitution.Read(Write("c.md", "# Title\n\nAbout it.\n\n## right\nBe right,\nalways.\n\n## polite\nBe polite.\n")).Principles.Select(principle => principle.Name));
        Assert.Equal("Be right, always.", Constitution.Read(_folder.File("c.md")).Principles[0].Text);
        Assert.Equal(["Be right.", "Be polite."], Constitution.Read(Write("l.md", "# Title\n- Be right.\n- Be polite.\n")).Principles.Select(principle => principle.Text));
        Assert.Equal(["a", "b"], Constitution.Read(Write("c.json", """["a", {"name": "n", "text": "b"}]""")).Principles.Select(principle => principle.Text));
    }

    [Theory]
    [InlineData("e.md", "# Title\n", "has no principle")]
    [InlineData("e.md", "## right\n\n## polite\nBe polite.", "\"right\" says nothing")]
    [InlineData("e.md", "## a\nx\n## a\ny", "two principles are named \"a\"")]
    [InlineData("e.json", "{}", "expected a JSON list")]
    [InlineData("e.json", "[1", "expected a JSON list")]
    public void Read_OfWhatIsNoConstitution_SaysWhy(string name, string text, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<CorpusException>(() => Constitution.Read(Write(name, text))).Message, StringComparison.Ordinal);

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder.File(name), text);
        return _folder.File(name);
    }
}
