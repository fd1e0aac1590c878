using System.Diagnostics;
using Foretell.Training;
using Foretell.Training.Reports;
using Foretell.World;

namespace Foretell.Cli.Tests;

public sealed class KillAndResumeTests : IDisposable
{
    private const int Steps = 96;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Killed by SIGKILL again and again at random moments of its training and resumed each time, a run ends in the weights of
    /// an undisturbed one. A checkpoint after every step makes many kills fall into its writing, renaming and removing.
    /// </summary>
    [Fact]
    public void Pretrain_KilledAtRandomMomentsAndResumed_EndsInTheSameBytes()
    {
        (int? exit, _, string error) = ForetellProcess.Run(Arguments("undisturbed"));
        Assert.True(exit == 0, error);

        List<string> arguments = [.. Arguments("killed"), "--resume"];
        var random = new Random();
        int kills = 0;
        // The first two while it starts, prepares its data or makes its first steps; then each some steps further on.
        for (int attempt = 0; attempt < 2; attempt++)
        {
            kills += KilledWhen(arguments, () => true, random.Next(50, 1000)) ? 1 : 0;
        }
        for (int attempt = 1; attempt <= 6; attempt++)
        {
            int step = attempt * Steps / 8 + random.Next(Steps / 16);
            kills += KilledWhen(arguments, () => LastStep("killed") >= step, random.Next(30)) ? 1 : 0;
        }
        (exit, _, error) = ForetellProcess.Run(arguments);
        Assert.True(exit == 0, error);
        Assert.True(kills >= 4, $"only {kills} kills fell into the run");
        Assert.Equal(File.ReadAllBytes(ModelFile("undisturbed")), File.ReadAllBytes(ModelFile("killed")));
        foreach (string run in (string[])["undisturbed", "killed"])
        {
            Assert.Equal(Enumerable.Range(1, Steps).Select(step => (long)step), Metrics(run).Select(entry => entry.Step));
        }
        Assert.Equal(Metrics("undisturbed").Select(entry => entry.Values["loss"]), Metrics("killed").Select(entry => entry.Values["loss"]));
        Assert.Equal(2, Directory.GetFileSystemEntries(Path.Combine(_folder.File("killed"), "checkpoints")).Length);
    }

    /// <summary>A full disk, made by a limit on the size of files: the weights fit and the optimizer's state does not.</summary>
    [Fact]
    public void Pretrain_WithoutRoomForACheckpoint_StopsAndGoesOnWhenThereIsRoom()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell that limits the size of files");
        List<string> arguments = Arguments("run");
        Assert.Equal(0, ForetellProcess.Run(Arguments("whole")).Exit);
        // The runtime's own memory must not be a file for this: W^X maps one.
        // Past the limit the system sends SIGXFSZ, which the shell lets pass, and the write fails as on a full disk.
        KilledWhen(arguments, () => LastStep("run") >= 5, 0);
        arguments.Add("--resume");
        long weights = new FileInfo(Path.Combine(Checkpoint.Newest(Path.Combine(_folder.File("run"), "checkpoints"))!, "model.safetensors")).Length;
        (int? exit, _, string error) = ForetellProcess.Run(arguments, under: $"export DOTNET_EnableWriteXorExecute=0; trap '' XFSZ; ulimit -f {weights / 512 + 4}");
        Assert.Equal(2, exit);
        Assert.Contains("the checkpoint could not be written", error, StringComparison.Ordinal);
        Assert.Contains("is intact", error, StringComparison.Ordinal);
        (exit, _, error) = ForetellProcess.Run(arguments);
        Assert.True(exit == 0, error);
        Assert.Equal(File.ReadAllBytes(ModelFile("whole")), File.ReadAllBytes(ModelFile("run")));
    }

    /// <summary>Starts or resumes a run and kills it some milliseconds after a moment has come.</summary>
    /// <returns>False when the run had ended before.</returns>
    private static bool KilledWhen(List<string> arguments, Func<bool> moment, int milliseconds)
    {
        using Process process = ForetellProcess.Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        bool ended = false;
        while (!ended && !moment())
        {
            ended = process.WaitForExit(5);
        }
        ended |= process.WaitForExit(milliseconds);
        if (!ended)
        {
            process.Kill();
            process.WaitForExit();
        }
        Assert.True(!ended || process.ExitCode == 0, output.GetAwaiter().GetResult() + error.GetAwaiter().GetResult());
        return !ended;
    }

    /// <summary>The last step in a run's metrics; a kill can have left half a line.</summary>
    private long LastStep(string run) => File.Exists(Path.Combine(_folder.File(run), "metrics.jsonl")) && Metrics(run) is { Count: > 0 } metrics ? metrics[^1].Step : 0;

    private List<string> Arguments(string run)
    {
        string text = _folder.File("world.txt");
        if (!File.Exists(text))
        {
            File.WriteAllText(text, string.Join("<|endoftext|>", new LittleWorld(3).Documents().Take(60).Select(document => document.Text)));
        }
        List<string> arguments = ["pretrain", "--text", text, "--out", _folder.File(run), "--threads", "1"];
        foreach (string setting in (string[])["tokenizer=bytes", "depth=1", "channels=32", "heads=2", "headSize=16", "hiddenChannels=64", "contextLength=32", "batchRows=2", "dropout=0.1", $"steps={Steps}", "checkpointEvery=1", "validateEvery=2", "validationTokens=64"])
        {
            arguments.AddRange(["--set", setting]);
        }
        return arguments;
    }

    private string ModelFile(string run) => Path.Combine(_folder.File(run), "model", "model.safetensors");

    private IReadOnlyList<MetricsEntry> Metrics(string run) => MetricsLog.Read(Path.Combine(_folder.File(run), "metrics.jsonl"));
}
