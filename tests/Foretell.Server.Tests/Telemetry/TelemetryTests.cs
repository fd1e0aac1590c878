using System.Diagnostics;
using System.Text.Json;
using Foretell.Server.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foretell.Server.Tests.Telemetry;

public sealed class TelemetryTests
{
    private const string Request = """{"model": "tiny", "messages": [{"role": "user", "content": "the secret of the prompt"}], "max_tokens": 6, "seed": 1, "stream": true}""";

    [Fact]
    public async Task Metrics_AfterRequests_HaveTheGenAiNames()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        for (int i = 0; i < 2; i++)
        {
            using HttpResponseMessage response = await server.Client.PostAsync("/v1/chat/completions", RunningServer.Json(Request));
            await response.Content.ReadAsStringAsync();
        }
        Assert.Equal(404, (await server.PostAsync("/v1/chat/completions", """{"model": "made up", "messages": []}""")).Status);
        PrometheusParser metrics = await ReadAsync(server, found => found.Samples.Where(sample => sample.Name == "gen_ai_server_request_duration_seconds_count").Sum(sample => sample.Value) >= 3);
        (string, string)[] labels = [("gen_ai_operation_name", "chat"), ("gen_ai_request_model", "tiny"), ("gen_ai_response_model", "tiny"), ("gen_ai_provider_name", "foretell")];
        Assert.Equal(2, metrics.Value("gen_ai_server_request_duration_seconds_count", labels));
        Assert.Equal(2, metrics.Value("gen_ai_server_time_to_first_token_seconds_count", labels));
        Assert.Equal(2, metrics.Value("gen_ai_server_time_per_output_token_seconds_count", labels));
        Assert.Equal(2, metrics.Value("gen_ai_client_token_usage_count", [.. labels, ("gen_ai_token_type", "input")]));
        Assert.InRange(metrics.Value("gen_ai_client_token_usage_sum", [.. labels, ("gen_ai_token_type", "output")]), 4, 12);
        Assert.Equal(1, metrics.Value("gen_ai_server_request_duration_seconds_count", ("error_type", "model_not_found"), ("gen_ai_request_model", "_OTHER")));
        Assert.Equal("0.01", metrics.Samples.First(sample => sample.Name == "gen_ai_server_request_duration_seconds_bucket").Labels["le"]);
        Assert.Equal(1, metrics.Value("foretell_models_loaded"));
        Assert.Equal(0, metrics.Value("foretell_engine_sequences_running", ("model", "tiny")));
        Assert.True(metrics.Value("foretell_engine_tokens_generated_total", ("model", "tiny")) >= 4);
        Assert.Contains(metrics.Samples, sample => sample.Name == "http_server_request_duration_seconds_count");
        Assert.DoesNotContain(metrics.Samples, sample => sample.Labels.Values.Any(value => value.Contains("made up", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Span_OfARequest_HasTheGenAiAttributesAndItsCallersTrace()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        var ended = new TaskCompletionSource<Activity>();
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is RequestObserver.SourceName or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.Source.Name == RequestObserver.SourceName && activity.TraceId.ToHexString() == Trace)
                {
                    ended.TrySetResult(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = RunningServer.Json(Request) };
        request.Headers.Add("traceparent", $"00-{Trace}-b7ad6b7169203331-01");
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        await response.Content.ReadAsStringAsync();
        Activity span = await ended.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("chat tiny", span.DisplayName);
        Assert.Equal("chat", span.GetTagItem("gen_ai.operation.name"));
        Assert.Equal("tiny", span.GetTagItem("gen_ai.request.model"));
        Assert.Equal("tiny", span.GetTagItem("gen_ai.response.model"));
        Assert.True((long)span.GetTagItem("gen_ai.usage.input_tokens")! > 0);
        Assert.DoesNotContain(span.TagObjects, tag => tag.Value is string text && text.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public void Format_AnEntry_IsOneLineOfJsonWithItsFields()
    {
        var clock = new ManualClock();
        var text = new StringWriter();
        KeyValuePair<string, object?>[] state = [new("RequestId", "req_1"), new("PromptTokens", 7L), new("Model", null), new("{OriginalFormat}", "x")];
        new JsonLineFormatter(clock).Write(new LogEntry<KeyValuePair<string, object?>[]>(LogLevel.Warning, "Some.Category", default, state, new InvalidOperationException("no\nluck"), (_, _) => "a \"message\"\nof two lines"), null, text);
        string line = text.ToString();
        Assert.Single(line.TrimEnd('\n').Split('\n'));
        using JsonDocument json = JsonDocument.Parse(line);
        Assert.Equal("warning", json.RootElement.GetProperty("level").GetString());
        Assert.Equal("req_1", json.RootElement.GetProperty("request_id").GetString());
        Assert.Equal(7, json.RootElement.GetProperty("prompt_tokens").GetInt64());
        Assert.Equal("a \"message\"\nof two lines", json.RootElement.GetProperty("message").GetString());
        Assert.False(json.RootElement.TryGetProperty("model", out _));
        Assert.Contains("no\nluck", json.RootElement.GetProperty("exception").GetString());
    }

    /// <summary>Reads the metrics until they show what was done: a request is counted just after its last byte.</summary>
    private static async Task<PrometheusParser> ReadAsync(RunningServer server, Func<PrometheusParser, bool> isThere)
    {
        for (int wait = 0; ; wait++)
        {
            PrometheusParser found = PrometheusParser.Parse(await server.Client.GetStringAsync("/metrics"));
            if (isThere(found) || wait == 100)
            {
                return found;
            }
            await Task.Delay(50);
        }
    }
}
