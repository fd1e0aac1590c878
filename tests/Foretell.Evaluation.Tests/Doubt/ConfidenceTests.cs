using Foretell.Evaluation.Doubt;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Evaluation.Tests.Doubt;

public class ConfidenceTests
{
    [Fact]
    public void Token_Probabilities_AreMultipliedOrAveraged()
    {
        double[] logs = [Math.Log(0.5), Math.Log(0.25), Math.Log(0.125)];
        Assert.Equal(1.0 / 64, TokenConfidence.Product(logs), 12);
        Assert.Equal(0.25, TokenConfidence.Mean(logs), 12);
        Assert.Throws<ArgumentException>(() => TokenConfidence.Mean([]));
        Assert.Throws<ArgumentException>(() => TokenConfidence.Product([double.NaN]));
        Assert.Throws<ArgumentException>(() => TokenConfidence.Product([0.5]));
    }

    [Fact]
    public void Agreement_OfSamples_IsTheShareOfTheMostFrequent()
    {
        Assert.Equal(("Anna.", 0.6), AgreementConfidence.Of(["Ben", "Anna.", " anna", "Carl", "ANNA"]));
        Assert.Equal(("Ben", 0.5), AgreementConfidence.Of(["Ben", "Anna"]));
        Assert.Throws<ArgumentException>(() => AgreementConfidence.Of([]));
    }

    [Fact]
    public void Head_OnTwoGroups_GivesTheirFrequencies()
    {
        // Without decay the likeliest logistic model of one feature of two values gives each value's own frequency.
        var hidden = new List<float[]>();
        var right = new List<bool>();
        for (int i = 0; i < 40; i++)
        {
            hidden.Add([i < 16 ? 0 : 1, 5]);
            right.Add(i < 16 ? i % 4 == 0 : i % 3 != 0);
        }
        var head = ConfidenceHead.Train(hidden, right, decay: 0, steps: 2000);
        Assert.Equal(0.25, head.Confidence([0, 5]), 4);
        Assert.Equal(right.Skip(16).Count(one => one) / 24.0, head.Confidence([1, 5]), 4);
        Assert.Throws<ArgumentException>(() => head.Confidence([1]));
    }

    [Fact]
    public void Head_OnStatesWithADirection_IsCalibratedOnOthers()
    {
        var random = new SeededRandom(5);
        (float[] State, bool IsRight) Draw()
        {
            float[] state = [.. Enumerable.Range(0, 24).Select(_ => (float)random.NextNormal())];
            double score = (1.5 * state[3]) - (2 * state[11]) + 0.5;
            return (state, random.NextDouble() < 1 / (1 + Math.Exp(-score)));
        }
        (float[] State, bool IsRight)[] train = [.. Enumerable.Range(0, 1000).Select(_ => Draw())], test = [.. Enumerable.Range(0, 1000).Select(_ => Draw())];
        var head = ConfidenceHead.Train([.. train.Select(one => one.State)], [.. train.Select(one => one.IsRight)]);
        ScoredOutcome[] outcomes = [.. test.Select(one => new ScoredOutcome(head.Confidence(one.State), one.IsRight))];
        ScoredOutcome[] constant = [.. test.Select(one => new ScoredOutcome(0.55, one.IsRight))];
        Assert.InRange(CalibrationReport.Of(outcomes).Error, 0, 0.07);
        Assert.True(CalibrationReport.Of(outcomes).Brier < CalibrationReport.Of(constant).Brier - 0.05);
        Assert.True(RiskCoverage.Of(outcomes).Area < RiskCoverage.Of(constant).Area * 0.7);
    }

    [Fact]
    public void Head_OnWhatCannotTeach_SaysWhy()
    {
        Assert.Contains("right", Assert.Throws<ArgumentException>(() => ConfidenceHead.Train([[1f], [2f]], [true, true])).Message);
        Assert.Throws<ArgumentException>(() => ConfidenceHead.Train([[1f]], [true, false]));
        Assert.Contains("Hidden state 1", Assert.Throws<ArgumentException>(() => ConfidenceHead.Train([[1f], [float.NaN]], [true, false])).Message);
    }

    [Fact]
    public void Trace_OfAnAnswer_HasTheModelsProbabilitiesAndItsLastState()
    {
        using Device device = CpuDevice.Create(threads: 1);
        using var model = new Transformer(new TransformerConfig { VocabularySize = 64, Channels = 32, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadSize = 8, HiddenChannels = 64, ContextLength = 32 }, device, training: false);
        model.Initialize(7);
        foreach (Nn.Parameter parameter in model.Parameters.All.Where(parameter => parameter.Name.Contains("_proj.weight", StringComparison.Ordinal)))
        {
            Nn.Initialization.Normal(parameter, 0.2, 7);
        }
        int[] prompt = [1, 2, 3, 4, 5], answer = [6, 7, 8];
        AnswerTrace trace = AnswerTrace.Read(model, prompt, answer);
        Assert.Equal(3, trace.LogProbabilities.Count);
        Assert.Equal(-new ContinuationScorer(model).Nats([(prompt, answer)])[0], trace.LogProbabilities.Sum(), 4);
        Assert.Equal(32, trace.Hidden.Length);
        // The state is the last token's: another answer's end has another one, and the probabilities before it stay.
        AnswerTrace other = AnswerTrace.Read(model, prompt, [6, 7, 9]);
        Assert.NotEqual(trace.Hidden, other.Hidden);
        Assert.Equal(trace.LogProbabilities.Take(2), other.LogProbabilities.Take(2));
        Assert.Throws<ArgumentException>(() => AnswerTrace.Read(model, prompt, []));
        Assert.Throws<ArgumentException>(() => AnswerTrace.Read(model, new int[30], answer));
    }
}
