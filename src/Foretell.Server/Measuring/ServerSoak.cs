using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Foretell.Assistant;
using Foretell.Server.Catalog;
using Foretell.Server.Staying;
using Foretell.Tensors;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Measuring;

/// <summary>
/// Asks a server for a while as good and bad clients do, side by side: the good ones must all be served, and nothing may be
/// left of the bad ones, neither places nor memory.
/// </summary>
public sealed class ServerSoak
{
    private const int MostFailures = 10;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;
    private readonly Uri _address;
    private readonly string _model;
    private readonly SoakOptions _options;
    private readonly BadClients _bad;
    private readonly ConcurrentQueue<string> _failures = new();
    private long _good;
    private long _busy;
    private long _failed;

    private ServerSoak(WebApplication app, SoakOptions options)
    {
        _app = app;
        _options = options;
        _address = new Uri(app.Urls.First());
        _model = app.Services.GetRequiredService<ModelCatalog>().All[0].Id;
        _bad = new BadClients(_address, _model);
    }

    /// <summary>Soaks the first model of a running server.</summary>
    /// <param name="app">A server in this process that asks for no key and listens at plain HTTP on loopback.</param>
    /// <param name="progress">Told how it goes.</param>
    public static Task<SoakReport> RunAsync(WebApplication app, SoakOptions options, Action<string>? progress = null, CancellationToken cancellation = default) =>
        new ServerSoak(app, options).RunAsync(progress, cancellation);

    private async Task<SoakReport> RunAsync(Action<string>? progress, CancellationToken cancellation)
    {
        using HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = _address, Timeout = s_patience };
        ModelCatalog catalog = _app.Services.GetRequiredService<ModelCatalog>();
        while (!catalog.IsReady && catalog.StartFailure is null)
        {
            await Task.Delay(20, cancellation).ConfigureAwait(false);
        }
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var stop = new CancellationTokenSource();
        var watch = Stopwatch.StartNew();
        List<Task> bad = [.. _bad.Kinds.SelectMany(kind => Enumerable.Range(0, _options.BadClients).Select(client => _bad.RepeatAsync(kind, client, ending.Token)))];
        if (_options.SilentConnections > 0)
        {
            bad.Add(_bad.SilenceAsync(_options.SilentConnections, ending.Token));
        }
        Task[] good = [.. Enumerable.Range(0, _options.GoodClients).Select(client => AskAsync(http, client, stop.Token))];
        (long Process, long Managed) warm = default;
        bool isWarm = false;
        while (watch.Elapsed < _options.Duration)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Min(1, _options.Duration.TotalSeconds / 10)), cancellation).ConfigureAwait(false);
            progress?.Invoke(FormattableString.Invariant($"{watch.Elapsed.TotalSeconds:F0} of {_options.Duration.TotalSeconds:F0} s: {Interlocked.Read(ref _good)} good requests, {Interlocked.Read(ref _failed)} failed, {_bad.Total} bad ones, {Environment.WorkingSet >> 20} MiB"));
            if (!isWarm && watch.Elapsed >= _options.Duration / 3)
            {
                (isWarm, warm) = (true, await MemoryAsync().ConfigureAwait(false));
            }
        }
        // While everybody is still there, as at the first look.
        (long Process, long Managed) end = await MemoryAsync().ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(good).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(bad).ConfigureAwait(false);
        IReadOnlyList<string> leaks = await LeaksAsync(catalog, cancellation).ConfigureAwait(false);
        return new SoakReport(_good, _busy, _failed, [.. _failures], _bad.Counts, warm.Process, end.Process, warm.Managed, end.Managed, leaks);
    }

    /// <summary>The least of several looks: what requests hold while they are being served is no growth.</summary>
    private static async Task<(long Process, long Managed)> MemoryAsync()
    {
        (long Process, long Managed) least = (long.MaxValue, long.MaxValue);
        for (int look = 0; look < 8; look++)
        {
            long managed = GC.GetTotalMemory(forceFullCollection: true);
            least = (Math.Min(least.Process, Environment.WorkingSet), Math.Min(least.Managed, managed));
            await Task.Delay(100).ConfigureAwait(false);
        }
        return least;
    }

    /// <summary>One good client.</summary>
    private async Task AskAsync(HttpClient http, int client, CancellationToken stop)
    {
        SeededRandom random = new SeededRandom(11).Fork("good", client);
        while (!stop.IsCancellationRequested)
        {
            int kind = random.NextInt(5), tokens = 1 + random.NextInt(40), words = random.NextInt(30);
            try
            {
                string? wrong = kind switch
                {
                    0 => await JsonAsync(http, "/v1/chat/completions", Chat(words, tokens, false), "choices").ConfigureAwait(false),
                    1 or 2 => await StreamAsync(http, Chat(words, tokens, true)).ConfigureAwait(false),
                    3 => await JsonAsync(http, "/tokenize", $$"""{"model": "{{_model}}", "content": "a few words"}""", "tokens").ConfigureAwait(false),
                    _ => await JsonAsync(http, "/v1/embeddings", $$"""{"model": "{{_model}}", "input": "a few words"}""", "data").ConfigureAwait(false),
                };
                if (wrong is null)
                {
                    Interlocked.Increment(ref _good);
                }
                else
                {
                    Fail(wrong);
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException or JsonException)
            {
                Fail($"{kind}: {error.GetType().Name}: {error.Message}");
            }
        }
    }

    /// <summary>What is wrong with an answer that must hold a field; null for nothing.</summary>
    private async Task<string?> JsonAsync(HttpClient http, string path, string body, string field)
    {
        while (true)
        {
            using HttpResponseMessage response = await http.PostAsync(path, Body(body)).ConfigureAwait(false);
            string text = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
            if ((int)response.StatusCode is 429 or 503)
            {
                await WaitAsync(response).ConfigureAwait(false);
                continue;
            }
            using JsonDocument json = JsonDocument.Parse(text);
            return response.IsSuccessStatusCode && json.RootElement.TryGetProperty(field, out _) ? null : $"{path}: {(int)response.StatusCode} {text[..Math.Min(text.Length, 300)]}";
        }
    }

    private async Task<string?> StreamAsync(HttpClient http, string body)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = Body(body) };
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).ConfigureAwait(false);
            if ((int)response.StatusCode is 429 or 503)
            {
                await WaitAsync(response).ConfigureAwait(false);
                continue;
            }
            string text = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
            return response.IsSuccessStatusCode && text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) && text.Contains("\"finish_reason\":\"", StringComparison.Ordinal) ? null
                : $"stream: {(int)response.StatusCode} {text[Math.Max(0, text.Length - 300)..]}";
        }
    }

    private Task WaitAsync(HttpResponseMessage response)
    {
        Interlocked.Increment(ref _busy);
        return Task.Delay(response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1));
    }

    private void Fail(string what)
    {
        if (Interlocked.Increment(ref _failed) <= MostFailures)
        {
            _failures.Enqueue(what);
        }
    }

    private string Chat(int words, int tokens, bool streams) =>
        FormattableString.Invariant($$"""{"model": "{{_model}}", "messages": [{"role": "user", "content": "{{new StringBuilder().Insert(0, "word ", words)}}?"}], "max_tokens": {{tokens}}, "stream": {{(streams ? "true" : "false")}}}""");

    private static StringContent Body(string json) => new(json, Encoding.UTF8, "application/json");

    /// <summary>What is still held some seconds after everybody has gone.</summary>
    private async Task<IReadOnlyList<string>> LeaksAsync(ModelCatalog catalog, CancellationToken cancellation)
    {
        ServerLife life = _app.Services.GetRequiredService<ServerLife>();
        var leaks = new List<string>();
        // A sender that says nothing more is given some time before it is cut off.
        var watch = Stopwatch.StartNew();
        do
        {
            await Task.Delay(100, cancellation).ConfigureAwait(false);
            leaks.Clear();
            if (life.Active > 0)
            {
                leaks.Add(FormattableString.Invariant($"{life.Active} requests are still being served"));
            }
            foreach (ForetellModel model in catalog.LoadedModels)
            {
                Inference.EngineStatistics statistics = model.Engine.Statistics;
                if (statistics.RunningSequences + statistics.WaitingSequences + model.Engine.QueueLength > 0)
                {
                    leaks.Add(FormattableString.Invariant($"{model.Id} still writes {statistics.RunningSequences} answers, and {statistics.WaitingSequences} wait"));
                }
                if (statistics.FreeBlocks != statistics.Blocks)
                {
                    leaks.Add(FormattableString.Invariant($"{model.Id} holds {statistics.Blocks - statistics.FreeBlocks} blocks of its cache"));
                }
            }
        }
        while (leaks.Count > 0 && watch.Elapsed < TimeSpan.FromSeconds(30));
        return leaks;
    }
}
