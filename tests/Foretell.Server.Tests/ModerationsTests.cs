using System.Text.Json;

namespace Foretell.Server.Tests;

public sealed class ModerationsTests
{
    [Fact]
    public async Task Post_TwoTexts_JudgesEachInEveryCategory()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { ModerationModel = "tiny" });
        (int status, JsonElement body) = await server.PostAsync("/v1/moderations", """{"model":"omni-moderation-latest","input":["A nice day.","An awful day."]}""");
        Assert.True(status == 200, body.ToString());
        Assert.StartsWith("modr-", body.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("tiny", body.GetProperty("model").GetString());
        JsonElement[] results = [.. body.GetProperty("results").EnumerateArray()];
        Assert.Equal(2, results.Length);
        foreach (JsonElement result in results)
        {
            JsonProperty[] scores = [.. result.GetProperty("category_scores").EnumerateObject()];
            Assert.Equal(13, scores.Length);
            // A model that knows nothing still answers differently to different questions.
            Assert.True(scores.Select(score => score.Value.GetDouble()).Distinct().Count() > 5);
            foreach (JsonProperty score in scores)
            {
                Assert.InRange(score.Value.GetDouble(), 0, 1);
                Assert.Equal(score.Value.GetDouble() >= 0.5, result.GetProperty("categories").GetProperty(score.Name).GetBoolean());
            }
            Assert.Equal(scores.Any(score => score.Value.GetDouble() >= 0.5), result.GetProperty("flagged").GetBoolean());
        }
        (_, JsonElement again) = await server.PostAsync("/v1/moderations", """{"input":[{"type":"text","text":"A nice day."}]}""");
        Assert.Equal(results[0].GetProperty("category_scores").ToString(), again.GetProperty("results")[0].GetProperty("category_scores").ToString());
    }

    [Fact]
    public async Task Post_WithoutAModerationModel_IsNotFound()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (int status, JsonElement body) = await server.PostAsync("/v1/moderations", """{"input":"x"}""");
        Assert.Equal(404, status);
        Assert.Contains("--moderation", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}
