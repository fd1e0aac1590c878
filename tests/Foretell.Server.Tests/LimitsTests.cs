using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Foretell.Assistant;
using Foretell.Inference;

namespace Foretell.Server.Tests;

/// <summary>What the server does with too much, too slow, and gone.</summary>
public sealed class LimitsTests
{
    /// <summary>Ends only with the context: the end of the text is forbidden.</summary>
    private const string Endless = """{"model":"tiny","messages":[{"role":"user","content":"Hello"}],"stream":true,"logit_bias":{"256":-100}}""";

    [Fact]
    public async Task Post_ThatIsDropped_FreesItsPlaceWithinASecond()
    {
        // So long a context takes this model a minute.
        await using RunningServer server = await RunningServer.StartAsync(context: 32768);
        using ModelLease<ForetellModel> lease = await server.Catalog.AcquireAsync("tiny", default);
        foreach (bool streams in new[] { true, false })
        {
            using var dropping = new CancellationTokenSource();
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = RunningServer.Json(streams ? Endless : Endless.Replace("\"stream\":true,", "", StringComparison.Ordinal)) };
            Task<HttpResponseMessage> sent = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, dropping.Token);
            await Until(() => lease.Model.Engine.Statistics.RunningSequences == 1);
            if (streams)
            {
                (await sent).Dispose();
            }
            else
            {
                await dropping.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sent);
            }
            var watch = Stopwatch.StartNew();
            await Until(() => lease.Model.Engine.Statistics.RunningSequences == 0);
            // Generous on a busy machine; the answer itself would take far longer.
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"{watch.Elapsed}");
        }
    }

    [Fact]
    public async Task Post_WhenTheQueueIsFull_Is429WithRetryAfter()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { Engine = new EngineOptions { CacheBytes = 32 << 20, MaximumSequences = 1, QueueLimit = 1 } }, context: 32768);
        using ModelLease<ForetellModel> lease = await server.Catalog.AcquireAsync("tiny", default);
        using var first = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = RunningServer.Json(Endless) };
        using HttpResponseMessage running = await server.Client.SendAsync(first, HttpCompletionOption.ResponseHeadersRead);
        await Until(() => lease.Model.Engine.Statistics.RunningSequences == 1 && lease.Model.Engine.QueueLength == 0);
        using var second = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = RunningServer.Json(Endless) };
        Task<HttpResponseMessage> waiting = server.Client.SendAsync(second, HttpCompletionOption.ResponseHeadersRead);
        await Until(() => lease.Model.Engine.QueueLength == 1);
        foreach (string path in new[] { "/v1/chat/completions", "/v1/responses", "/v1/completions" })
        {
            string json = path switch
            {
                "/v1/responses" => """{"model":"tiny","input":"x","stream":true}""",
                "/v1/completions" => """{"model":"tiny","prompt":"x","stream":true}""",
                _ => Endless,
            };
            using HttpResponseMessage refused = await server.Client.PostAsync(path, RunningServer.Json(json));
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.True(refused.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
            Assert.Equal("rate_limit_error", (await RunningServer.ReadAsync(refused)).GetProperty("error").GetProperty("type").GetString());
        }
        running.Dispose();
        (await waiting).Dispose();
    }

    [Fact]
    public async Task Post_ABodyOverTheLimit_Is413()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { MaximumRequestBytes = 1000 });
        (int status, JsonElement body) = await server.PostAsync("/v1/chat/completions", $$"""{"model":"tiny","messages":[{"role":"user","content":"{{new string('x', 2000)}}"}]}""");
        Assert.Equal(413, status);
        Assert.Equal("request_too_large", body.GetProperty("error").GetProperty("code").GetString());
        // Without a length in the header the limit is the same.
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = RunningServer.Json("{\"model\":\"" + new string('x', 2000) + "\"}") };
        chunked.Headers.TransferEncodingChunked = true;
        using HttpResponseMessage response = await server.Client.SendAsync(chunked);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task Post_PastTheTimeLimit_EndsWithAnError()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { RequestTimeout = TimeSpan.FromMilliseconds(300) }, context: 32768);
        using HttpResponseMessage whole = await server.Client.PostAsync("/v1/chat/completions", RunningServer.Json(Endless.Replace("\"stream\":true,", "", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.GatewayTimeout, whole.StatusCode);
        Assert.Equal("timeout", (await RunningServer.ReadAsync(whole)).GetProperty("error").GetProperty("code").GetString());
        var events = await server.PostEventsAsync("/v1/chat/completions", Endless);
        Assert.Equal("timeout", events[^1].Data.GetProperty("error").GetProperty("code").GetString());
        var response = await server.PostEventsAsync("/v1/responses", """{"model":"tiny","input":"Hello","stream":true,"logit_bias":{"256":-100}}""");
        Assert.Equal("response.failed", response[^1].Name);
        Assert.Equal("failed", response[^1].Data.GetProperty("response").GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Le")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"model\":")]
    public async Task Connection_ThatSendsHalfARequest_IsCutOff(string half)
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { SenderTimeout = TimeSpan.FromSeconds(1.5) });
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(half));
        using var reader = new StreamReader(stream);
        // Ends only when the server ends the connection.
        string answer = await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains(" 408 ", answer, StringComparison.Ordinal);
        Assert.Equal(200, (await server.GetAsync("/v1/models")).Status);
    }

    [Fact]
    public async Task Post_WhileTheModelIsLoading_Is503WithRetryAfter()
    {
        using var folder = new TemporaryFolder();
        var options = new ServerOptions
        {
            Models = new Dictionary<string, string> { ["tiny"] = TinyModel.Write(folder.File("tiny")) },
            Urls = "http://127.0.0.1:0",
            DataFolder = folder.File("data"),
            Threads = 1,
            Engine = new EngineOptions { CacheBytes = 32 << 20 },
        };
        await using var catalog = new Catalog.ModelCatalog(options, TimeProvider.System);
        Assert.False(catalog.IsReady);
        ApiException loading = await Assert.ThrowsAsync<ApiException>(() => catalog.AcquireAsync("tiny", default));
        Assert.Equal(503, loading.Status);
        Assert.NotNull(loading.RetryAfter);
        await catalog.LoadAtStartAsync(default);
        Assert.True(catalog.IsReady);
        (await catalog.AcquireAsync("tiny", default)).Dispose();
    }

    private static async Task Until(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
