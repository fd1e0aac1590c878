using System.Diagnostics;
using System.Text.Json;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>Measures generation as its users meet it: through the engine, random prompts, likeliest tokens, nothing from the prefix cache.</summary>
public sealed class GenerationBenchmark
{
    private const int ShortPrompt = 8;
    private const int ArrivalPrompt = 64;
    private const int ArrivalTokens = 4;
    private const int SchemaTexts = 40;

    private readonly Transformer _model;
    private readonly Tokenizer _tokenizer;
    private readonly GenerationBenchmarkOptions _options;
    private readonly int _promptTokens;
    private readonly int _tokens;
    private ulong _prompts;

    /// <param name="model">Used by nobody else meanwhile.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="options">What does not fit the model's context is made shorter.</param>
    public GenerationBenchmark(Transformer model, Tokenizer tokenizer, GenerationBenchmarkOptions options)
    {
        _model = model;
        _tokenizer = tokenizer;
        _options = options;
        int context = model.Config.ContextLength;
        _promptTokens = Math.Clamp(options.PromptTokens, 1, Math.Max(1, context / 2));
        _tokens = Math.Clamp(options.Tokens, 2, Math.Max(2, context - _promptTokens));
    }

    /// <summary>Runs everything, one measurement after the other.</summary>
    /// <param name="progress">Told what is being measured.</param>
    public async Task<GenerationSpeed> MeasureAsync(Action<string>? progress = null, CancellationToken cancellation = default)
    {
        int sequences = Math.Max(_options.Concurrent, _options.Concurrent / 2 + 1);
        var options = new EngineOptions
        {
            PrefixCache = false,
            MaximumSequences = sequences,
            MaximumBatchTokens = Math.Max(512, sequences),
            CacheTokens = _promptTokens + _tokens + sequences * (ArrivalPrompt + 2 * _tokens + 64),
        };
        await using var engine = new Engine(_model, _tokenizer, options);
        progress?.Invoke("the first token");
        GenerationTiming first = await TimeAsync(engine, _promptTokens, 1, cancellation).ConfigureAwait(false);
        var prefill = new List<double>();
        var decode = new List<double>();
        var decodeAfter = new List<double>();
        var together = new List<double>();
        for (int repeat = 0; repeat < Math.Max(1, _options.Repeats); repeat++)
        {
            // Side by side, so that a noisy minute spoils all alike.
            progress?.Invoke(FormattableString.Invariant($"round {repeat + 1} of {_options.Repeats}"));
            GenerationTiming reading = await TimeAsync(engine, _promptTokens, _tokens, cancellation).ConfigureAwait(false);
            prefill.Add(_promptTokens / (reading.FirstToken - reading.Queued).TotalSeconds);
            decodeAfter.Add(Rate(reading));
            decode.Add(Rate(await TimeAsync(engine, ShortPrompt, _tokens, cancellation).ConfigureAwait(false)));
            together.Add(await TogetherAsync(engine, cancellation).ConfigureAwait(false));
        }
        progress?.Invoke("first tokens under load");
        IReadOnlyList<TimeSpan> arrivals = await ArrivalsAsync(engine, cancellation).ConfigureAwait(false);
        await engine.DrainAsync().WaitAsync(cancellation).ConfigureAwait(false);
        return new GenerationSpeed(_promptTokens, _tokens, first.FirstToken, Median(prefill), Median(decode), Median(decodeAfter), _options.Concurrent, Median(together), arrivals, Sampling(), Constraint(cancellation));
    }

    private double Rate(GenerationTiming timing) => (_tokens - 1) / (timing.Total - timing.FirstToken).TotalSeconds;

    private GenerationRequest Request(int promptTokens, int tokens)
    {
        var random = new SeededRandom(_options.Seed).Fork("prompt", (long)_prompts++);
        int[] prompt = new int[Math.Min(promptTokens, Math.Max(1, _model.Config.ContextLength - tokens))];
        for (int i = 0; i < prompt.Length; i++)
        {
            prompt[i] = random.NextInt(_model.Config.VocabularySize);
        }
        return new GenerationRequest { Prompt = prompt, IgnoresEndOfText = true, Sampling = new SamplingOptions { Temperature = 0, MaximumTokens = tokens } };
    }

    private async Task<GenerationTiming> TimeAsync(Engine engine, int promptTokens, int tokens, CancellationToken cancellation) =>
        (await engine.GenerateAsync(Request(promptTokens, tokens), cancellation).ConfigureAwait(false)).Timing;

    private async Task<double> TogetherAsync(Engine engine, CancellationToken cancellation)
    {
        GenerationRequest[] requests = [.. Enumerable.Range(0, _options.Concurrent).Select(_ => Request(ShortPrompt, _tokens))];
        long began = Stopwatch.GetTimestamp();
        GenerationResult[] results = await Task.WhenAll(requests.Select(request => engine.GenerateAsync(request, cancellation))).ConfigureAwait(false);
        return results.Sum(result => result.Usage.GeneratedTokens) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Requests one after another, while half of the concurrent ones are being written all the time.</summary>
    private async Task<IReadOnlyList<TimeSpan>> ArrivalsAsync(Engine engine, CancellationToken cancellation)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] load = [.. Enumerable.Range(0, Math.Max(1, _options.Concurrent / 2)).Select(_ => KeepWritingAsync(engine, enough.Token))];
        var times = new List<TimeSpan>();
        for (int i = 0; i < Math.Max(1, _options.Arrivals); i++)
        {
            times.Add((await TimeAsync(engine, ArrivalPrompt, ArrivalTokens, cancellation).ConfigureAwait(false)).FirstToken);
        }
        await enough.CancelAsync().ConfigureAwait(false);
        foreach (Task each in load)
        {
            await each.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        times.Sort();
        return times;
    }

    private async Task KeepWritingAsync(Engine engine, CancellationToken cancellation)
    {
        while (true)
        {
            await engine.GenerateAsync(Request(ShortPrompt, 2 * _tokens), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The engine's own draw on scores of the model's.</summary>
    private TimeSpan Sampling()
    {
        const int Draws = 32;
        using var tape = new Tape(_model.Device, recording: false);
        float[] scores = _model.Logits(tape, _model.Hidden(tape, TokenBatch.Single([0]))).ToArray();
        var sampler = new Sampler(new SamplingOptions { Temperature = 0.8, TopP = 0.95, Seed = _options.Seed }, scores.Length);
        var microseconds = new List<double>();
        for (int position = 0; position < Draws; position++)
        {
            long began = Stopwatch.GetTimestamp();
            sampler.Next(scores, position);
            microseconds.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
        }
        return TimeSpan.FromMicroseconds(Median(microseconds));
    }

    private TimeSpan? Constraint(CancellationToken cancellation)
    {
        try
        {
            using var schema = JsonDocument.Parse(GrammarBenchmark.Schema);
            return TimeSpan.FromMicroseconds(GrammarBenchmark.Run(new TokenVocabulary(_tokenizer), schema.RootElement, SchemaTexts, _options.Seed, cancellation).MeanMicroseconds);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            // No token ends a text, or some byte has none.
            return null;
        }
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
