using Foretell.Inference;
using Foretell.Tensors;
using Foretell.World;
using Foretell.World.Environments;

namespace Foretell.Training.Tests;

public sealed class MidwayValueTests : IDisposable
{
    private readonly Device _device = TinyPolicy.Device();
    private readonly TemporaryFolder _folder = new();
    private readonly MidwayRecipe _recipe = new() { Problems = 40, Samples = 4, MaximumTokens = 24, Epochs = 2, BatchSize = 32, LearningRate = 3e-3, HeadLearningRate = 0.02, SaveEvery = 3 };

    public void Dispose()
    {
        _folder.Dispose();
        _device.Dispose();
    }

    /// <summary>A policy that says anything at all slips now and then, and one slip spoils an answer: a value function must learn what a slip is, and know from there on.</summary>
    [Fact]
    public void Run_OnAnswersThatASlipSpoils_LearnsToForetellTheVerdict()
    {
        using TrainedModel model = TinyPolicy.Model(_device);
        double before = new MidwayMeasurement([.. Answers(model).Select(path => path.Valued(new float[path.Ids.Length - 1], new PathHead(32, _device, training: false)))]).Paths.Select(path => path.Last).Distinct().Single();
        Assert.Equal(0.5, before);
        MidwayResult result = Run(model, "run", _recipe with { Problems = 80, Samples = 8, Epochs = 8 });
        Assert.True(result.Finished);
        ILookup<bool, double> last = result.Measurement.Paths.ToLookup(path => path.IsRight, path => path.Last);
        Assert.InRange(last[true].Average() - last[false].Average(), 0.4, 1);
        // Midway: many slips have happened by the first step.
        StepMeasurement first = result.Measurement.Steps()[0];
        Assert.InRange(first.Discrimination, 0.53, 1);
        Assert.InRange(first.CalibrationError, 0, 0.25);
        Assert.Contains(result.Measurement.Outcomes, outcome => outcome.Tokens < result.Measurement.Outcomes[0].Tokens && outcome.Accuracy >= result.Measurement.Outcomes[0].Accuracy);
        using JudgeFolder judge = JudgeFolder.Load(_folder.File("run"), _device);
        Assert.Equal(result.CutBelow, judge.CutBelow);
        Assert.Contains("What cutting saves", File.ReadAllText(Path.Combine(_folder.File("run"), "report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_KilledAndResumed_EndsInTheSameBits()
    {
        using TrainedModel whole = TinyPolicy.Model(_device);
        Run(whole, "whole");
        using var kill = new CancellationTokenSource();
        using TrainedModel killed = TinyPolicy.Model(_device);
        MidwayResult part = Run(killed, "killed", progress: new Told(progress =>
        {
            if (progress.Step == 4)
            {
                kill.Cancel();
            }
        }), cancellation: kill.Token);
        Assert.False(part.Finished);
        using TrainedModel resumed = TinyPolicy.Model(_device);
        Assert.True(Run(resumed, "killed").Finished);
        foreach (string file in (string[])["model.safetensors", "midway_head.safetensors", "midway.json"])
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.File("whole"), "model", file)), File.ReadAllBytes(Path.Combine(_folder.File("killed"), "model", file)));
        }
        using TrainedModel other = TinyPolicy.Model(_device, seed: 2);
        Assert.Contains("another recipe, model or data", Assert.Throws<InvalidDataException>(() => Run(other, "killed")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WhereEverythingIsWrong_SaysThatThereIsNothingToTell()
    {
        using TrainedModel model = TinyPolicy.Model(_device);
        var environment = new Letters(_ => false);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => new MidwayValue(_recipe, model, Prompts(environment), new VerdictReward([environment]), _folder.File("dead")).Run());
        Assert.Contains("are wrong, so there is nothing to tell apart; choose easier problems", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("samples=1")]
    [InlineData("heldOutShare=1")]
    [InlineData("epochs=0")]
    [InlineData("colour=red")]
    public void Parse_OfWhatCannotBe_NamesIt(string setting) =>
        Assert.Contains($"\"{setting.Split('=')[0]}\"", Assert.Throws<FormatException>(() => MidwayRecipe.Parse(null, [setting])).Message, StringComparison.Ordinal);

    [Fact]
    public void Cut_OfPathsByHand_CountsTokensAndVotes()
    {
        ValuedPath[] paths =
        [
            new(0, 10, [4, 8], [0.9, 0.8], 0.9, "a", true),
            new(0, 10, [4, 8], [0.5, 0.1], 0.1, "b", false),
            new(0, 12, [5], [0.1], 0.2, "b", false),
            new(1, 20, [6, 12], [0.2, 0.3], 0.4, "c", true),
            new(1, 30, [6], [0.1], 0.1, "d", false),
        ];
        Assert.Equal(new CutOutcome(0, 0.5, 1, 1, 82), MidwayMeasurement.Cut(paths, 0));
        // Of the first problem only "a" is left; both paths of the second are given up, and the likelier is written after all.
        Assert.Equal(new CutOutcome(0.25, 1, 1, 1, 10 + 8 + 5 + 6 + 6 + 20), MidwayMeasurement.Cut(paths, 0.25));
    }

    private MidwayResult Run(TrainedModel model, string name, MidwayRecipe? recipe = null, IProgress<MidwayProgress>? progress = null, CancellationToken cancellation = default)
    {
        var environment = new Letters(Right);
        return new MidwayValue(recipe ?? _recipe, model, Prompts(environment), new VerdictReward([environment]), _folder.File(name)).Run(progress, cancellation);
    }

    private IEnumerable<JudgedPath> Answers(TrainedModel model)
    {
        var environment = new Letters(Right);
        RolloutPrompt[] prompts = [.. Enumerable.Range(0, 4).Select(i => Prompts(environment).At(i))];
        var reward = new VerdictReward([environment]);
        return new RolloutCollector(model.Transformer, model.Tokenizer, model.Generation.EndIds).Collect(prompts, new RolloutOptions { MaximumTokens = 24 }, 1)
            .SelectMany((rollouts, i) => rollouts.Select(rollout => JudgedPath.Of(i, rollout, reward.Judge(rollout).IsRight, model.Tokenizer)));
    }

    /// <summary>Seven of 257 tokens are slips: about half of the answers have none.</summary>
    private static bool Right(string answer) => !answer.Any(letter => letter is >= 'A' and <= 'G');

    private static EnvironmentPrompts Prompts(IEnvironment environment) => new([new EnvironmentLevel(environment, 1)], TinyPolicy.Template, TinyPolicy.Tokenizer, 3);

    private sealed class Told(Action<MidwayProgress> told) : IProgress<MidwayProgress>
    {
        public void Report(MidwayProgress value) => told(value);
    }

    /// <summary>Any letters do, so long as a rule likes them.</summary>
    private sealed class Letters(Func<string, bool> right) : IEnvironment
    {
        public string Name => "letters";

        public string Description => "Letters that a rule likes.";

        public int Levels => 1;

        public Problem Generate(ulong seed, int level, WorldSplit split) => new(Name, level, FormattableString.Invariant($"Letters {seed % 97}?"), "", "");

        public Verdict Verify(Problem problem, string answer) => new(right(answer));
    }
}
