using System.Runtime.InteropServices;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Training.Reports;

namespace Foretell.Training.Tests;

public sealed class PretrainingTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("muon")]
    [InlineData("adamw")]
    public void Run_OnOneTwoAndThreeThreads_EndsInTheSameWeights(string optimizer)
    {
        PretrainingRecipe recipe = TinyRun.Recipe with { Steps = 6, Optimizer = optimizer, Dropout = 0.1f };
        for (int threads = 1; threads <= 3; threads++)
        {
            Assert.True(_run.Train(recipe, $"threads{threads}", threads).IsFinished);
        }
        Assert.Equal(_run.Model("threads1"), _run.Model("threads2"));
        Assert.Equal(_run.Model("threads1"), _run.Model("threads3"));
    }

    [Theory]
    [InlineData("qwen3", "muon")]
    [InlineData("gpt2", "adamw")]
    public void Run_StoppedTwiceAndResumed_EndsInTheWeightsOfOneRun(string architecture, string optimizer)
    {
        PretrainingRecipe recipe = TinyRun.Recipe with { Architecture = architecture, Optimizer = optimizer, KeyValueHeads = architecture == "gpt2" ? 2 : 1, Dropout = 0.1f };
        Assert.True(_run.Train(recipe, "whole").IsFinished);
        PretrainingResult stopped = _run.Train(recipe, "parts", stopAfter: 17);
        Assert.False(stopped.IsFinished);
        Assert.Equal(17, stopped.Step);
        Assert.EndsWith("step-00000017", _run.Newest("parts"), StringComparison.Ordinal);
        Assert.False(_run.Train(recipe, "parts", stopAfter: 20, threads: 2).IsFinished);
        var steps = new List<long>();
        Assert.True(_run.Train(recipe, "parts", report: progress => steps.Add(progress.Step)).IsFinished);
        Assert.Equal(Enumerable.Range(21, 20).Select(step => (long)step), steps);
        Assert.Equal(_run.Model("whole"), _run.Model("parts"));
        AssertSameCurves("whole", "parts");
    }

    [Fact]
    public void Run_Finished_GoesNoFurtherWhenResumed()
    {
        PretrainingRecipe recipe = TinyRun.Recipe with { Steps = 4 };
        _run.Train(recipe);
        byte[] model = _run.Model();
        int reports = 0;
        Assert.True(_run.Train(recipe, report: _ => reports++).IsFinished);
        Assert.Equal(0, reports);
        Assert.Equal(model, _run.Model());
    }

    [Fact]
    public void Run_BesideWhatKillsLeft_TakesTheNewestWholeCheckpoint()
    {
        PretrainingRecipe recipe = TinyRun.Recipe with { Steps = 20 };
        _run.Train(recipe, "whole");
        _run.Train(recipe, stopAfter: 10);
        // Half written, half deleted (the state goes first), and a folder that lost a file.
        Copy(_run.Newest(), ".writing-step-00000015", "state.json");
        Copy(_run.Newest(), "step-00000016", "state.json");
        Copy(_run.Newest(), "step-00000018", "model.safetensors");
        Directory.CreateDirectory(Path.Combine(_run.Checkpoints(), "step-00000019"));
        Assert.EndsWith("step-00000010", _run.Newest(), StringComparison.Ordinal);
        Assert.True(_run.Train(recipe).IsFinished);
        Assert.Equal(_run.Model("whole"), _run.Model());
        Assert.Equal(["step-00000010", "step-00000015", "step-00000020"], Directory.EnumerateFileSystemEntries(_run.Checkpoints()).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Run_OnAnotherRecipeOrCorpus_IsRefused()
    {
        PretrainingRecipe recipe = TinyRun.Recipe with { Steps = 10 };
        _run.Train(recipe, stopAfter: 5);
        foreach (PretrainingRecipe other in (PretrainingRecipe[])[recipe with { Seed = 2 }, recipe with { LearningRate = 1e-4 }, recipe with { HiddenChannels = 96 }, recipe with { Steps = 11 }])
        {
            Assert.Contains("another recipe, corpus or tokenizer", Assert.Throws<InvalidDataException>(() => _run.Train(other)).Message, StringComparison.Ordinal);
        }
        Assert.Contains("another recipe, corpus or tokenizer", Assert.Throws<InvalidDataException>(() => _run.Train(recipe, worldSeed: 2)).Message, StringComparison.Ordinal);
        Assert.True(_run.Train(recipe with { ValidateEvery = 3, KeepCheckpoints = 1 }).IsFinished);
    }

    [Fact]
    public void Run_OnOtherKernels_IsRefused()
    {
        Assert.SkipUnless(CpuDevice.AvailableKernels.Count > 1, "this machine has one kernel set only");
        PretrainingRecipe recipe = TinyRun.Recipe with { Steps = 10 };
        _run.Train(recipe, stopAfter: 5, kernels: "portable");
        string message = Assert.Throws<InvalidDataException>(() => _run.Train(recipe, kernels: CpuDevice.AvailableKernels[^1])).Message;
        Assert.Contains("was trained with portable", message, StringComparison.Ordinal);
        Assert.Contains("FORETELL_KERNELS", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_FromWeightsThatAreNoNumbers_NamesStepLayerAndTheGoodCheckpoint()
    {
        PretrainingRecipe recipe = TinyRun.Recipe with { Steps = 20 };
        _run.Train(recipe, stopAfter: 10);
        Poison(Path.Combine(_run.Newest(), "model.safetensors"), "model.layers.1.mlp.up_proj.weight");
        string message = Assert.Throws<TrainingFailedException>(() => _run.Train(recipe)).Message;
        Assert.Contains("Step 11:", message, StringComparison.Ordinal);
        Assert.Contains("model.layers.1.mlp.up_proj.weight is not finite", message, StringComparison.Ordinal);
        Assert.Contains("the last good checkpoint is ", message, StringComparison.Ordinal);
        Assert.Contains("step-00000005", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1e38, 5)]
    [InlineData(1e30, 1)]
    public void Run_WithAnAbsurdLearningRate_StopsAndKeepsNoDamagedWeights(double rate, int checkpointEvery)
    {
        PretrainingRecipe recipe = TinyRun.Recipe with { Steps = 20, LearningRate = rate, MatrixLearningRate = rate, WarmUpShare = 0, SpikeThreshold = 0, CheckpointEvery = checkpointEvery };
        string message = Assert.Throws<TrainingFailedException>(() => _run.Train(recipe)).Message;
        Assert.Matches("^Step [1-9]", message);
        Assert.Matches("(model|lm_head|layer|the head|the last norm|the embedding)", message);
        Assert.Contains("good checkpoint", message, StringComparison.Ordinal);
        Assert.Contains("lower learning rate", message, StringComparison.Ordinal);
        Assert.Equal(Checkpoint.NewestFinite(_run.Checkpoints()), Checkpoint.Newest(_run.Checkpoints()));
        Assert.False(Directory.Exists(Path.Combine(_run.Folder(), "model")));
    }

    [Fact]
    public void Run_WhoseLastStepBreaksTheWeights_IsNotFinished()
    {
        // One step only: no later gradient would show it.
        PretrainingRecipe recipe = TinyRun.Recipe with { Steps = 1, LearningRate = 1e39, MatrixLearningRate = 1e39, WarmUpShare = 0 };
        string message = Assert.Throws<TrainingFailedException>(() => _run.Train(recipe)).Message;
        Assert.Contains("Step 1: after it ", message, StringComparison.Ordinal);
        Assert.Contains("there is no good checkpoint yet", message, StringComparison.Ordinal);
        Assert.Null(Checkpoint.Newest(_run.Checkpoints()));
        Assert.False(Directory.Exists(Path.Combine(_run.Folder(), "model")));
    }

    [Fact]
    public void Run_ThatCannotWriteACheckpoint_StopsWithTheLastOneIntact()
    {
        PretrainingRecipe recipe = TinyRun.Recipe with { Steps = 20 };
        _run.Train(recipe, "whole");
        string inTheWay = Path.Combine(_run.Checkpoints(), ".writing-step-00000015");
        string message = Assert.Throws<TrainingFailedException>(() => _run.Train(recipe, report: progress =>
        {
            if (progress.Step == 12)
            {
                File.WriteAllText(inTheWay, "");
            }
        })).Message;
        Assert.Contains("Step 15: the checkpoint could not be written", message, StringComparison.Ordinal);
        Assert.Contains("step-00000010, is intact", message, StringComparison.Ordinal);
        Assert.Contains("--resume", message, StringComparison.Ordinal);
        File.Delete(inTheWay);
        Assert.True(_run.Train(recipe).IsFinished);
        Assert.Equal(_run.Model("whole"), _run.Model());
    }

    [Fact]
    public void Run_OutlyingSteps_AreSkippedToldAndLogged()
    {
        // Rates of nearly nothing keep the loss level; a limit of nearly nothing makes every step above the mean an outlier, from the 51st on.
        PretrainingRecipe recipe = TinyRun.Recipe with { Steps = 70, SpikeThreshold = 0.01, LearningRate = 1e-7, MatrixLearningRate = 1e-7, ValidateEvery = 70, CheckpointEvery = 70 };
        var notices = new List<(long Step, string Notice)>();
        _run.Train(recipe, report: progress =>
        {
            if (progress.Notice is string notice)
            {
                notices.Add((progress.Step, notice));
            }
        });
        Assert.NotEmpty(notices);
        Assert.All(notices, entry => Assert.StartsWith($"step {entry.Step} skipped: loss ", entry.Notice, StringComparison.Ordinal));
        Assert.All(notices, entry => Assert.InRange(entry.Step, 51, 70));
        Assert.Equal(notices.Select(entry => entry.Step), Metrics("run").Where(entry => entry.Values.ContainsKey("skipped")).Select(entry => entry.Step));
    }

    [Fact]
    public void Run_OnTheLittleWorld_Learns()
    {
        PretrainingRecipe recipe = TinyRun.Recipe with { Channels = 64, Heads = 4, KeyValueHeads = 2, HiddenChannels = 160, ContextLength = 64, BatchRows = 16, MicroBatchRows = 16, MatrixLearningRate = 0.02, LearningRate = 0.02, Steps = 120, ValidateEvery = 120, CheckpointEvery = 120, ValidationTokens = 2048 };
        PretrainingResult result = _run.Train(recipe, threads: 2);
        double first = Metrics("run")[0].Values["loss"];
        // 257 ids: chance is ln 257 = 5.55. Letters alone, without their order, would give about 3.
        Assert.InRange(first, 5.4, 5.8);
        Assert.InRange(result.ValidationNats!.Value, 0.5, 2.1);
        Assert.InRange(result.BitsPerByte!.Value, 0.7, 3.1);
    }

    private IReadOnlyList<MetricsEntry> Metrics(string name) => MetricsLog.Read(Path.Combine(_run.Folder(name), "metrics.jsonl"));

    private void AssertSameCurves(string expected, string actual)
    {
        IReadOnlyList<MetricsEntry> whole = Metrics(expected);
        IReadOnlyList<MetricsEntry> parts = Metrics(actual);
        Assert.Equal(Enumerable.Range(1, 40).Select(step => (long)step), parts.Select(entry => entry.Step));
        foreach (string value in (string[])["loss", "gradientNorm", "learningRate"])
        {
            Assert.Equal(whole.Select(entry => entry.Values[value]), parts.Select(entry => entry.Values[value]));
        }
        Assert.Equal(whole[^1].Values["validationNats"], parts[^1].Values["validationNats"]);
        Assert.Equal(whole[^1].Texts["sample"], parts[^1].Texts["sample"]);
    }

    private void Copy(string from, string name, string without)
    {
        string to = Path.Combine(_run.Checkpoints(), name);
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from).Where(file => Path.GetFileName(file) != without))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    /// <summary>Makes the first number of a tensor NaN.</summary>
    private static void Poison(string path, string tensor)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int header = (int)BitConverter.ToInt64(bytes);
        using var json = System.Text.Json.JsonDocument.Parse(bytes.AsMemory(8, header));
        int start = 8 + header + json.RootElement.GetProperty(tensor).GetProperty("data_offsets")[0].GetInt32();
        MemoryMarshal.Write(bytes.AsSpan(start), float.NaN);
        File.WriteAllBytes(path, bytes);
    }
}
