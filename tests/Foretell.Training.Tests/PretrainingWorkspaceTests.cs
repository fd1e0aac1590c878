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
}
