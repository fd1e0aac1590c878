using Foretell.Models;
using Foretell.Tensors.Autograd;
using Foretell.Tokenizers;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant.Tests;

public sealed class ForetellEmbeddingGeneratorTests : IDisposable
{
    private readonly RandomModel _random = new();
    private readonly ForetellEmbeddingGenerator _generator;

    public ForetellEmbeddingGeneratorTests() => _generator = new ForetellEmbeddingGenerator(_random.Model);

    public void Dispose()
    {
        _generator.Dispose();
        _random.Dispose();
    }

    [Fact]
    public async Task GenerateAsync_AText_IsTheNormalisedMeanOfItsLastHiddenStates()
    {
        const string Text = "a house by the sea";
        int[] ids = _random.Tokenizer.Encode(Text);
        using var tape = new Tape(_random.Device, recording: false);
        float[] states = _random.Transformer.Hidden(tape, TokenBatch.Single(ids)).ToArray();
        double[] mean = [.. Enumerable.Range(0, 32).Select(channel => Enumerable.Range(0, ids.Length).Average(token => (double)states[token * 32 + channel]))];
        double length = Math.Sqrt(mean.Sum(x => x * x));
        float[] vector = (await _generator.GenerateAsync([Text])).Single().Vector.ToArray();
        for (int i = 0; i < mean.Length; i++)
        {
            Assert.Equal(mean[i] / length, vector[i], 1e-6);
        }
    }

    [Fact]
    public async Task GenerateAsync_InAnyCompany_GivesTheSameBits()
    {
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => string.Concat(Enumerable.Repeat($"text {i} ", 1 + i * 7 % 20)))];
        GeneratedEmbeddings<Embedding<float>> together = await _generator.GenerateAsync(texts);
        Assert.Equal(texts.Length, together.Count);
        GeneratedEmbeddings<Embedding<float>>[] alone = await Task.WhenAll(texts.Select(text => _generator.GenerateAsync([text])));
        for (int i = 0; i < texts.Length; i++)
        {
            Assert.Equal(alone[i][0].Vector.ToArray(), together[i].Vector.ToArray());
        }
        Assert.Equal(texts.Sum(text => text.Length), together.Usage!.InputTokenCount);
        Assert.Equal(together.Usage.InputTokenCount, together.Usage.TotalTokenCount);
        Assert.Equal(texts.Length, together.Select(embedding => Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(embedding.Vector.Span))).Distinct().Count());
    }

    [Fact]
    public async Task GenerateAsync_WithFewerDimensions_CutsAndScalesToLengthOne()
    {
        float[] whole = (await _generator.GenerateAsync(["sea"])).Single().Vector.ToArray();
        float[] cut = (await _generator.GenerateAsync(["sea"], new EmbeddingGenerationOptions { Dimensions = 5, ModelId = "random" })).Single().Vector.ToArray();
        double length = Math.Sqrt(whole[..5].Sum(x => (double)x * x));
        Assert.Equal(5, cut.Length);
        Assert.Equal(1, cut.Sum(x => (double)x * x), 1e-6);
        Assert.Equal(whole[..5].Select(x => x / length), cut.Select(x => (double)x), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public async Task GenerateAsync_WithWhatItCannotDo_SaysSo()
    {
        TextTooLongException tooLong = await Assert.ThrowsAsync<TextTooLongException>(() => _generator.GenerateAsync(["short", new string('x', 300)]));
        Assert.Equal((1, 300, 256), (tooLong.Index, tooLong.Tokens, tooLong.Context));
        Assert.Contains("300 tokens and the model's context is 256", tooLong.Message, StringComparison.Ordinal);
        await Refused("text 1 is empty", null, "good", "");
        await Refused("Dimensions is 33", new EmbeddingGenerationOptions { Dimensions = 33 }, "good");
        await Refused("\"other\"", new EmbeddingGenerationOptions { ModelId = "other" }, "good");
        await Refused("\"pooling\"", new EmbeddingGenerationOptions { AdditionalProperties = new() { ["pooling"] = "last" } }, "good");

        async Task Refused(string expected, EmbeddingGenerationOptions? options, params string[] texts) =>
            Assert.Contains(expected, (await Assert.ThrowsAsync<ArgumentException>(() => _generator.GenerateAsync(texts, options))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateAsync_Cancelled_StopsAndLeavesTheGeneratorUsable()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _generator.GenerateAsync(["sea"], cancellationToken: cancelled.Token));
        Assert.Single(await _generator.GenerateAsync(["sea"]));
    }

    [Fact]
    public void GetService_ForMetadata_NamesProviderModelAndDimensions()
    {
        var metadata = _generator.GetService<EmbeddingGeneratorMetadata>();
        Assert.Equal(("foretell", "random", 32), (metadata!.ProviderName, metadata.DefaultModelId, metadata.DefaultModelDimensions));
        Assert.Same(_random.Transformer, _generator.GetService(typeof(Transformer)));
        Assert.Same(_random.Tokenizer, _generator.GetService(typeof(Tokenizer)));
        Assert.Same(_generator, _generator.GetService(typeof(IEmbeddingGenerator<string, Embedding<float>>)));
        Assert.Null(_generator.GetService(typeof(Transformer), "key"));
        Assert.Null(_generator.GetService(typeof(string)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dispose_WhileTextsAreRead_EndsEveryCallAndOnlyThenFreesTheModel(bool disposesGenerator)
    {
        using var random = new RandomModel();
        var generator = new ForetellEmbeddingGenerator(random.Model);
        string[] texts = [.. Enumerable.Range(0, 3000).Select(i => string.Concat(Enumerable.Repeat($"text {i} ", 10)))];
        Task[] calls = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () => await generator.GenerateAsync(texts)))];
        await Task.Delay(20);
        if (disposesGenerator)
        {
            generator.Dispose();
        }
        await random.Model.DisposeAsync();
        foreach (Task call in calls)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => call.WaitAsync(TimeSpan.FromMinutes(2)));
        }
        await Assert.ThrowsAsync<ObjectDisposedException>(() => new ForetellEmbeddingGenerator(random.Model).GenerateAsync(["late"]));
    }
}
