using Foretell.Inference;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Training.Tests;

public sealed class SequenceGradientTests : IDisposable
{
    private readonly Device _device = CpuDevice.Create(threads: 2, precision: DType.Float32);
    private readonly Transformer _model;
    private readonly IReadOnlyList<IReadOnlyList<int[]>> _groups = [[[1, 5, 9, 3], [1, 5, 2]], [[7, 7, 7, 7, 7, 7, 7, 8], [7, 1]], [[4, 250, 31, 90, 12], [4, 251, 30]]];

    public SequenceGradientTests()
    {
        _model = new Transformer(new TransformerConfig { VocabularySize = 257, ContextLength = 64, Layers = 2, Channels = 32, Heads = 4, KeyValueHeads = 2, HeadSize = 8, HiddenChannels = 64 }, _device, training: true);
        _model.Initialize(3);
        foreach (Parameter parameter in _model.Parameters.All)
        {
            Initialization.Normal(parameter, 0.2, 5);
        }
    }

    public void Dispose()
    {
        _model.Dispose();
        _device.Dispose();
    }

    [Fact]
    public void Run_OfACurvedObjective_EqualsFiniteDifferences()
    {
        _model.Parameters.ClearGradients();
        SequenceGradient.Run(_model, _groups, Curved);
        foreach (Parameter parameter in _model.Parameters.All)
        {
            // A row of an embedding that occurs.
            int index = parameter.Kind == ParameterKind.Embedding ? (7 * 32) + 3 : (int)parameter.Value.Shape.ElementCount / 3;
            float[] values = parameter.Value.ToArray();
            float old = values[index];
            const float Step = 1e-2f;
            double Loss(float at)
            {
                values[index] = at;
                parameter.Value.CopyFrom(values);
                return CurvedLoss();
            }
            double slope = (Loss(old + Step) - Loss(old - Step)) / (2 * Step);
            Loss(old);
            double gradient = parameter.Gradient.ToArray()[index];
            Assert.True(Math.Abs(slope - gradient) <= 2e-2 + (0.05 * Math.Abs(slope)), $"{parameter.Name}[{index}]: {gradient} against {slope}");
        }
    }

    [Fact]
    public void Run_InAnyNumberOfPasses_GivesTheSameBits()
    {
        float[][] Gradients(int rowsAtOnce)
        {
            _model.Parameters.ClearGradients();
            SequenceGradient.Run(_model, _groups, Curved, rowsAtOnce);
            return [.. _model.Parameters.All.Select(parameter => parameter.Gradient.ToArray())];
        }
        float[][] whole = Gradients(4096);
        Assert.Contains(whole[0], value => value != 0);
        Assert.Equal(whole, Gradients(1));
        Assert.Equal(whole, Gradients(70));
    }

    [Fact]
    public async Task LogProbabilities_OfWhatTheEngineDrew_AreTheEnginesBits()
    {
        var tokenizer = new ByteTokenizer();
        await using var engine = new Engine(_model, tokenizer, new EngineOptions { CacheTokens = 1024 });
        GenerationResult result = await engine.GenerateAsync(new GenerationRequest { Prompt = new[] { 4, 250, 31 }, Choices = 4, LogProbabilities = true, IgnoresEndOfText = true, Sampling = new SamplingOptions { MaximumTokens = 40, Seed = 7 } });
        foreach (GeneratedAnswer answer in result.Answers)
        {
            int[] ids = [4, 250, 31, .. answer.Tokens.Select(token => token.Id)];
            float[] own = SequenceGradient.LogProbabilities(_model, [[9, 9, 9], ids])[1];
            Assert.Equal(answer.Tokens.Select(token => (float)token.LogProbability!.Value), own[2..]);
        }
    }

    [Fact]
    public void ScoreGradient_OfACurvedObjective_EqualsFiniteDifferences()
    {
        using var head = new ScalarHead(32, _device, training: true);
        Initialization.Normal(head.Parameters.All[0], 0.5, 2);
        _model.Parameters.ClearGradients();
        head.Parameters.ClearGradients();
        ScoreGradient.Run(_model, head, _groups, Curved, rowsAtOnce: 1);
        double Loss() => _groups.Select(group => ScoreGradient.Scores(_model, head, group)).Sum(Value);
        foreach (Parameter parameter in new[] { head.Parameters.All[0], head.Parameters.All[1], _model.Parameters.All[0], _model.Parameters.All[3] })
        {
            int index = parameter.Value.Shape.ElementCount > 200 ? 5 * 32 : 0;
            float[] values = parameter.Value.ToArray();
            float old = values[index];
            double At(float value)
            {
                values[index] = value;
                parameter.Value.CopyFrom(values);
                return Loss();
            }
            double slope = (At(old + 0.01f) - At(old - 0.01f)) / 0.02;
            At(old);
            double gradient = parameter.Gradient.ToArray()[index];
            Assert.True(Math.Abs(slope - gradient) <= 2e-2 + (0.05 * Math.Abs(slope)), $"{parameter.Name}[{index}]: {gradient} against {slope}");
        }
    }

    [Fact]
    public void Layout_OfASequenceOfOneToken_SaysWhichOne()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => SequenceGradient.LogProbabilities(_model, [[1, 2], [3]]));
        Assert.Contains("number 1 has 1", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The square of the first sequence's sum less that of the second's, and a tenth of every token's square.</summary>
    private static double Value(IReadOnlyList<float[]> values)
    {
        double margin = values[0].Sum(value => (double)value) - values[1].Sum(value => (double)value);
        return (0.01 * margin * margin) + (0.02 * values.Sum(sequence => sequence.Sum(value => (double)value * value)));
    }

    private static void Curved(int group, IReadOnlyList<float[]> values, IReadOnlyList<float[]> derivatives)
    {
        double margin = values[0].Sum(value => (double)value) - values[1].Sum(value => (double)value);
        for (int sequence = 0; sequence < 2; sequence++)
        {
            for (int token = 0; token < values[sequence].Length; token++)
            {
                derivatives[sequence][token] = (float)((0.02 * margin * (sequence == 0 ? 1 : -1)) + (0.04 * values[sequence][token]));
            }
        }
    }

    private double CurvedLoss() => _groups.Select(group => SequenceGradient.LogProbabilities(_model, group)).Sum(Value);
}
