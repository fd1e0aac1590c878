using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Responses;

#pragma warning disable OPENAI001 // The client marks its responses as experimental.

namespace Foretell.Server.Tests.Responses;

/// <summary>The Responses API by the official OpenAI client for .NET.</summary>
public sealed class OpenAiResponsesClientTests
{
    private static readonly ResponseTool s_weather = ResponseTool.CreateFunctionTool("weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string","enum":["Rome","Oslo"]}},"required":["city"],"additionalProperties":false}"""), strictModeEnabled: true);

    [Fact]
    public async Task CreateResponseAsync_AndContinue_ReadsBackWhatWasSaid()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        ResponsesClient client = Client(server);
        ResponseResult first = await client.CreateResponseAsync(new CreateResponseOptions("tiny", [ResponseItem.CreateUserMessageItem("Hello")]) { MaxOutputTokenCount = 12 });
        Assert.Equal(ResponseStatus.Incomplete, first.Status);
        Assert.NotEmpty(first.GetOutputText());
        Assert.Equal(12, first.Usage.OutputTokenCount);
        ResponseResult second = await client.CreateResponseAsync(new CreateResponseOptions("tiny", [ResponseItem.CreateUserMessageItem("And now?")]) { MaxOutputTokenCount = 4, PreviousResponseId = first.Id });
        Assert.True(second.Usage.InputTokenCount > first.Usage.InputTokenCount);
        ResponseResult kept = await client.GetResponseAsync(first.Id);
        Assert.Equal(first.GetOutputText(), kept.GetOutputText());
        Assert.True((await client.DeleteResponseAsync(first.Id)).Value.Deleted);
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(() => client.GetResponseAsync(first.Id))).Status);
    }

    [Fact]
    public async Task CreateResponseStreamingAsync_WithATool_CallsItAndTakesItsResult()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        ResponsesClient client = Client(server);
        var options = new CreateResponseOptions("tiny", [ResponseItem.CreateUserMessageItem("Weather?")]) { MaxOutputTokenCount = 300, StreamingEnabled = true, ParallelToolCallsEnabled = false, ToolChoice = ResponseToolChoice.CreateRequiredChoice() };
        options.Tools.Add(s_weather);
        var arguments = new StringBuilder();
        FunctionCallResponseItem? call = null;
        ResponseResult? last = null;
        await foreach (StreamingResponseUpdate update in await client.CreateResponseStreamingAsync(options))
        {
            switch (update)
            {
                case StreamingResponseFunctionCallArgumentsDeltaUpdate delta:
                    arguments.Append(delta.Delta);
                    break;
                case StreamingResponseOutputItemDoneUpdate { Item: FunctionCallResponseItem done }:
                    call = done;
                    break;
                case StreamingResponseCompletedUpdate completed:
                    last = completed.Response;
                    break;
            }
        }
        Assert.Equal("weather", call!.FunctionName);
        Assert.Equal(call.FunctionArguments.ToString(), arguments.ToString());
        string city = JsonElement.Parse(arguments.ToString()).GetProperty("city").GetString()!;
        var answer = new CreateResponseOptions("tiny", [ResponseItem.CreateFunctionCallOutputItem(call.CallId, $"sunny in {city}")]) { MaxOutputTokenCount = 5, PreviousResponseId = last!.Id };
        ResponseResult answered = await client.CreateResponseAsync(answer);
        Assert.NotEmpty(answered.OutputItems);
    }

    [Fact]
    public async Task CreateResponseStreamingAsync_ByAModelThatThinks_IsRead()
    {
        await using RunningServer server = await RunningServer.StartAsync(template: TinyModel.ThinkingTemplate);
        ResponsesClient client = Client(server);
        var options = new CreateResponseOptions("tiny", [ResponseItem.CreateUserMessageItem("Hello")]) { MaxOutputTokenCount = 40, StreamingEnabled = true };
        int updates = 0;
        ResponseResult? last = null;
        await foreach (StreamingResponseUpdate update in await client.CreateResponseStreamingAsync(options))
        {
            updates++;
            last = (update as StreamingResponseIncompleteUpdate)?.Response ?? (update as StreamingResponseCompletedUpdate)?.Response ?? last;
        }
        Assert.True(updates > 10);
        Assert.IsType<ReasoningResponseItem>(last!.OutputItems[0]);
        Assert.True(last.Usage.OutputTokenDetails.ReasoningTokenCount > 0);
    }

    private static ResponsesClient Client(RunningServer server) =>
        new OpenAIClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "v1"), RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0) }).GetResponsesClient();
}
