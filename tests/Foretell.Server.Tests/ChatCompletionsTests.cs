using System.Text;
using System.Text.Json;
using Foretell.Server.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Tests;

/// <summary>Chat completions as they go over the wire, by models that know nothing.</summary>
public sealed class ChatCompletionsTests : IAsyncLifetime
{
    private const string Weather = """[{"type":"function","function":{"name":"weather","description":"The weather.","parameters":{"type":"object","properties":{"city":{"type":"string","enum":["Rome","Oslo"]},"days":{"type":"integer","minimum":1,"maximum":14}},"required":["city","days"],"additionalProperties":false},"strict":true}},{"type":"function","function":{"name":"noon"}}]""";

    private RunningServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RunningServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Post_ASimpleConversation_AnswersInTheShapeOfTheApi()
    {
        (int status, JsonElement body) = await Post("""{"model":"tiny","messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Hello"},{"type":"text","text":" there"}]}],"max_completion_tokens":12,"seed":1,"service_tier":"auto","user":"me","metadata":{"a":"b"}}""");
        Assert.Equal(200, status);
        Assert.StartsWith("chatcmpl-", body.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("chat.completion", body.GetProperty("object").GetString());
        Assert.Equal("tiny", body.GetProperty("model").GetString());
        Assert.Equal("default", body.GetProperty("service_tier").GetString());
        JsonElement choice = Assert.Single(body.GetProperty("choices").EnumerateArray());
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.NotEmpty(choice.GetProperty("message").GetProperty("content").GetString()!);
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("message").GetProperty("refusal").ValueKind);
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("logprobs").ValueKind);
        Assert.Equal("length", choice.GetProperty("finish_reason").GetString());
        JsonElement usage = body.GetProperty("usage");
        // The byte tokenizer has a token a byte.
        Assert.Equal("system: Be brief.\nuser: Hello there\nassistant: ".Length, usage.GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(12, usage.GetProperty("completion_tokens").GetInt32());
        Assert.Equal(usage.GetProperty("prompt_tokens").GetInt32() + 12, usage.GetProperty("total_tokens").GetInt32());
        Assert.Equal(0, usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32());
    }

    [Theory]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"Hello"}],"max_tokens":60,"seed":7,"n":3,"temperature":0.9,"logprobs":true,"top_logprobs":2}""")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"Hello"}],"max_tokens":60,"seed":4,"stop":["a","e"],"min_p":0.01,"top_k":50,"repetition_penalty":1.1}""")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"Weather?"}],"max_tokens":300,"seed":3,"tools":TOOLS,"tool_choice":"required","parallel_tool_calls":true,"n":2}""")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"Weather?"}],"max_tokens":25,"seed":3,"tools":TOOLS,"tool_choice":{"type":"function","function":{"name":"weather"}}}""")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"Colour?"}],"max_tokens":300,"seed":5,"response_format":{"type":"json_schema","json_schema":{"name":"colour","strict":true,"schema":{"type":"object","properties":{"colour":{"enum":["red","blue"]}},"required":["colour"],"additionalProperties":false}}}}""")]
    public async Task Post_StreamedAndWhole_AddUpToTheSame(string json)
    {
        json = json.Replace("TOOLS", Weather, StringComparison.Ordinal);
        (int status, JsonElement whole) = await Post(json);
        Assert.True(status == 200, whole.ToString());
        var events = await _server.PostEventsAsync("/v1/chat/completions", json.Insert(1, "\"stream\":true,\"stream_options\":{\"include_usage\":true},"));
        Assert.Equal("[DONE]", events[^1].Name);
        JsonElement last = events[^2].Data;
        Assert.Empty(last.GetProperty("choices").EnumerateArray());
        Assert.Equal(whole.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), last.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Single(events.SkipLast(1).Select(one => one.Data.GetProperty("id").GetString()).Distinct());
        foreach (JsonElement choice in whole.GetProperty("choices").EnumerateArray())
        {
            int index = choice.GetProperty("index").GetInt32();
            JsonElement[] chunks = [.. events.SkipLast(2).Select(one => one.Data.GetProperty("choices")[0]).Where(chunk => chunk.GetProperty("index").GetInt32() == index)];
            Assert.Equal("assistant", chunks[0].GetProperty("delta").GetProperty("role").GetString());
            Assert.Empty(chunks[^1].GetProperty("delta").EnumerateObject());
            Assert.Equal(choice.GetProperty("finish_reason").GetString(), chunks[^1].GetProperty("finish_reason").GetString());
            Assert.All(chunks[..^1], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("finish_reason").ValueKind));
            Assert.Equal(Content(choice), string.Concat(chunks.Select(chunk => chunk.GetProperty("delta").TryGetProperty("content", out JsonElement text) ? text.GetString() : "")));
            Assert.Equal(Calls(choice), StreamedCalls(chunks));
            Assert.Equal(Tokens(choice), chunks.SelectMany(Tokens));
        }
    }

    [Fact]
    public async Task Post_WithRequiredTools_CallsThemWithValidArguments()
    {
        for (int seed = 0; seed < 6; seed++)
        {
            (_, JsonElement body) = await Post($$"""{"model":"tiny","messages":[{"role":"user","content":"Weather?"}],"max_tokens":500,"seed":{{seed}},"tools":{{Weather}},"tool_choice":"required","parallel_tool_calls":false}""");
            JsonElement choice = body.GetProperty("choices")[0];
            Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());
            Assert.Equal(JsonValueKind.Null, choice.GetProperty("message").GetProperty("content").ValueKind);
            JsonElement call = Assert.Single(choice.GetProperty("message").GetProperty("tool_calls").EnumerateArray());
            Assert.StartsWith("call_", call.GetProperty("id").GetString(), StringComparison.Ordinal);
            JsonElement arguments = JsonElement.Parse(call.GetProperty("function").GetProperty("arguments").GetString()!);
            if (call.GetProperty("function").GetProperty("name").GetString() == "weather")
            {
                Assert.Contains(arguments.GetProperty("city").GetString(), new[] { "Rome", "Oslo" });
                Assert.InRange(arguments.GetProperty("days").GetInt32(), 1, 14);
            }
        }
    }

    [Fact]
    public async Task Post_AConversationWithCalls_IsReadByTheTemplate()
    {
        string conversation = """{"model":"tiny","messages":[{"role":"user","content":"Weather?"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Rome\"}"}}]},{"role":"tool","tool_call_id":"c1","content":"sunny"}],"max_tokens":1,"tools":TOOLS,"tool_choice":"none"}""".Replace("TOOLS", Weather, StringComparison.Ordinal);
        (int status, JsonElement body) = await Post(conversation);
        Assert.True(status == 200, body.ToString());
        Assert.Equal("user: Weather?\nassistant: <tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>\ntool: sunny\nassistant: ".Length, body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Post_WithLogProbabilities_GivesThemForEachToken()
    {
        (_, JsonElement body) = await Post("""{"model":"tiny","messages":[{"role":"user","content":"Hello"}],"max_tokens":10,"temperature":0,"logprobs":true,"top_logprobs":3}""");
        JsonElement[] tokens = [.. body.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        Assert.Equal(10, tokens.Length);
        foreach (JsonElement token in tokens)
        {
            JsonElement[] top = [.. token.GetProperty("top_logprobs").EnumerateArray()];
            Assert.Equal(3, top.Length);
            // Drawn at temperature 0: the likeliest.
            Assert.Equal(token.GetProperty("bytes").ToString(), top[0].GetProperty("bytes").ToString());
            Assert.Equal(token.GetProperty("logprob").GetDouble(), top[0].GetProperty("logprob").GetDouble());
            Assert.True(top[0].GetProperty("logprob").GetDouble() >= top[1].GetProperty("logprob").GetDouble());
        }
    }

    [Fact]
    public async Task Post_WithABias_WritesWhatItFavours()
    {
        (_, JsonElement body) = await Post("""{"model":"tiny","messages":[{"role":"user","content":"Hello"}],"max_tokens":5,"logit_bias":{"122":100}}""");
        Assert.Equal("zzzzz", Content(body.GetProperty("choices")[0]));
    }

    [Fact]
    public async Task Post_ToAModelThatThinks_TellsReasoningApart()
    {
        await using RunningServer server = await RunningServer.StartAsync(template: TinyModel.ThinkingTemplate);
        // The bias writes nothing but the end of the reasoning and letters.
        string json = """{"model":"tiny","messages":[{"role":"user","content":"Hello"}],"max_tokens":40,"seed":2,"guided_regex":"[a-z]{3}"}""";
        (int status, JsonElement body) = await server.PostAsync("/v1/chat/completions", json);
        Assert.True(status == 200, body.ToString());
        JsonElement message = body.GetProperty("choices")[0].GetProperty("message");
        Assert.NotEmpty(message.GetProperty("reasoning_content").GetString()!);
        Assert.True(body.GetProperty("usage").GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt32() > 0);
        var events = await server.PostEventsAsync("/v1/chat/completions", json.Insert(1, "\"stream\":true,"));
        Assert.Equal(message.GetProperty("reasoning_content").GetString(), string.Concat(events.SkipLast(1).Select(one => one.Data.GetProperty("choices")[0].GetProperty("delta")).Select(delta => delta.TryGetProperty("reasoning_content", out JsonElement text) ? text.GetString() : "")));
        (_, JsonElement silent) = await server.PostAsync("/v1/chat/completions", json.Insert(1, "\"reasoning_effort\":\"none\","));
        Assert.False(silent.GetProperty("choices")[0].GetProperty("message").TryGetProperty("reasoning_content", out _));
        Assert.Matches("^[a-z]{3}$", Content(silent.GetProperty("choices")[0]));
    }

    [Fact]
    public async Task Post_WithStore_KeepsTheCompletionBeforeItAnswers()
    {
        (_, JsonElement body) = await Post("""{"model":"tiny","messages":[{"role":"user","content":"Hello"}],"max_tokens":5,"store":true,"metadata":{"topic":"greeting"}}""");
        var store = _server.App.Services.GetRequiredService<ICompletionStore>();
        StoredCompletion kept = (await store.FindAsync(body.GetProperty("id").GetString()!, default))!;
        Assert.Equal("greeting", kept.Metadata["topic"]);
        Assert.Equal(Content(body.GetProperty("choices")[0]), Content(JsonElement.Parse(kept.Completion).GetProperty("choices")[0]));
        Assert.Equal("Hello", JsonElement.Parse(kept.Messages)[0].GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"x"}]}""", 400, "model", "missing_required_parameter")]
    [InlineData("""{"model":"tiny"}""", 400, "messages", "missing_required_parameter")]
    [InlineData("""{"model":"tiny","messages":[]}""", 400, "messages", "empty_array")]
    [InlineData("""{"model":"none","messages":[{"role":"user","content":"x"}]}""", 404, "model", "model_not_found")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"nonsense":1}""", 400, "nonsense", "unknown_parameter")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x","nonsense":1}]}""", 400, "messages[0].nonsense", "unknown_parameter")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}}]}]}""", 400, "messages[0].content[0].type", "unsupported_content")]
    [InlineData("""{"model":"tiny","messages":[{"role":"king","content":"x"}]}""", 400, "messages[0].role", "invalid_value")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"temperature":"hot"}""", 400, "temperature", "invalid_type")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"temperature":2.5}""", 400, "temperature", "decimal_above_max_value")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"n":0}""", 400, "n", "integer_below_min_value")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"top_logprobs":3}""", 400, "top_logprobs", "invalid_value")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"stream_options":{"include_usage":true}}""", 400, "stream_options", "invalid_value")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"tool_choice":"required"}""", 400, "tool_choice", "invalid_value")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"functions":[]}""", 400, "functions", "unsupported_parameter")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"max_tokens":1,"max_completion_tokens":1}""", 400, "max_tokens", "invalid_value")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","$ref":"http://elsewhere"}}}}""", 400, null, "invalid_schema")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}],"reasoning_effort":"enormous"}""", 400, "reasoning_effort", "invalid_value")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"\uD800"}]}""", 400, "messages[0].content", "invalid_value")]
    public async Task Post_WhatCannotBe_SaysWhatAndWhere(string json, int expected, string? parameter, string code)
    {
        (int status, JsonElement body) = await Post(json);
        Assert.True(expected == status, body.ToString());
        JsonElement error = body.GetProperty("error");
        Assert.Equal(parameter, error.GetProperty("param").GetString());
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("", "no body")]
    [InlineData("[1]", "an array")]
    [InlineData("{\"model\": \"tiny\",\n \"messages\": [}", "line 2, byte 15")]
    [InlineData("{\"model\": \"tiny\"} x", "not valid JSON")]
    public async Task Post_WhatIsNoJsonObject_SaysWhereItEnds(string json, string said)
    {
        (int status, JsonElement body) = await Post(json);
        Assert.Equal(400, status);
        Assert.Contains(said, body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_BeyondTheContext_SaysBothNumbers()
    {
        (int status, JsonElement body) = await Post($$"""{"model":"tiny","messages":[{"role":"user","content":"{{new string('x', 3000)}}"}]}""");
        Assert.Equal(400, status);
        Assert.Equal("context_length_exceeded", body.GetProperty("error").GetProperty("code").GetString());
        string message = body.GetProperty("error").GetProperty("message").GetString()!;
        Assert.Contains("2048", message, StringComparison.Ordinal);
        Assert.Contains((3000 + "user: \nassistant: ".Length).ToString(), message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_ALargeBody_IsReadWhole()
    {
        string json = $$"""{"model":"tiny","messages":[{"role":"user","content":"{{new string('x', 3_000_000)}}"}]}""";
        (int status, JsonElement body) = await Post(json);
        Assert.Equal(400, status);
        Assert.Equal("context_length_exceeded", body.GetProperty("error").GetProperty("code").GetString());
    }

    private Task<(int Status, JsonElement Body)> Post(string json) => _server.PostAsync("/v1/chat/completions", json);

    private static string Content(JsonElement choice) => choice.GetProperty("message").GetProperty("content").GetString() ?? "";

    private static string Calls(JsonElement choice) => !choice.GetProperty("message").TryGetProperty("tool_calls", out JsonElement calls) ? ""
        : string.Join('|', calls.EnumerateArray().Select(call => call.GetProperty("function").GetProperty("name").GetString() + call.GetProperty("function").GetProperty("arguments").GetString()));

    private static string StreamedCalls(JsonElement[] chunks)
    {
        var calls = new SortedDictionary<int, StringBuilder>();
        foreach (JsonElement chunk in chunks)
        {
            if (!chunk.GetProperty("delta").TryGetProperty("tool_calls", out JsonElement deltas))
            {
                continue;
            }
            foreach (JsonElement delta in deltas.EnumerateArray())
            {
                int index = delta.GetProperty("index").GetInt32();
                JsonElement function = delta.GetProperty("function");
                if (function.TryGetProperty("name", out JsonElement name))
                {
                    Assert.Equal(calls.Count, index);
                    calls.Add(index, new StringBuilder(name.GetString()));
                }
                calls[index].Append(function.GetProperty("arguments").GetString());
            }
        }
        return string.Join('|', calls.Values);
    }

    private static IEnumerable<string> Tokens(JsonElement choice) => choice.GetProperty("logprobs") is { ValueKind: JsonValueKind.Object } found
        ? found.GetProperty("content").EnumerateArray().Select(token => token.ToString())
        : [];
}
