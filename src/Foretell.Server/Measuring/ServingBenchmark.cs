using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Server.Catalog;
using Foretell.Tensors;
using Foretell.Tokenizers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Measuring;

/// <summary>
/// Measures what HTTP costs: streamed chats over a server's loopback beside the bare engine of the same model under the same
/// load, in turns, so that a noisy minute spoils both alike. Prompts differ, so that nothing comes from the prefix cache
/// but where that is what is measured.
/// </summary>
public sealed class ServingBenchmark
{
    private const int WarmRepeats = 15;
    private const int LongestWarmPrompt = 512;

    private readonly Uri _address;
    private readonly ForetellModel _model;
    private readonly ServingBenchmarkOptions _options;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly string _biases;
    private readonly Dictionary<int, double> _engineBiases;
    private int _prompts;

    private ServingBenchmark(Uri address, ForetellModel model, ServingBenchmarkOptions options)
    {
        _address = address;
        _model = model;
        _options = options;
        // No answer may end before it has its tokens.
        _engineBiases = model.EndIds.ToDictionary(id => id, _ => -100.0);
        _biases = new JsonObject(_engineBiases.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key.ToString(CultureInfo.InvariantCulture), pair.Value))).ToJsonString();
    }

    /// <summary>Measures the first model of a running server.</summary>
    /// <param name="app">A server in this process that asks for no key and listens at plain HTTP on loopback.</param>
    /// <param name="progress">Told what is being measured.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static async Task<ServingSpeed> MeasureAsync(WebApplication app, ServingBenchmarkOptions options, Action<string>? progress = null, CancellationToken cancellation = default)
    {
        options.Validate();
        ModelCatalog catalog = app.Services.GetRequiredService<ModelCatalog>();
        progress?.Invoke("loading");
        while (!catalog.IsReady && catalog.StartFailure is null)
        {
            await Task.Delay(20, cancellation).ConfigureAwait(false);
        }
        using ModelLease<ForetellModel> lease = await catalog.AcquireAsync(catalog.All[0].Id, cancellation).ConfigureAwait(false);
        var benchmark = new ServingBenchmark(new Uri(app.Urls.First()), lease.Model, options);
        return await benchmark.RunAsync(progress, cancellation).ConfigureAwait(false);
    }

    private async Task<ServingSpeed> RunAsync(Action<string>? progress, CancellationToken cancellation)
    {
        var loads = new List<ServingLoad>();
        foreach (int clients in _options.Clients)
        {
            progress?.Invoke(FormattableString.Invariant($"{clients} clients"));
            await HttpRoundAsync(clients, cancellation).ConfigureAwait(false);
            await EngineRoundAsync(clients, cancellation).ConfigureAwait(false);
            var https = new List<Round>();
            var engines = new List<Round>();
            for (int round = 0; round < _options.Rounds; round++)
            {
                progress?.Invoke(FormattableString.Invariant($"{clients} clients, round {round + 1} of {_options.Rounds}"));
                https.Add(await HttpRoundAsync(clients, cancellation).ConfigureAwait(false));
                engines.Add(await EngineRoundAsync(clients, cancellation).ConfigureAwait(false));
            }
            TimeSpan[] first = [.. https.SelectMany(round => round.FirstTokens).Order()];
            loads.Add(new ServingLoad(
                clients,
                Median(https.Select(round => round.Rate)),
                Median(engines.Select(round => round.Rate)),
                Median(https.Zip(engines, (http, engine) => http.Rate / engine.Rate)),
                first[first.Length / 2],
                first[Math.Min(first.Length - 1, first.Length * 95 / 100)],
                Median(engines.SelectMany(round => round.FirstTokens)),
                Median(https.SelectMany(round => round.PerToken))));
        }
        progress?.Invoke("a warm prefix");
        (int tokens, TimeSpan warm) = await WarmAsync(cancellation).ConfigureAwait(false);
        progress?.Invoke("the idle server");
        return new ServingSpeed(loads, tokens, warm, await IdleAsync(cancellation).ConfigureAwait(false));
    }

    private sealed record Round(double Rate, IReadOnlyList<TimeSpan> FirstTokens, IReadOnlyList<TimeSpan> PerToken);

    private async Task<Round> HttpRoundAsync(int clients, CancellationToken cancellation)
    {
        var connections = new List<RawClient>();
        try
        {
            for (int client = 0; client < clients; client++)
            {
                connections.Add(await RawClient.ConnectAsync(_address, cancellation).ConfigureAwait(false));
            }
            return await RoundAsync(clients, async client =>
            {
                long sent = _time.GetTimestamp();
                (long first, long end) = await StreamAsync(connections[client], Prompt(), _options.Tokens, cancellation).ConfigureAwait(false);
                return (_time.GetElapsedTime(sent, first), _time.GetElapsedTime(first, end));
            }).ConfigureAwait(false);
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }

    private Task<Round> EngineRoundAsync(int clients, CancellationToken cancellation) => RoundAsync(clients, async client =>
    {
        int[] prompt = Tokens(Prompt());
        GenerationStream stream = _model.Engine.Submit(new GenerationRequest { Prompt = prompt, Sampling = Sampling(_options.Tokens) }, cancellation);
        await foreach (GenerationUpdate update in stream.WithCancellation(cancellation).ConfigureAwait(false))
        {
            _ = update;
        }
        GenerationTiming timing = (await stream.Completion.ConfigureAwait(false)).Timing;
        return (timing.FirstToken, timing.Total - timing.FirstToken);
    });

    private async Task<Round> RoundAsync(int clients, Func<int, Task<(TimeSpan First, TimeSpan Later)>> ask)
    {
        var times = new (TimeSpan First, TimeSpan Later)[clients * _options.Requests];
        long began = _time.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            for (int request = 0; request < _options.Requests; request++)
            {
                times[client * _options.Requests + request] = await ask(client).ConfigureAwait(false);
            }
        }))).ConfigureAwait(false);
        double seconds = _time.GetElapsedTime(began).TotalSeconds;
        return new Round(times.Length * _options.Tokens / seconds, [.. times.Select(time => time.First)], [.. times.Select(time => time.Later / (_options.Tokens - 1))]);
    }

    private async Task<(long First, long End)> StreamAsync(RawClient client, string prompt, int tokens, CancellationToken cancellation)
    {
        string text = JsonValue.Create(prompt).ToJsonString();
        await client.PostAsync("/v1/chat/completions", FormattableString.Invariant($$"""{"model": {{JsonValue.Create(_model.Id).ToJsonString()}}, "messages": [{"role": "user", "content": {{text}}}], "stream": true, "max_tokens": {{tokens}}, "temperature": 0, "top_k": 0, "top_p": 1, "min_p": 0, "repetition_penalty": 1, "logit_bias": {{_biases}}}"""), cancellation).ConfigureAwait(false);
        (long first, long end, _, bool isWhole) = await client.ReadEventsAsync(_time, cancellation).ConfigureAwait(false);
        return isWhole ? (first, end) : throw new IOException("A stream ended before its end mark.");
    }

    private async Task<(int Tokens, TimeSpan First)> WarmAsync(CancellationToken cancellation)
    {
        var prompt = new System.Text.StringBuilder(Prompt());
        int most = Math.Min(LongestWarmPrompt, _model.Engine.ContextLength / 2);
        while (Length(prompt.ToString()) < most)
        {
            prompt.Append(" and so on");
        }
        using RawClient client = await RawClient.ConnectAsync(_address, cancellation).ConfigureAwait(false);
        await StreamAsync(client, prompt.ToString(), 4, cancellation).ConfigureAwait(false);
        var times = new List<TimeSpan>();
        for (int repeat = 0; repeat < WarmRepeats; repeat++)
        {
            long sent = _time.GetTimestamp();
            (long first, _) = await StreamAsync(client, prompt.ToString(), 4, cancellation).ConfigureAwait(false);
            times.Add(_time.GetElapsedTime(sent, first));
        }
        return (Length(prompt.ToString()), Median(times));
    }

    private async Task<double> IdleAsync(CancellationToken cancellation)
    {
        using var process = Process.GetCurrentProcess();
        // What the last requests left behind is cleared away first.
        await Task.Delay(TimeSpan.FromSeconds(1), cancellation).ConfigureAwait(false);
        process.Refresh();
        TimeSpan before = process.TotalProcessorTime;
        long began = _time.GetTimestamp();
        await Task.Delay(_options.Idle, cancellation).ConfigureAwait(false);
        process.Refresh();
        return (process.TotalProcessorTime - before) / _time.GetElapsedTime(began);
    }

    private int Length(string prompt) => Tokens(prompt).Length;

    private int[] Tokens(string prompt) => ConversationAnswer.Render(_model, [new ChatMessage("user", prompt)], new ChatRequest { Sampling = Sampling(1) }).Tokens(_model.Tokenizer);

    private SamplingOptions Sampling(int tokens) => new() { Temperature = 0, MaximumTokens = tokens, LogitBias = _engineBiases };

    /// <summary>A prompt that no request had before, different from its first word on.</summary>
    private string Prompt()
    {
        SeededRandom random = new SeededRandom(7).Fork("prompt", Interlocked.Increment(ref _prompts));
        return string.Create(CultureInfo.InvariantCulture, $"{random.NextBits():x16} asks what the weather will be like.");
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static TimeSpan Median(IEnumerable<TimeSpan> values)
    {
        TimeSpan[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
