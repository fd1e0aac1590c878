using System.Text.Json;

namespace Foretell.Server.Tests;

/// <summary>Text completions as they go over the wire.</summary>
public sealed class CompletionsTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RunningServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Post_OfATextAndOfItsTokens_ContinuesBothAlike()
    {
        string ids = string.Join(',', "Once upon".Select(letter => (int)letter));
        JsonElement text = await Succeed("""{"model":"tiny","prompt":"Once upon","seed":1}""");
        JsonElement tokens = await Succeed($$"""{"model":"tiny","prompt":[{{ids}}],"seed":1}""");
        Assert.Equal("text_completion", text.GetProperty("object").GetString());
        Assert.StartsWith("cmpl-", text.GetProperty("id").GetString(), StringComparison.Ordinal);
        // The API's default.
        Assert.Equal(16, text.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(9, text.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(Text(text, 0), Text(tokens, 0));
    }

    [Fact]
    public async Task Post_ABatchWithSeveralChoices_NumbersThemByPrompt()
    {
        JsonElement batch = await Succeed("""{"model":"tiny","prompt":["Once","Twice","Thrice"],"n":2,"max_tokens":8,"seed":1,"temperature":0.9}""");
        Assert.Equal(Enumerable.Range(0, 6), batch.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
        JsonElement alone = await Succeed("""{"model":"tiny","prompt":"Twice","n":2,"max_tokens":8,"seed":1,"temperature":0.9}""");
        Assert.Equal((Text(alone, 0), Text(alone, 1)), (Text(batch, 2), Text(batch, 3)));
        Assert.Equal(48, batch.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Post_WithEchoAndLikelihoods_GivesThemForPromptAndAnswer()
    {
        JsonElement body = await Succeed("""{"model":"tiny","prompt":"Once upon","max_tokens":4,"seed":1,"echo":true,"logprobs":2}""");
        Assert.StartsWith("Once upon", Text(body, 0), StringComparison.Ordinal);
        JsonElement likelihoods = body.GetProperty("choices")[0].GetProperty("logprobs");
        JsonElement[] values = [.. likelihoods.GetProperty("token_logprobs").EnumerateArray()];
        Assert.Equal(13, values.Length);
        Assert.Equal(JsonValueKind.Null, values[0].ValueKind);
        Assert.All(values[1..], value => Assert.True(value.GetDouble() < 0));
        Assert.Equal(Enumerable.Range(0, 9), likelihoods.GetProperty("text_offset").EnumerateArray().Take(9).Select(offset => offset.GetInt32()));
        Assert.Equal("O", likelihoods.GetProperty("tokens")[0].GetString());
        Assert.Equal(JsonValueKind.Null, likelihoods.GetProperty("top_logprobs")[0].ValueKind);
        Assert.InRange(likelihoods.GetProperty("top_logprobs")[3].EnumerateObject().Count(), 2, 3);
        // Read back as a prompt, what was written has the likelihood that it was written with.
        JsonElement scored = await Succeed($$"""{"model":"tiny","prompt":{{JsonSerializer.Serialize("Once upon")}},"max_tokens":0,"echo":true,"logprobs":0}""");
        Assert.Equal(values[..9].Select(value => value.ToString()), scored.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("token_logprobs").EnumerateArray().Select(value => value.ToString()));
        Assert.Equal(0, scored.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(9, scored.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Theory]
    [InlineData("""{"model":"tiny","prompt":["Once","Twice"],"n":2,"max_tokens":20,"seed":3,"logprobs":1,"echo":true}""")]
    [InlineData("""{"model":"tiny","prompt":"Once","max_tokens":30,"seed":3,"stop":"e"}""")]
    public async Task Post_StreamedAndWhole_AddUpToTheSame(string json)
    {
        JsonElement whole = await Succeed(json);
        var events = await _server.PostEventsAsync("/v1/completions", json.Insert(1, "\"stream\":true,\"stream_options\":{\"include_usage\":true},"));
        Assert.Equal("[DONE]", events[^1].Name);
        Assert.Equal(whole.GetProperty("usage").ToString(), WithoutCache(events[^2].Data.GetProperty("usage"), whole.GetProperty("usage")));
        foreach (JsonElement choice in whole.GetProperty("choices").EnumerateArray())
        {
            JsonElement[] chunks = [.. events.SkipLast(2).Select(one => one.Data.GetProperty("choices")[0]).Where(chunk => chunk.GetProperty("index").GetInt32() == choice.GetProperty("index").GetInt32())];
            Assert.Equal(choice.GetProperty("text").GetString(), string.Concat(chunks.Select(chunk => chunk.GetProperty("text").GetString())));
            Assert.Equal(choice.GetProperty("finish_reason").GetString(), chunks[^1].GetProperty("finish_reason").GetString());
            Assert.Equal(Offsets(choice), chunks.SelectMany(Offsets));
        }
    }

    [Theory]
    [InlineData("""{"model":"tiny","prompt":"x","suffix":"y"}""", "suffix", "unsupported_parameter")]
    [InlineData("""{"model":"tiny","prompt":"x","best_of":3}""", "best_of", "unsupported_parameter")]
    [InlineData("""{"model":"tiny","prompt":[]}""", "prompt", "empty_array")]
    [InlineData("""{"model":"tiny","prompt":[99999]}""", "prompt[0]", "invalid_value")]
    [InlineData("""{"model":"tiny"}""", "prompt", "missing_required_parameter")]
    [InlineData("""{"model":"tiny","prompt":"x","messages":[]}""", "messages", "unknown_parameter")]
    public async Task Post_WhatCannotBe_SaysWhatAndWhere(string json, string parameter, string code)
    {
        (int status, JsonElement body) = await _server.PostAsync("/v1/completions", json);
        Assert.Equal(400, status);
        Assert.Equal((parameter, code), (body.GetProperty("error").GetProperty("param").GetString(), body.GetProperty("error").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Post_BeyondTheContext_SaysBothNumbers()
    {
        (int status, JsonElement body) = await _server.PostAsync("/v1/completions", $$"""{"model":"tiny","prompt":["a","{{new string('x', 2100)}}"]}""");
        Assert.Equal(400, status);
        Assert.Equal("context_length_exceeded", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("2048", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("2100", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/v1")]
    public async Task Tokenize_AndBack_GivesTheText(string prefix)
    {
        (_, JsonElement tokens) = await _server.PostAsync($"{prefix}/tokenize", """{"content":"Grüße"}""");
        Assert.Equal(7, tokens.GetProperty("count").GetInt32());
        Assert.Equal(2048, tokens.GetProperty("max_model_len").GetInt32());
        (_, JsonElement text) = await _server.PostAsync($"{prefix}/detokenize", $$"""{"model":"tiny","tokens":{{tokens.GetProperty("tokens")}}}""");
        Assert.Equal("Grüße", text.GetProperty("content").GetString());
        (_, JsonElement chat) = await _server.PostAsync($"{prefix}/tokenize", """{"model":"tiny","messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal("user: Hi\nassistant: ".Length, chat.GetProperty("count").GetInt32());
    }

    private async Task<JsonElement> Succeed(string json)
    {
        (int status, JsonElement body) = await _server.PostAsync("/v1/completions", json);
        Assert.True(status == 200, body.ToString());
        return body;
    }

    private static string Text(JsonElement body, int choice) => body.GetProperty("choices")[choice].GetProperty("text").GetString()!;

    private static IEnumerable<string> Offsets(JsonElement choice) => choice.GetProperty("logprobs") is { ValueKind: JsonValueKind.Object } found
        ? found.GetProperty("text_offset").EnumerateArray().Select(offset => offset.ToString())
        : [];

    /// <summary>The second time more of the prompt is found in the prefix cache.</summary>
    private static string WithoutCache(JsonElement usage, JsonElement first) => usage.ToString().Replace(
        usage.GetProperty("prompt_tokens_details").ToString(), first.GetProperty("prompt_tokens_details").ToString(), StringComparison.Ordinal);
}
