using Foretell.Data;

namespace Foretell.Training.Tests;

public sealed class PretrainingWorkspaceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prepare_AFolderInUse_IsRefusedUntilItIsFree()
    {
        string text = _folder.File("text.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Range(0, 40).Select(i => $"Story {i} is short.<|endoftext|>\n")));
        string run = _folder.File("run");
        using (PretrainingWorkspace first = PretrainingWorkspace.Prepare(TinyRun.Recipe, [text], run, threads: 1))
        {
            byte[] config = File.ReadAllBytes(Path.Combine(run, "config.json"));
            Assert.Contains(run, Assert.Throws<IOException>(() => PretrainingWorkspace.Prepare(TinyRun.Recipe with { Seed = 2 }, [text], run, threads: 1)).Message, StringComparison.Ordinal);
            Assert.Throws<IOException>(() => PretrainingWorkspace.Reopen(TinyRun.Recipe, run));
            Assert.Equal(config, File.ReadAllBytes(Path.Combine(run, "config.json")));
        }
        PretrainingWorkspace.Reopen(TinyRun.Recipe, run).Dispose();
    }

    [Fact]
    public void Prepare_AnImpossibleModel_IsRefusedBeforeTokenizing()
    {
        string text = _folder.File("text.txt");
        File.WriteAllText(text, "A story.<|endoftext|>\nAnother story.<|endoftext|>\n");
        string run = _folder.File("run");
        Assert.Contains("share", Assert.Throws<ArgumentException>(() => PretrainingWorkspace.Prepare(TinyRun.Recipe with { Heads = 3, KeyValueHeads = 2 }, [text], run, threads: 1)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(run, "tokenizer")));
    }

    [Theory]
    [InlineData(SplitMode.Documents, true)]
    [InlineData(SplitMode.Tail, false)]
    public void Prepare_ASplitFarFromWhatWasAsked_IsSaid(SplitMode split, bool isSaid)
    {
        string text = _folder.File("text.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Range(0, 3).Select(i => string.Concat(Enumerable.Repeat($"Story {i} is long. ", 40)) + "<|endoftext|>\n")));
        var said = new List<string>();
        PretrainingWorkspace.Prepare(TinyRun.Recipe with { Split = split, ValidationShare = 0.1 }, [text], _folder.File("run"), threads: 1, said.Add).Dispose();
        Assert.Equal(isSaid, said.Exists(line => line.Contains("split=Tail", StringComparison.Ordinal)));
    }
}
