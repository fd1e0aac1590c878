using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Training.Tests;

/// <summary>What DPO, IPO, KTO and ORPO promise alike.</summary>
public sealed class PolicyTests : IDisposable
{
    private const int Steps = 50;

    private readonly TinyPreferences _tiny = new();

    public void Dispose() => _tiny.Dispose();

    public static TheoryData<string> Methods => ["dpo", "smoothed", "ipo", "kto", "orpo"];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Run_OnComparisons_PrefersHeldOutAnswersThatItDidNotPrefer(string method)
    {
        PreferenceResult result = Train(method);
        Assert.True(result.IsFinished);
        // The policy is its own reference before the first step: no answer has a reward.
        Assert.Equal(0.5, result.Before["heldOutAccuracy"]);
        Assert.Equal(0, result.Before["heldOutKl"]);
        Assert.True(result.After["heldOutAccuracy"] > 0.95, $"{result.After["heldOutAccuracy"]}");
        Assert.True(result.After["heldOutMargin"] > 0);
        Assert.True(result.After["heldOutLoss"] < result.Before["heldOutLoss"]);
        Assert.True(result.After["heldOutKl"] > 0);
        Assert.True(File.Exists(Path.Combine(_tiny.Folder(), "report.html")));
        using Device device = CpuDevice.Create(threads: 1);
        using PretrainedModel model = PretrainedModel.Load(_tiny.Folder(), device);
        Assert.Contains(256, model.Generation.EndIds);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Run_StoppedOrKilledAndResumed_EndsInTheSameBits(string method)
    {
        Train(method, "whole", steps: 12, report: progress =>
        {
            if (progress.Step == 7)
            {
                _tiny.Copy("whole", "killed");
            }
        });
        Train(method, "killed", steps: 12, threads: 2);
        Assert.Equal(_tiny.Weights("whole"), _tiny.Weights("killed"));
        Assert.False(Train(method, "parts", stopAfter: 5, steps: 12).IsFinished);
        PreferenceResult rest = Train(method, "parts", steps: 12);
        Assert.Equal(_tiny.Weights("whole"), _tiny.Weights("parts"));
        Assert.Equal(0.5, rest.Before["heldOutAccuracy"]);
    }

    [Fact]
    public void Run_WithAReferenceOfOtherBits_IsRefused()
    {
        Train("dpo", stopAfter: 5);
        string path = Path.Combine(_tiny.Folder(), "reference.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        int first = 8 + (int)BitConverter.ToInt64(bytes, 0);
        bytes[first + 1] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("other log-probabilities", Assert.Throws<InvalidDataException>(() => Train("dpo")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("heldOutAccuracy", 0.52, "nothing was learned that carries over")]
    [InlineData("heldOutAccuracy", 0.7, "learned by heart")]
    [InlineData("heldOutChosenLogRatio", -0.9, "less likely than under the reference, by 0.90 nats a token")]
    [InlineData("heldOutMargin", 25.0, "Margins have exploded")]
    [InlineData("heldOutKl", 1.5, "gone far from its reference")]
    public void About_NumbersThatDeceive_SaysSoInWords(string name, double value, string words)
    {
        var healthy = new Dictionary<string, double> { ["heldOutAccuracy"] = 0.9, ["heldOutPairs"] = 400, ["heldOutMargin"] = 2, ["heldOutChosenLogRatio"] = 0.1, ["heldOutKl"] = 0.2 };
        var recent = new Dictionary<string, double> { ["accuracy"] = 0.98 };
        Assert.Empty(PreferenceWords.About(healthy, recent, isReward: false));
        healthy[name] = value;
        Assert.Contains(PreferenceWords.About(healthy, recent, isReward: false), warning => warning.Contains(words, StringComparison.Ordinal));
    }

    [Fact]
    public void Run_OfChosenWeight_KeepsChosenAnswersLikelier()
    {
        double Ratio(double weight) => _tiny.Run((model, folder) => new DirectPreference(
            new DirectPreferenceRecipe { LearningRate = 2e-3, BatchRows = 8, Steps = 30, HeldOutShare = 0.25, ChosenWeight = weight }, model, TinyPreferences.Comparisons(), folder).Run, FormattableString.Invariant($"w{weight}")).After["heldOutChosenLogRatio"];
        Assert.True(Ratio(1) > Ratio(0) + 0.1);
    }

    [Fact]
    public void Run_OfDataThatDoNotFit_SaysWhy()
    {
        string path = _tiny.File("labels.jsonl");
        File.WriteAllLines(path, [.. Enumerable.Range(0, 20).Select(i => $$"""{"prompt": "p{{i}}", "completion": "x", "label": true}""")]);
        PreferenceSet labels = PreferenceSet.Read([path]);
        Assert.Contains("--method kto", Assert.Throws<FormatException>(() => Train("dpo", data: labels)).Message, StringComparison.Ordinal);
        Assert.Contains("labelled good; KTO needs both", Assert.Throws<FormatException>(() => Train("kto", data: labels)).Message, StringComparison.Ordinal);
        Assert.Contains("\"labelSmoothing\" is 0.5", Assert.Throws<FormatException>(() => DirectPreferenceRecipe.Parse(null, ["labelSmoothing=0.5"])).Message, StringComparison.Ordinal);
        Assert.Contains("wanted Dpo or Ipo", Assert.Throws<FormatException>(() => DirectPreferenceRecipe.Parse(null, ["loss=hinge"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OfKtoOnLabelledAnswers_Learns()
    {
        PreferenceSet pairs = TinyPreferences.Comparisons();
        string path = _tiny.File("labels.jsonl");
        // Three good answers for each bad one, and no two to one prompt.
        File.WriteAllLines(path, pairs.Pairs.Select((pair, i) => i % 4 == 0
            ? $$"""{"prompt": "{{pair.Prompt[0].Content}}", "completion": "{{pair.Rejected.Content}}", "label": false}"""
            : $$"""{"prompt": "{{pair.Prompt[0].Content}}", "completion": "{{pair.Chosen.Content}}", "label": true}"""));
        PreferenceResult result = Train("kto", data: PreferenceSet.Read([path]));
        Assert.True(result.After["heldOutAccuracy"] > 0.95, $"{result.After["heldOutAccuracy"]}");
    }

    private PreferenceResult Train(string method, string name = "run", PreferenceSet? data = null, long? stopAfter = null, int threads = 1, long steps = Steps, Action<PreferenceProgress>? report = null)
    {
        data ??= TinyPreferences.Comparisons();
        const int Rows = 8;
        const double Share = 0.25;
        return _tiny.Run((model, folder) => method switch
        {
            "dpo" => new DirectPreference(new DirectPreferenceRecipe { LearningRate = 2e-3, BatchRows = Rows, Steps = steps, HeldOutShare = Share, CheckpointEvery = 4 }, model, data, folder).Run,
            "smoothed" => new DirectPreference(new DirectPreferenceRecipe { LearningRate = 2e-3, BatchRows = Rows, Steps = steps, HeldOutShare = Share, CheckpointEvery = 4, LabelSmoothing = 0.1, AverageTokens = true, Beta = 1 }, model, data, folder).Run,
            "ipo" => new DirectPreference(new DirectPreferenceRecipe { Loss = PreferenceLoss.Ipo, LearningRate = 2e-3, BatchRows = Rows, Steps = steps, HeldOutShare = Share, CheckpointEvery = 4 }, model, data, folder).Run,
            "kto" => new KahnemanTversky(new KahnemanTverskyRecipe { LearningRate = 2e-3, BatchRows = 2 * Rows, Steps = steps, HeldOutShare = Share, CheckpointEvery = 4 }, model, data, folder).Run,
            _ => new OddsRatio(new OddsRatioRecipe { LearningRate = 2e-3, BatchRows = Rows, Steps = steps, HeldOutShare = Share, CheckpointEvery = 4, OddsWeight = 1 }, model, data, folder).Run,
        }, name, stopAfter, threads, report);
    }
}
