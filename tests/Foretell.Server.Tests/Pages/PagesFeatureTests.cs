using System.Net;
using System.Text.Json;

namespace Foretell.Server.Tests.Pages;

public sealed class PagesFeatureTests
{
    [Fact]
    public async Task Get_OfEachPage_GivesItWithAPolicyAndNotTwice()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (string address in new[] { "/", "/rank", "/runs", "/admin", "/pages/chat.js", "/pages/style.css", "/pages/icon.svg" })
        {
            using HttpResponseMessage response = await server.Client.GetAsync(address);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            using var again = new HttpRequestMessage(HttpMethod.Get, address);
            again.Headers.TryAddWithoutValidation("If-None-Match", response.Headers.ETag!.ToString());
            using HttpResponseMessage second = await server.Client.SendAsync(again);
            Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        }
        using HttpResponseMessage missing = await server.Client.GetAsync("/pages/..%2fappsettings.json");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task Labels_OfTwoModels_AreCountedAndComeBackAsComparisons()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (string choice in new[] { "a", "a", "b", "both", "neither" })
        {
            (int status, _) = await server.PostAsync("/api/labels", $$"""{"messages": [{"role": "user", "content": "Who?"}], "model_a": "x", "model_b": "y", "answer_a": "Anna", "answer_b": "Ben", "choice": "{{choice}}"}""");
            Assert.Equal(201, status);
        }
        (_, JsonElement summary) = await server.GetAsync("/api/labels/summary");
        Assert.Equal(5, summary.GetProperty("count").GetInt32());
        JsonElement best = summary.GetProperty("models")[0];
        Assert.Equal("x", best.GetProperty("model").GetString());
        Assert.Equal((2, 1, 2), (best.GetProperty("won").GetInt32(), best.GetProperty("lost").GetInt32(), best.GetProperty("tied").GetInt32()));
        // Wilson's interval of 2 of 3, from statsmodels' proportion_confint(2, 3, method='wilson').
        Assert.Equal(0.2077, best.GetProperty("low").GetDouble(), 4);
        Assert.Equal(0.9385, best.GetProperty("high").GetDouble(), 4);
        string[] lines = (await server.Client.GetStringAsync("/api/labels.jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        using JsonDocument last = JsonDocument.Parse(lines[2]);
        Assert.Equal("Ben", last.RootElement.GetProperty("chosen")[0].GetProperty("content").GetString());
        Assert.Equal("Who?", last.RootElement.GetProperty("prompt")[0].GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "JSON object")]
    [InlineData("""{"messages": []}""", "at least one message")]
    [InlineData("""{"messages": [1], "choice": "left"}""", "a, b, both, neither")]
    [InlineData("""{"messages": [1], "choice": "a"}""", "model_a is missing")]
    public async Task Labels_OfAWrongForm_AreRefused(string body, string sentence)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (int status, JsonElement answer) = await server.PostAsync("/api/labels", body);
        Assert.Equal(400, status);
        Assert.Contains(sentence, answer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_OfAFolder_AreListedAndFollowed()
    {
        using var folder = new TemporaryFolder();
        string run = Directory.CreateDirectory(folder.File("group/first")).FullName;
        string log = Path.Combine(run, "metrics.jsonl");
        await File.WriteAllTextAsync(log, "{\"step\":1,\"loss\":3.5}\n{\"step\":2,\"loss\":null,\"notice\":\"died\"}\n{\"step\":3,\"lo");
        await File.WriteAllTextAsync(Path.Combine(run, "config.json"), """{"algorithm": "sft", "recipe": {"steps": 10}}""");
        await using RunningServer server = await RunningServer.StartAsync(options => options with { RunsFolder = folder.Path });
        (_, JsonElement list) = await server.GetAsync("/api/runs");
        JsonElement first = Assert.Single(list.GetProperty("data").EnumerateArray());
        Assert.Equal(("group/first", "sft", "running", 2, 10), (first.GetProperty("id").GetString(), first.GetProperty("algorithm").GetString(), first.GetProperty("state").GetString(), first.GetProperty("step").GetInt32(), first.GetProperty("steps").GetInt32()));
        (_, JsonElement metrics) = await server.GetAsync("/api/runs/group%2Ffirst/metrics?after=1");
        JsonElement entry = Assert.Single(metrics.GetProperty("entries").EnumerateArray());
        Assert.Equal("died", entry.GetProperty("texts").GetProperty("notice").GetString());
        Assert.Equal(JsonValueKind.Null, entry.GetProperty("values").GetProperty("loss").ValueKind);
        Directory.CreateDirectory(Path.Combine(run, "model"));
        (_, list) = await server.GetAsync("/api/runs");
        Assert.Equal("finished", list.GetProperty("data")[0].GetProperty("state").GetString());
        (int status, _) = await server.GetAsync("/api/runs/..%2F..%2Fetc/metrics");
        Assert.Equal(404, status);
    }
}
