using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant.Tests;

public sealed class RemoteChatClientTests
{
    [Fact]
    public async Task GetResponseAsync_OfARequest_SpeaksChatCompletions()
    {
        var server = new Server(HttpStatusCode.OK, """{"choices": [{"message": {"role": "assistant", "content": "B"}, "logprobs": {"content": [{"token": "B", "logprob": -0.25, "top_logprobs": [{"token": "B", "logprob": -0.25}, {"token": "A", "logprob": -1.5}]}]}}]}""");
        using var http = new HttpClient(server);
        using var client = new RemoteChatClient(http, new Uri("http://teacher.test/v1/"), "wise", "secret");
        ChatResponse response = await client.GetResponseAsync([new ChatMessage(ChatRole.User, "A or B?")], new ChatOptions { Temperature = 0, MaxOutputTokens = 8, Seed = 3, AdditionalProperties = new() { ["logprobs"] = true, ["top_logprobs"] = 20 } });
        Assert.Equal("B", response.Text);
        var token = Assert.Single((IReadOnlyList<TokenLogProbability>)response.AdditionalProperties!["logprobs"]!);
        Assert.Equal(["B", "A"], token.Alternatives.Select(other => Encoding.UTF8.GetString(other.Bytes.Span)));
        Assert.Equal(-0.25f, token.LogProbability);
        Assert.Equal("http://teacher.test/v1/chat/completions", server.Address);
        Assert.Equal("Bearer secret", server.Authorization);
        using JsonDocument body = JsonDocument.Parse(server.Body!);
        Assert.Equal("wise", body.RootElement.GetProperty("model").GetString());
        Assert.Equal("A or B?", body.RootElement.GetProperty("messages")[0].GetProperty("content").GetString());
        Assert.Equal((0.0, 8, 3, 20), (body.RootElement.GetProperty("temperature").GetDouble(), body.RootElement.GetProperty("max_tokens").GetInt32(), body.RootElement.GetProperty("seed").GetInt32(), body.RootElement.GetProperty("top_logprobs").GetInt32()));
    }

    [Fact]
    public async Task GetResponseAsync_OfAServerThatFails_SaysWhatItSaid()
    {
        using var refusing = new HttpClient(new Server(HttpStatusCode.Unauthorized, """{"error": {"message": "no such key"}}"""));
        using var client = new RemoteChatClient(refusing, new Uri("http://teacher.test/v1"), "wise");
        IOException error = await Assert.ThrowsAsync<IOException>(() => client.GetResponseAsync("Hello?"));
        Assert.Contains("401", error.Message, StringComparison.Ordinal);
        Assert.Contains("no such key", error.Message, StringComparison.Ordinal);
        using var odd = new HttpClient(new Server(HttpStatusCode.OK, "<html>"));
        using var other = new RemoteChatClient(odd, new Uri("http://teacher.test/v1"), "wise");
        await Assert.ThrowsAsync<InvalidDataException>(() => other.GetResponseAsync("Hello?"));
    }

    private sealed class Server(HttpStatusCode status, string answer) : HttpMessageHandler
    {
        public string? Address { get; private set; }

        public string? Authorization { get; private set; }

        public string? Body { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Address = request.RequestUri!.AbsoluteUri;
            Authorization = request.Headers.Authorization?.ToString();
            Body = await request.Content!.ReadAsStringAsync(cancellationToken);
            return new HttpResponseMessage(status) { Content = new StringContent(answer) };
        }
    }
}
