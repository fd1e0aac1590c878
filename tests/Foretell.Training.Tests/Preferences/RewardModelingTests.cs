using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Training.Tests;

public sealed class RewardModelingTests : IDisposable
{
    private static readonly RewardRecipe Recipe = new() { LearningRate = 3e-3, HeadLearningRate = 3e-2, BatchRows = 8, Steps = 40, HeldOutShare = 0.25, CheckpointEvery = 10 };

    private readonly TinyPreferences _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Run_OnComparisons_OrdersHeldOutOnesThatItCouldNotOrder()
    {
        PreferenceResult result = Train();
        Assert.True(result.IsFinished);
        Assert.Equal(0.5, result.Before["heldOutAccuracy"]);
        Assert.Equal(Math.Log(2), result.Before["heldOutLoss"], 1e-9);
        Assert.True(result.After["heldOutAccuracy"] > 0.95, $"{result.After["heldOutAccuracy"]}");
        Assert.True(result.After["heldOutLoss"] < 0.3, $"{result.After["heldOutLoss"]}");
        Assert.True(File.Exists(Path.Combine(_tiny.Folder(), "report.html")));
    }

    [Fact]
    public void Run_WhenDone_LeavesARewardModelOfMeanZero()
    {
        Train();
        using Device device = CpuDevice.Create(threads: 1);
        using RewardModel model = RewardModel.Load(_tiny.Folder(), device);
        PreferenceSet data = TinyPreferences.Comparisons();
        Assert.True(model.Score([new ChatMessage("user", "new?"), new ChatMessage("assistant", "hag.")]) > model.Score([new ChatMessage("user", "new?"), new ChatMessage("assistant", "hag!")]));
        PreferenceSet training = data.Split(Recipe.HeldOutShare, Recipe.Seed).Training;
        Assert.Equal(0, training.Answers.Average(answer => model.Score([.. answer.Prompt, answer.Answer])), 1e-3);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(20)]
    public void Run_StoppedAndResumed_EndsInTheSameBits(int stopAfter)
    {
        Train("whole");
        Assert.False(Train("parts", stopAfter: stopAfter).IsFinished);
        Assert.True(Train("parts", threads: 2).IsFinished);
        Assert.Equal(_tiny.Weights("whole"), _tiny.Weights("parts"));
    }

    [Fact]
    public void Run_KilledBehindItsCheckpoint_EndsInTheSameBits()
    {
        Train("whole", report: progress =>
        {
            if (progress.Step == 13)
            {
                _tiny.Copy("whole", "killed");
            }
        });
        Train("killed");
        Assert.Equal(_tiny.Weights("whole"), _tiny.Weights("killed"));
    }

    [Fact]
    public void Run_InSmallerPasses_GivesTheSameBits()
    {
        Train("whole");
        Train("parts", Recipe with { TokensAtOnce = 64 });
        Assert.Equal(_tiny.Weights("whole"), _tiny.Weights("parts"));
    }

    [Fact]
    public void Run_ResumedWithOtherData_IsRefused()
    {
        Train(stopAfter: 10);
        Assert.Contains("another recipe, model or data", Assert.Throws<InvalidDataException>(() => Train(data: TinyPreferences.Comparisons(100))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WhereTheChosenAnswerIsTheLongerOne_WarnsOfLength()
    {
        PreferenceResult result = Train(data: TinyPreferences.Comparisons(longer: true));
        Assert.Equal(1, result.After["heldOutLongerChosen"]);
        Assert.True(result.After["heldOutLengthCorrelation"] > 0.5);
        Assert.Contains(result.Warnings, warning => warning.Contains("length", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_WithoutComparisons_SaysWhatToDo()
    {
        string path = _tiny.File("labels.jsonl");
        File.WriteAllText(path, """{"prompt": "a", "completion": "x", "label": true}""");
        Assert.Contains("--method kto", Assert.Throws<FormatException>(() => Train(data: PreferenceSet.Read([path]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WithRowsThatAreTooLong_CountsCutsOrRefusesThem()
    {
        var longRow = new PreferencePair(
            [new ChatMessage("user", new string('a', 200)), new ChatMessage("assistant", "b"), new ChatMessage("user", "c")],
            new ChatMessage("assistant", "x."), new ChatMessage("assistant", "x!"), "the long row");
        PreferenceSet data = PreferenceSet.Of([.. TinyPreferences.Comparisons(40).Pairs, longRow]);
        RewardRecipe recipe = Recipe with { Steps = 1, MaximumTokens = 100, HeldOutShare = 0 };
        Assert.Contains(Train("drop", recipe, data).Warnings, warning => warning.Contains("not used: the long row", StringComparison.Ordinal));
        Assert.Contains(Train("cut", recipe with { TooLong = TooLong.Cut }, data).Warnings, warning => warning.Contains("lost their oldest turns: the long row", StringComparison.Ordinal));
        Assert.Contains("the long row: the conversation has", Assert.Throws<FormatException>(() => Train("refuse", recipe with { TooLong = TooLong.Refuse }, data)).Message, StringComparison.Ordinal);
        Assert.Contains("All 1 rows", Assert.Throws<FormatException>(() => Train("all", recipe, PreferenceSet.Of([longRow]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_OfABadRecipe_NamesTheSetting()
    {
        Assert.Contains("\"batchRows\" is 0", Assert.Throws<FormatException>(() => RewardRecipe.Parse(null, ["batchRows=0"])).Message, StringComparison.Ordinal);
        Assert.Contains("no setting \"batch\"", Assert.Throws<FormatException>(() => RewardRecipe.Parse(null, ["batch=3"])).Message, StringComparison.Ordinal);
        Assert.Contains("wanted Drop or Cut or Refuse", Assert.Throws<FormatException>(() => RewardRecipe.Parse(null, ["tooLong=maybe"])).Message, StringComparison.Ordinal);
        Assert.Equal(Recipe, RewardRecipe.Parse(Recipe.ToJson(), []));
    }

    private PreferenceResult Train(string name = "run", RewardRecipe? recipe = null, PreferenceSet? data = null, long? stopAfter = null, int threads = 1, Action<PreferenceProgress>? report = null)
    {
        data ??= TinyPreferences.Comparisons();
        return _tiny.Run((model, folder) => new RewardModeling(recipe ?? Recipe, model, data, folder).Run, name, stopAfter, threads, report);
    }
}
