using System.Text.Json;

namespace Foretell.Server.Tests.Responses;

/// <summary>The Responses API as it goes over the wire.</summary>
public sealed class ResponsesTests : IAsyncLifetime
{
    private const string Weather = """[{"type":"function","name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string","enum":["Rome","Oslo"]}},"required":["city"],"additionalProperties":false},"strict":true}]""";

    private RunningServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RunningServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Post_AndContinue_ReadsTheWholeConversation()
    {
        JsonElement first = await Succeed("""{"model":"tiny","input":"Hello","instructions":"Be brief.","max_output_tokens":5,"metadata":{"a":"b"}}""");
        Assert.Equal("response", first.GetProperty("object").GetString());
        Assert.Equal("incomplete", first.GetProperty("status").GetString());
        Assert.Equal("max_output_tokens", first.GetProperty("incomplete_details").GetProperty("reason").GetString());
        Assert.Equal("b", first.GetProperty("metadata").GetProperty("a").GetString());
        JsonElement message = Assert.Single(first.GetProperty("output").EnumerateArray());
        string said = message.GetProperty("content")[0].GetProperty("text").GetString()!;
        Assert.Equal("system: Be brief.\nuser: Hello\nassistant: ".Length, first.GetProperty("usage").GetProperty("input_tokens").GetInt32());
        string id = first.GetProperty("id").GetString()!;
        JsonElement second = await Succeed($$"""{"model":"tiny","input":[{"role":"user","content":"And now?"}],"previous_response_id":"{{id}}","max_output_tokens":5}""");
        // Instructions are the request's own and not carried over.
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount($"user: Hello\nassistant: {said}\nuser: And now?\nassistant: "), second.GetProperty("usage").GetProperty("input_tokens").GetInt32());
        JsonElement referenced = await Succeed($$"""{"model":"tiny","input":[{"type":"item_reference","id":"{{message.GetProperty("id").GetString()}}"},{"role":"user","content":"Well?"}],"max_output_tokens":5}""");
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount($"assistant: {said}\nuser: Well?\nassistant: "), referenced.GetProperty("usage").GetProperty("input_tokens").GetInt32());

        (int status, JsonElement kept) = await _server.GetAsync($"/v1/responses/{id}");
        Assert.Equal(200, status);
        Assert.Equal(first.ToString(), kept.ToString());
        (_, JsonElement items) = await _server.GetAsync($"/v1/responses/{id}/input_items");
        Assert.Equal("Hello", items.GetProperty("data")[0].GetProperty("content")[0].GetProperty("text").GetString());
        using HttpResponseMessage deleted = await _server.Client.DeleteAsync($"/v1/responses/{id}");
        Assert.True((await RunningServer.ReadAsync(deleted)).GetProperty("deleted").GetBoolean());
        Assert.Equal(404, (await _server.GetAsync($"/v1/responses/{id}")).Status);
    }

    [Fact]
    public async Task Post_WithoutStore_KeepsNothing()
    {
        JsonElement response = await Succeed("""{"model":"tiny","input":"Hello","max_output_tokens":3,"store":false}""");
        Assert.Equal(404, (await _server.GetAsync($"/v1/responses/{response.GetProperty("id").GetString()}")).Status);
    }

    [Theory]
    [InlineData("""{"model":"tiny","input":"Hello","max_output_tokens":20,"seed":1,"include":["message.output_text.logprobs"],"top_logprobs":2}""")]
    [InlineData("""{"model":"tiny","input":"Weather?","max_output_tokens":300,"seed":2,"tools":TOOLS,"tool_choice":"required","parallel_tool_calls":true}""")]
    [InlineData("""{"model":"tiny","input":"Colour?","max_output_tokens":300,"seed":2,"text":{"format":{"type":"json_schema","name":"colour","schema":{"type":"object","properties":{"colour":{"enum":["red","blue"]}},"required":["colour"],"additionalProperties":false},"strict":true}}}""")]
    public async Task Post_Streamed_TellsEachStepInOrder(string json)
    {
        json = json.Replace("TOOLS", Weather, StringComparison.Ordinal);
        JsonElement whole = await Succeed(json);
        var events = await _server.PostEventsAsync("/v1/responses", json.Insert(1, "\"stream\":true,"));
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(one => one.Data.GetProperty("sequence_number").GetInt32()));
        Assert.All(events, one => Assert.Equal(one.Name, one.Data.GetProperty("type").GetString()));
        Assert.Equal(["response.created", "response.in_progress", "response.output_item.added"], events.Take(3).Select(one => one.Name));
        JsonElement last = events[^1].Data.GetProperty("response");
        Assert.Equal($"response.{whole.GetProperty("status").GetString()}", events[^1].Name);
        JsonElement[] output = [.. whole.GetProperty("output").EnumerateArray()];
        Assert.Equal(output.Select(Said), last.GetProperty("output").EnumerateArray().Select(Said));
        for (int index = 0; index < output.Length; index++)
        {
            string[] deltas = [.. events.Where(one => one.Name.EndsWith(".delta", StringComparison.Ordinal) && one.Data.GetProperty("output_index").GetInt32() == index).Select(one => one.Data.GetProperty("delta").GetString()!)];
            Assert.EndsWith(string.Concat(deltas), Said(output[index]), StringComparison.Ordinal);
            Assert.True(deltas.Length > 1);
        }
    }

    [Fact]
    public async Task Post_ByAModelThatThinks_HasAnItemOfReasoning()
    {
        await using RunningServer server = await RunningServer.StartAsync(template: TinyModel.ThinkingTemplate);
        string json = """{"model":"tiny","input":"Hello","max_output_tokens":60,"seed":2,"text":{"format":{"type":"json_object"}}}""";
        var events = await server.PostEventsAsync("/v1/responses", json.Insert(1, "\"stream\":true,"));
        JsonElement reasoning = events[^1].Data.GetProperty("response").GetProperty("output")[0];
        Assert.Equal("reasoning", reasoning.GetProperty("type").GetString());
        Assert.Equal(reasoning.GetProperty("content")[0].GetProperty("text").GetString(), string.Concat(events.Where(one => one.Name == "response.reasoning_text.delta").Select(one => one.Data.GetProperty("delta").GetString())));
    }

    [Fact]
    public async Task Post_InTheBackground_IsWrittenWhileNobodyWaits()
    {
        JsonElement begun = await Succeed("""{"model":"tiny","input":"Hello","max_output_tokens":30,"background":true}""");
        Assert.Equal("in_progress", begun.GetProperty("status").GetString());
        string id = begun.GetProperty("id").GetString()!;
        JsonElement response = begun;
        while (response.GetProperty("status").GetString() == "in_progress")
        {
            await Task.Delay(10);
            response = (await _server.GetAsync($"/v1/responses/{id}")).Body;
        }
        Assert.Equal("incomplete", response.GetProperty("status").GetString());
        Assert.Equal(30, response.GetProperty("usage").GetProperty("output_tokens").GetInt32());
    }

    [Fact]
    public async Task Cancel_OfOneInTheBackground_EndsIt()
    {
        // The end of the text is forbidden: it would go on to the end of the context.
        JsonElement begun = await Succeed("""{"model":"tiny","input":"Hello","background":true,"logit_bias":{"256":-100}}""");
        string id = begun.GetProperty("id").GetString()!;
        (int status, JsonElement cancelled) = await _server.PostAsync($"/v1/responses/{id}/cancel", "");
        Assert.Equal(200, status);
        Assert.Contains(cancelled.GetProperty("status").GetString(), new[] { "cancelled", "incomplete" });
        JsonElement waited = await Succeed("""{"model":"tiny","input":"Hello","max_output_tokens":2}""");
        (status, JsonElement refused) = await _server.PostAsync($"/v1/responses/{waited.GetProperty("id").GetString()}/cancel", "");
        Assert.Equal(400, status);
        Assert.Contains("background", refused.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InputTokens_OfAConversation_AreThoseOfItsPrompt()
    {
        (int status, JsonElement count) = await _server.PostAsync("/v1/responses/input_tokens", """{"model":"tiny","input":"Hello"}""");
        Assert.Equal(200, status);
        Assert.Equal("user: Hello\nassistant: ".Length, count.GetProperty("input_tokens").GetInt32());
    }

    [Theory]
    [InlineData("""{"model":"tiny"}""", 400, "input")]
    [InlineData("""{"model":"tiny","input":[{"type":"computer_call"}]}""", 400, "input[0].type")]
    [InlineData("""{"model":"tiny","input":[{"role":"user","content":[{"type":"input_image","image_url":"x"}]}]}""", 400, "input[0].content[0].type")]
    [InlineData("""{"model":"tiny","input":"x","previous_response_id":"resp_none"}""", 400, "previous_response_id")]
    [InlineData("""{"model":"tiny","input":"x","tools":[{"type":"web_search"}]}""", 400, "tools[0].type")]
    [InlineData("""{"model":"tiny","input":"x","truncation":"auto"}""", 400, "truncation")]
    [InlineData("""{"model":"tiny","input":"x","messages":[]}""", 400, "messages")]
    [InlineData("""{"model":"tiny","input":[{"type":"item_reference","id":"msg_none_0"}]}""", 404, "input[0].id")]
    public async Task Post_WhatCannotBe_SaysWhatAndWhere(string json, int expected, string parameter)
    {
        (int status, JsonElement body) = await _server.PostAsync("/v1/responses", json);
        Assert.True(expected == status, body.ToString());
        Assert.Equal(parameter, body.GetProperty("error").GetProperty("param").GetString());
    }

    private async Task<JsonElement> Succeed(string json)
    {
        (int status, JsonElement body) = await _server.PostAsync("/v1/responses", json);
        Assert.True(status == 200, body.ToString());
        return body;
    }

    private static string Said(JsonElement item) => item.GetProperty("type").GetString() switch
    {
        "function_call" => item.GetProperty("name").GetString() + item.GetProperty("arguments").GetString(),
        _ => item.GetProperty("content")[0].GetProperty("text").GetString()!,
    };
}
