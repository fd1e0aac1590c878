using System.Text;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Inference.Tests;

public sealed class TextGeneratorTests : IDisposable
{
    private const int Context = 32;
    private readonly Device _device = CpuDevice.Create(threads: 1);
    private readonly ByteTokenizer _tokenizer = new();
    private readonly Transformer _model;

    public TextGeneratorTests() => _model = Random(_tokenizer.VocabularySize);

    public void Dispose()
    {
        _model.Dispose();
        Assert.Equal(0, _device.Memory.LiveBytes);
        _device.Dispose();
    }

    [Fact]
    public void Generate_WithTheSameSeed_WritesTheSame()
    {
        Generation first = Generate(new SamplingOptions { Seed = 5, MaximumTokens = 20 });
        Assert.Equal(first.Text, Generate(new SamplingOptions { Seed = 5, MaximumTokens = 20 }).Text);
        Assert.NotEqual(first.Ids, Generate(new SamplingOptions { Seed = 6, MaximumTokens = 20 }).Ids);
    }

    [Fact]
    public void Generate_Greedily_TakesTheBestOfTheWholeSequencesLogits()
    {
        Generation generation = Generate(new SamplingOptions { Temperature = 0, MaximumTokens = 12 });
        List<int> ids = [.. Prompt];
        foreach (int id in generation.Ids)
        {
            using var tape = new Tape(_device, recording: false);
            float[] logits = _model.Logits(tape, _model.Hidden(tape, TokenBatch.Single([.. ids]))).ToArray()[^_tokenizer.VocabularySize..];
            Assert.Equal(Array.IndexOf(logits, logits.Max()), id);
            ids.Add(id);
        }
        Assert.NotEmpty(generation.Ids);
    }

    [Fact]
    public void Generate_AsManyAsAsked_EndsByLength()
    {
        Generation generation = Generate(new SamplingOptions { Seed = 2, MaximumTokens = 7 });
        Assert.Equal(FinishReason.Length, generation.Reason);
        Assert.Equal(7, generation.Ids.Count);
        Assert.Empty(Generate(new SamplingOptions { MaximumTokens = 0 }).Ids);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public void Generate_PastTheContext_EndsBecauseItIsFull(int maximum)
    {
        Generation generation = Generate(new SamplingOptions { Seed = 2, MaximumTokens = maximum });
        Assert.Equal(FinishReason.ContextFull, generation.Reason);
        // The last token drawn needs no place: nothing follows it.
        Assert.Equal(Context - Prompt.Length + 1, generation.Ids.Count);
    }

    [Fact]
    public void Generate_ToAStopString_LeavesItOut()
    {
        Generation free = Generate(new SamplingOptions { Seed = 4, MaximumTokens = 20 });
        string stop = free.Text.Substring(6, 2);
        Generation stopped = Generate(new SamplingOptions { Seed = 4, MaximumTokens = 20, StopStrings = [stop] });
        Assert.Equal(FinishReason.Stop, stopped.Reason);
        Assert.Equal(free.Text[..free.Text.IndexOf(stop, StringComparison.Ordinal)], stopped.Text);
    }

    [Fact]
    public void Generate_AtTheEndOfText_Stops()
    {
        // A head of which only the end-of-text row gives a positive score.
        using Transformer model = Random(_tokenizer.VocabularySize, tied: false);
        using (var tape = new Tape(_device, recording: false))
        {
            Tensor hidden = model.Hidden(tape, TokenBatch.Single(Prompt));
            float[] last = hidden.ToArray()[^model.Config.Channels..];
            float[] head = new float[_tokenizer.VocabularySize * model.Config.Channels];
            last.CopyTo(head, _tokenizer.EndOfTextId!.Value * model.Config.Channels);
            model.Parameters.Find("lm_head.weight")!.Value.CopyFrom(head);
        }
        Generation generation = new TextGenerator(model, _tokenizer).Generate(Prompt, new SamplingOptions { Temperature = 0 });
        Assert.Equal(FinishReason.Stop, generation.Reason);
        Assert.Empty(generation.Ids);
        Assert.Equal("", generation.Text);
    }

    [Fact]
    public void Generate_PieceByPiece_AddsUpToTheText()
    {
        var pieces = new List<string>();
        Generation generation = new TextGenerator(_model, _tokenizer).Generate(Prompt, new SamplingOptions { Seed = 8, MaximumTokens = 25 }, pieces.Add);
        Assert.Equal(generation.Text, string.Concat(pieces));
        Assert.Equal(Encoding.UTF8.GetString(_tokenizer.DecodeBytes([.. generation.Ids])), generation.Text);
        Assert.All(pieces, piece => Assert.Equal(piece, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(piece))));
    }

    [Fact]
    public void Generate_WithoutAPromptOrWithTooLongAOne_IsRefused()
    {
        var generator = new TextGenerator(_model, _tokenizer);
        Assert.Contains("no tokens", Assert.Throws<ArgumentException>(() => generator.Generate([], new SamplingOptions())).Message, StringComparison.Ordinal);
        Assert.Contains("32", Assert.Throws<ArgumentException>(() => generator.Generate(new int[Context], new SamplingOptions())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_Cancelled_Ends()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => new TextGenerator(_model, _tokenizer).Generate(Prompt, new SamplingOptions(), cancellation: source.Token));
    }

    /// <summary>Published models pad their vocabulary: the rows behind the tokenizer's last id mean nothing.</summary>
    [Fact]
    public void Generate_FromAModelWithMoreIdsThanItsTokenizer_DrawsOnlyTheTokenizers()
    {
        using Transformer padded = Random(_tokenizer.VocabularySize + 400);
        Generation generation = new TextGenerator(padded, _tokenizer).Generate(Prompt, new SamplingOptions { Temperature = 5, Seed = 3, MaximumTokens = 25 });
        Assert.All(generation.Ids, id => Assert.InRange(id, 0, _tokenizer.VocabularySize - 1));
        Assert.True(generation.Ids.Count > 2);
    }

    private int[] Prompt => _tokenizer.Encode("ab");

    private Generation Generate(SamplingOptions options) => new TextGenerator(_model, _tokenizer).Generate(Prompt, options);

    private Transformer Random(int vocabulary, bool tied = true)
    {
        var config = new TransformerConfig { VocabularySize = vocabulary, Channels = 16, Layers = 1, Heads = 2, KeyValueHeads = 1, HeadSize = 8, HiddenChannels = 24, ContextLength = Context, TiedHead = tied };
        var model = new Transformer(config, _device, training: false);
        foreach (Parameter parameter in model.Parameters.All)
        {
            Initialization.Normal(parameter, 0.3, 2);
        }
        return model;
    }
}
