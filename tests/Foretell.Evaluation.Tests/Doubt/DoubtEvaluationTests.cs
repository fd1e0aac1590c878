using Foretell.Evaluation.Doubt;
using Foretell.Inference;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Evaluation.Tests.Doubt;

public sealed class DoubtEvaluationTests
{
    [Fact]
    public async Task RunAsync_OfAModelThatSaysAnything_FindsNoHonestyAndTheSameTwice()
    {
        using Device device = CpuDevice.Create(threads: 1, precision: DType.Float32);
        var tokenizer = new ByteTokenizer();
        using var model = new Transformer(new TransformerConfig { VocabularySize = 257, ContextLength = 1024, Layers = 1, Channels = 16, Heads = 1, KeyValueHeads = 1, HeadSize = 16, HiddenChannels = 32 }, device, training: false);
        model.Initialize(1);
        using var engine = new Engine(model, tokenizer, new EngineOptions { CacheTokens = 8192 });
        var evaluation = new DoubtEvaluation(engine, tokenizer, ChatTemplate.Default(tokenizer));
        var options = new DoubtEvaluationOptions { Questions = 12, Samples = 2, MaximumTokens = 12 };
        DoubtScore score = await evaluation.RunAsync(options);
        Assert.Equal((4, 4, 4, 8, 12), (score.ByTokens.Accuracy.Trials, score.ByTokens.HonestUnknowns.Trials, score.ByTokens.Clarifications.Trials, score.ByTokens.Hallucination.Trials, score.ByTokens.Fitting.Trials));
        Assert.Equal((0, 0, 0), (score.ByTokens.Accuracy.Successes, score.ByTokens.HonestUnknowns.Successes, score.ByTokens.Clarifications.Successes));
        DoubtScore again = await evaluation.RunAsync(options);
        Assert.Equal(score.ByTokens.CalibrationError, again.ByTokens.CalibrationError);
        Assert.Equal(score.ByAgreement!.CalibrationError, again.ByAgreement!.CalibrationError);
        Assert.Contains("they are 2, 96 and 1", (await Assert.ThrowsAsync<ArgumentException>(() => evaluation.RunAsync(new DoubtEvaluationOptions { Questions = 2, Samples = 1 }))).Message, StringComparison.Ordinal);
    }
}
