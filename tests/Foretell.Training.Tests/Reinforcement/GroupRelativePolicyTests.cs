using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Training.Reports;

namespace Foretell.Training.Tests;

public sealed class GroupRelativePolicyTests : IDisposable
{
    private static readonly GroupRelativeRecipe s_bandit = new()
    {
        Steps = 50,
        PromptsPerStep = 8,
        Samples = 8,
        MaximumTokens = 1,
        LearningRate = 1e-2,
        WarmUpSteps = 0,
        CheckpointEvery = 4,
        KeepCheckpoints = 100,
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Variants => ["grpo", "dr-grpo", "dapo", "rloo"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Variants))]
    public void Run_OfABandit_LearnsWhatItDidNotKnow(string variant)
    {
        GroupRelativeRecipe recipe = Variant(variant);
        IReadOnlyList<MetricsEntry> metrics = Train(recipe, TinyTasks.Bandit());
        Assert.InRange(metrics[0].Values["reward"], 0.1, 0.4);
        Assert.True(metrics.TakeLast(5).Average(entry => entry.Values["reward"]) > 0.95, $"{variant}: {metrics[^1].Values["reward"]}");
        // What was sampled is what is trained, to the bit: every ratio of the first update is exactly 1.
        Assert.All(metrics.Where(entry => entry.Values.ContainsKey("mismatch")), entry => Assert.Equal(0, entry.Values["mismatch"]));
        Assert.All(metrics.Where(entry => entry.Values["updates"] == 1), entry => Assert.Equal(0, entry.Values["clipped"]));
    }

    [Fact]
    public void Run_OfSums_LearnsThemFromVerdictsAlone()
    {
        using Device device = TinyPolicy.Device();
        using TrainedModel policy = TinyPolicy.Model(device, channels: 48);
        TinyTasks.TeachDigits(policy);
        var recipe = new GroupRelativeRecipe { Steps = 40, PromptsPerStep = 9, Samples = 8, MaximumTokens = 3, LearningRate = 2e-3, LossScale = LossScale.Token, KlCoefficient = 0, CheckpointEvery = 1000, Epochs = 2, Minibatches = 2 };
        ReinforcementResult result = new GroupRelativePolicy(recipe, policy, null, TinyTasks.Doubling(), _folder.File("run")).Run();
        Assert.True(result.IsFinished);
        IReadOnlyList<MetricsEntry> metrics = Metrics();
        Assert.InRange(metrics[0].Values["reward"], 0.1, 0.4);
        Assert.True(metrics.TakeLast(5).Average(entry => entry.Values["reward"]) > 0.9, $"{metrics[^1].Values["reward"]}");
        Assert.True(metrics.Max(entry => entry.Values.GetValueOrDefault("clipped")) > 0);
        Assert.Equal(1, metrics[^1].Values["ended"], 0.05);
    }

    [Theory]
    [InlineData("grpo", 1)]
    [InlineData("dapo", 2)]
    public void Run_CancelledOrKilledAndResumed_EndsInTheSameBits(string variant, int threads)
    {
        GroupRelativeRecipe recipe = Variant(variant) with { Steps = 12, Epochs = 2, Minibatches = 2 };
        Train(recipe, TinyTasks.Bandit(), "whole");
        byte[] whole = Weights("whole");

        Assert.False(Train(recipe, TinyTasks.Bandit(), "cancelled", stopAfter: 5, threads: threads)[^1].Step > 5);
        Train(recipe, TinyTasks.Bandit(), "cancelled", threads: threads);
        Assert.Equal(whole, Weights("cancelled"));

        // As a kill leaves it: the newest checkpoint is of step 8, the log goes on behind it, and a line is torn.
        Train(recipe, TinyTasks.Bandit(), "killed");
        foreach (string later in Directory.EnumerateDirectories(_folder.File("killed/checkpoints")).Where(folder => !folder.EndsWith("08", StringComparison.Ordinal)))
        {
            Directory.Delete(later, recursive: true);
        }
        Directory.Delete(_folder.File("killed/model"), recursive: true);
        File.AppendAllText(_folder.File("killed/metrics.jsonl"), "{\"step\":13,\"rew");
        IReadOnlyList<MetricsEntry> metrics = Train(recipe, TinyTasks.Bandit(), "killed");
        Assert.Equal(whole, Weights("killed"));
        Assert.Equal(Enumerable.Range(1, 12), metrics.Select(entry => (int)entry.Step));
        Assert.Equal(Metrics("whole").Select(entry => entry.Values["reward"]), metrics.Select(entry => entry.Values["reward"]));
    }

    [Fact]
    public void Run_WithDynamicSampling_LearnsFromGroupsThatDiffer()
    {
        GroupRelativeRecipe recipe = Variant("grpo") with { Steps = 3, Samples = 2 };
        Train(recipe, TinyTasks.Bandit(), "plain");
        Train(recipe with { DynamicSamplingRounds = 4 }, TinyTasks.Bandit(), "dynamic");
        Assert.All(Metrics("plain"), entry => Assert.Equal(16, entry.Values["answers"]));
        Assert.Contains(Metrics("plain"), entry => entry.Values["deadGroups"] > 0);
        Assert.Contains(Metrics("dynamic"), entry => entry.Values["answers"] > 16);
    }

    [Fact]
    public void Run_WhenNothingDiffers_LeavesThePolicyAsItIsAndSaysSo()
    {
        GroupRelativeRecipe recipe = s_bandit with { Steps = 12, KlCoefficient = 0 };
        var task = new ReinforcementTask(TinyTasks.Bandit().Prompts, new RewardSum((new LengthReward(100, 1), 1)));
        using Device device = TinyPolicy.Device();
        using TrainedModel policy = TinyPolicy.Model(device);
        float[] before = policy.Parameters[0].Value.ToArray();
        ReinforcementResult result = new GroupRelativePolicy(recipe, policy, null, task, _folder.File("run")).Run();
        Assert.Equal(before, policy.Parameters[0].Value.ToArray());
        Assert.Equal("zero-spread", result.Warnings[0].Signal);
        Assert.Contains("zero-spread", Metrics().Single(entry => entry.Texts.ContainsKey("warnings")).Texts["warnings"], StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WithARewardThatIsNaN_StopsWithTheRowAndKeepsNothing()
    {
        var task = new ReinforcementTask(TinyTasks.Bandit().Prompts, new RewardSum((new Broken(), 1)));
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Train(s_bandit, task));
        Assert.Contains("row 3 is NaN", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("run/model")));
        Assert.False(TrainingRun.Exists(_folder.File("run")));
    }

    [Fact]
    public void Run_ResumedWithAnotherRecipe_IsRefused()
    {
        Train(s_bandit with { Steps = 4 }, TinyTasks.Bandit(), stopAfter: 2);
        Assert.Throws<InvalidDataException>(() => Train(s_bandit with { Steps = 4, ClipHigh = 0.3 }, TinyTasks.Bandit()));
        Train(s_bandit with { Steps = 4, EvaluateEvery = 3, CheckpointEvery = 1 }, TinyTasks.Bandit());
    }

    [Theory]
    [InlineData("{\"samples\":1}", "at least 2")]
    [InlineData("{\"advantage\":\"best\"}", "Normalized or Centered or LeaveOneOut")]
    [InlineData("{\"clipLow\":0}", "clipLow")]
    [InlineData("{\"sample\":4}", "no setting \"sample\"")]
    [InlineData("{\"environments\":\"all\"}", "a list")]
    public void Parse_OfABadRecipe_SaysWhatIsWrong(string json, string part) =>
        Assert.Contains(part, Assert.Throws<FormatException>(() => GroupRelativeRecipe.Parse(json, [])).Message, StringComparison.Ordinal);

    private static GroupRelativeRecipe Variant(string name) => name switch
    {
        "grpo" => s_bandit with { KlCoefficient = 0.01 },
        "dr-grpo" => s_bandit with { Advantage = AdvantageKind.Centered, LossScale = LossScale.Constant, KlCoefficient = 0 },
        "dapo" => s_bandit with { LossScale = LossScale.Token, ClipHigh = 0.28, KlCoefficient = 0, DynamicSamplingRounds = 2 },
        _ => s_bandit with { Advantage = AdvantageKind.LeaveOneOut, LossScale = LossScale.Constant, KlCoefficient = 0 },
    };

    private IReadOnlyList<MetricsEntry> Train(GroupRelativeRecipe recipe, ReinforcementTask task, string name = "run", long? stopAfter = null, int threads = 1)
    {
        using Device device = TinyPolicy.Device(threads);
        using (TrainedModel policy = TinyPolicy.Model(device))
        using (TrainedModel reference = TinyPolicy.Model(device, training: false))
        using (var cancellation = new CancellationTokenSource())
        {
            var training = new GroupRelativePolicy(recipe, policy, reference.Transformer, task, _folder.File(name));
            ReinforcementResult result = training.Run(
                new StepReports(progress =>
                {
                    if (progress.Step == stopAfter)
                    {
                        cancellation.Cancel();
                    }
                }),
                cancellation.Token);
            Assert.Equal(stopAfter is null, result.IsFinished);
        }
        Assert.Equal(0, device.Memory.LiveBytes);
        return Metrics(name);
    }

    private IReadOnlyList<MetricsEntry> Metrics(string name = "run") => MetricsLog.Read(Path.Combine(_folder.File(name), "metrics.jsonl"));

    private byte[] Weights(string name) => File.ReadAllBytes(Path.Combine(_folder.File(name), "model", SafeTensors.FileName));

    private sealed class Broken : IReward
    {
        public string Name => "broken";

        public double[] Score(IReadOnlyList<Rollout> rollouts) => [.. rollouts.Select((_, i) => i == 3 ? double.NaN : 1)];
    }
}
