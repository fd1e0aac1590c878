using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Training.Reports;

namespace Foretell.Training.Tests;

public sealed class ProximalPolicyTests : IDisposable
{
    private static readonly ProximalRecipe s_bandit = new()
    {
        Steps = 40,
        PromptsPerStep = 64,
        MaximumTokens = 1,
        LearningRate = 5e-3,
        ValueLearningRate = 5e-3,
        KlCoefficient = 0.001,
        WarmUpSteps = 0,
        CheckpointEvery = 3,
        KeepCheckpoints = 100,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_OfABandit_LearnsWhatItDidNotKnow()
    {
        IReadOnlyList<MetricsEntry> metrics = Train(s_bandit with { ValueClip = 0.2, WhitenRewards = true }, TinyTasks.Bandit());
        Assert.InRange(metrics[0].Values["reward"], 0.1, 0.4);
        Assert.True(metrics.TakeLast(5).Average(entry => entry.Values["reward"]) > 0.9, $"{metrics[^1].Values["reward"]}");
        Assert.All(metrics, entry => Assert.Equal(0, entry.Values["mismatch"]));
    }

    [Fact]
    public void Run_OfSums_LearnsThemAndTheirValues()
    {
        using Device device = TinyPolicy.Device();
        using TrainedModel policy = TinyPolicy.Model(device, channels: 48);
        TinyTasks.TeachDigits(policy);
        using TrainedModel reference = Copy(policy, training: false);
        using TrainedModel values = Copy(policy, training: true);
        using var head = new ScalarHead(48, device, training: true);
        var recipe = new ProximalRecipe { Steps = 40, PromptsPerStep = 72, MaximumTokens = 3, LearningRate = 2e-3, ValueLearningRate = 2e-3, ValueWarmUpSteps = 2, KlCoefficient = 0.01, CheckpointEvery = 1000 };
        new ProximalPolicy(recipe, policy, values.Transformer, head, reference.Transformer, TinyTasks.Doubling(), _folder.File("run")).Run();
        IReadOnlyList<MetricsEntry> metrics = Metrics("run");
        Assert.InRange(metrics[0].Values["reward"], 0.1, 0.4);
        Assert.True(metrics.TakeLast(5).Average(entry => entry.Values["reward"]) > 0.85, $"{metrics[^1].Values["reward"]}");
        Assert.Equal(0, metrics[0].Values["kl"], 1e-9);
        Assert.True(metrics[^1].Values["kl"] > 0.1);
        Assert.True(metrics.Max(entry => entry.Values["explainedVariance"]) > 0.3);
        // The policy rests while the value function warms up.
        Assert.Equal([0, 0, 4], metrics.Take(3).Select(entry => (int)entry.Values["updates"]));

        static TrainedModel Copy(TrainedModel model, bool training)
        {
            TrainedModel copy = TinyPolicy.Model(model.Device, channels: 48, training: training);
            for (int i = 0; i < copy.Parameters.Count; i++)
            {
                copy.Parameters[i].Value.CopyFrom(model.Parameters[i].Value.ToArray());
            }
            return copy;
        }
    }

    [Fact]
    public void Run_WithAKlTarget_KeepsNearIt()
    {
        ProximalRecipe recipe = s_bandit with { KlCoefficient = 0.02, KlTarget = 0.4, KlGain = 1, Steps = 60 };
        IReadOnlyList<MetricsEntry> metrics = Train(recipe, TinyTasks.Bandit());
        double kept = metrics.TakeLast(20).Average(entry => entry.Values["kl"]);
        Assert.InRange(kept, 0.2, 0.7);
        Assert.True(metrics[^1].Values["klCoefficient"] > 0.02);
        Assert.True(metrics.TakeLast(10).Average(entry => entry.Values["reward"]) > 0.4);
        Assert.True(Train(recipe with { KlTarget = 0, KlCoefficient = 0 }, TinyTasks.Bandit(), "free").TakeLast(20).Average(entry => entry.Values["kl"]) > 1.1);
    }

    [Fact]
    public void Run_CancelledOrKilledAndResumed_EndsInTheSameBits()
    {
        ProximalRecipe recipe = s_bandit with { Steps = 10, KlTarget = 0.3, ValueWarmUpSteps = 1, Samples = 2, PromptsPerStep = 9 };
        Train(recipe, TinyTasks.Bandit(), "whole");
        byte[] whole = Weights("whole");
        Train(recipe, TinyTasks.Bandit(), "cancelled", stopAfter: 4);
        Train(recipe, TinyTasks.Bandit(), "cancelled", threads: 2);
        Assert.Equal(whole, Weights("cancelled"));
        Train(recipe, TinyTasks.Bandit(), "killed");
        foreach (string later in Directory.EnumerateDirectories(_folder.File("killed/checkpoints")).Where(folder => !folder.EndsWith("06", StringComparison.Ordinal)))
        {
            Directory.Delete(later, recursive: true);
        }
        Directory.Delete(_folder.File("killed/model"), recursive: true);
        IReadOnlyList<MetricsEntry> metrics = Train(recipe, TinyTasks.Bandit(), "killed");
        Assert.Equal(whole, Weights("killed"));
        Assert.Equal(Metrics("whole").Select(entry => entry.Values["klCoefficient"]), metrics.Select(entry => entry.Values["klCoefficient"]));
    }

    [Fact]
    public void Run_OfAnswersCutAtTheLimit_GivesThemTheirOwnReward()
    {
        IReadOnlyList<MetricsEntry> metrics = Train(s_bandit with { Steps = 1, MissingEndReward = -1, KlCoefficient = 0, ValueWarmUpSteps = 1 }, TinyTasks.Bandit());
        // Nearly all answers are cut at their one token, and values begin at 0: the value loss is half of (-1)².
        Assert.InRange(metrics[0].Values["valueLoss"], 0.2, 0.51);
        Assert.True(metrics[0].Values["ended"] < 0.05);
    }

    [Theory]
    [InlineData("{\"klTarget\":1,\"klCoefficient\":0}", "begin above 0")]
    [InlineData("{\"advantageDecay\":1.5}", "advantageDecay")]
    [InlineData("{\"promptsPerStep\":1}", "minibatches")]
    public void Parse_OfABadRecipe_SaysWhatIsWrong(string json, string part) =>
        Assert.Contains(part, Assert.Throws<FormatException>(() => ProximalRecipe.Parse(json, [])).Message, StringComparison.Ordinal);

    private IReadOnlyList<MetricsEntry> Train(ProximalRecipe recipe, ReinforcementTask task, string name = "run", long? stopAfter = null, int threads = 1)
    {
        using Device device = TinyPolicy.Device(threads);
        using (TrainedModel policy = TinyPolicy.Model(device))
        using (TrainedModel reference = TinyPolicy.Model(device, training: false))
        using (TrainedModel values = TinyPolicy.Model(device))
        using (var head = new ScalarHead(32, device, training: true))
        using (var cancellation = new CancellationTokenSource())
        {
            var training = new ProximalPolicy(recipe, policy, values.Transformer, head, reference.Transformer, task, _folder.File(name));
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

    private IReadOnlyList<MetricsEntry> Metrics(string name) => MetricsLog.Read(Path.Combine(_folder.File(name), "metrics.jsonl"));

    private byte[] Weights(string name) => File.ReadAllBytes(Path.Combine(_folder.File(name), "model", SafeTensors.FileName));
}
