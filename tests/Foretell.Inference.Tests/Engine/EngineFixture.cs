using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Inference.Tests;

/// <summary>A small random model whose answers wander, and what it writes without an engine.</summary>
public sealed class EngineFixture : IDisposable
{
    public const int Context = 160;

    public EngineFixture()
    {
        Device = CpuDevice.Create(threads: 2);
        Model = Random(seed: 2);
    }

    public Device Device { get; }

    public ByteTokenizer Tokenizer { get; } = new();

    public Transformer Model { get; }

    public Transformer Random(ulong seed, int layers = 2, double deviation = 0.25)
    {
        var config = new TransformerConfig { VocabularySize = Tokenizer.VocabularySize + 7, Channels = 32, Layers = layers, Heads = 4, KeyValueHeads = 2, HeadSize = 8, HiddenChannels = 48, ContextLength = Context };
        var model = new Transformer(config, Device, training: false);
        foreach (Parameter parameter in model.Parameters.All)
        {
            Initialization.Normal(parameter, deviation, seed);
        }
        return model;
    }

    public Engine NewEngine(EngineOptions? options = null, Transformer? draft = null, TimeProvider? time = null) => new(Model, Tokenizer, options, draft: draft, time: time);

    /// <summary>A request of many kinds.</summary>
    public static GenerationRequest Request(ulong seed, int? maximum = null)
    {
        var random = new SeededRandom(seed).Fork("request");
        // Beginnings that several requests share, and ends of their own.
        int[] beginning = Ids((ulong)random.NextInt(3) + 100, random.NextInt(3) * 25);
        int[] prompt = [.. beginning, .. Ids(seed, 1 + random.NextInt(40))];
        return new GenerationRequest
        {
            Prompt = prompt,
            FairnessKey = "key" + random.NextInt(3),
            LogProbabilities = random.NextInt(3) == 0,
            Sampling = new SamplingOptions
            {
                Seed = seed,
                Temperature = random.NextInt(4) * 0.5,
                TopK = random.NextInt(3) == 0 ? 20 : 0,
                TopP = random.NextInt(3) == 0 ? 0.9 : 1,
                RepetitionPenalty = random.NextInt(3) == 0 ? 1.3 : 1,
                FrequencyPenalty = random.NextInt(4) == 0 ? 0.4 : 0,
                MaximumTokens = maximum ?? 1 + random.NextInt(70),
            },
        };
    }

    public static int[] Ids(ulong seed, int count)
    {
        var random = new SeededRandom(seed).Fork("ids");
        return [.. Enumerable.Range(0, count).Select(_ => random.NextInt(256))];
    }

    /// <summary>What the plain one-request generator writes.</summary>
    public Generation Alone(GenerationRequest request) => new TextGenerator(Model, Tokenizer).Generate(request.Prompt.Span, request.Sampling);

    /// <summary>log P of each token of a text, from the whole sequence at once as in training: [tokens, vocabulary].</summary>
    public float[][] LogProbabilities(int[] ids)
    {
        using var tape = new Tape(Device, recording: false);
        float[] all = tape.LogSoftmax(Model.Logits(tape, Model.Hidden(tape, TokenBatch.Single(ids)))).ToArray();
        return [.. all.Chunk(Model.Config.VocabularySize)];
    }

    public void AssertAsAlone(GenerationRequest request, GenerationResult result)
    {
        Generation alone = Alone(request);
        GeneratedAnswer answer = Assert.Single(result.Answers);
        Assert.Equal(alone.Ids, answer.Tokens.Select(token => token.Id));
        Assert.Equal(alone.Text, answer.Text);
        Assert.Equal(alone.Reason, answer.Reason);
        AssertLogProbabilities(request, answer);
    }

    public void AssertLogProbabilities(GenerationRequest request, GeneratedAnswer answer)
    {
        if (!request.LogProbabilities)
        {
            Assert.All(answer.Tokens, token => Assert.Null(token.LogProbability));
            return;
        }
        int[] ids = [.. request.Prompt.Span, .. answer.Tokens.Select(token => token.Id)];
        float[][] expected = ids.Length > 1 ? LogProbabilities(ids[..^1]) : [];
        for (int i = 0; i < answer.Tokens.Count; i++)
        {
            GeneratedToken token = answer.Tokens[i];
            float[] row = expected[request.Prompt.Length + i - 1];
            Assert.Equal(BitConverter.SingleToInt32Bits(row[token.Id]), BitConverter.SingleToInt32Bits(token.LogProbability!.Value));
            TokenAlternative[] likeliest = [.. Enumerable.Range(0, Tokenizer.VocabularySize).OrderByDescending(id => row[id]).ThenBy(id => id).Take(request.Alternatives).Select(id => new TokenAlternative(id, row[id]))];
            Assert.Equal(likeliest, token.Alternatives);
        }
    }

    /// <summary>Reads a stream to its end.</summary>
    public static async Task<List<GenerationUpdate>> Read(GenerationStream stream)
    {
        var updates = new List<GenerationUpdate>();
        await foreach (GenerationUpdate update in stream)
        {
            updates.Add(update);
        }
        return updates;
    }

    /// <summary>The statistics once nothing runs any more.</summary>
    public static async Task<EngineStatistics> Settled(Engine engine)
    {
        while (engine.Statistics is { RunningSequences: > 0 } or { WaitingSequences: > 0 } || engine.QueueLength > 0)
        {
            await Task.Delay(5);
        }
        return engine.Statistics;
    }

    public void Dispose()
    {
        Model.Dispose();
        Assert.Equal(0, Device.Memory.LiveBytes);
        Device.Dispose();
    }
}
