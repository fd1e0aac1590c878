using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Models;

namespace Foretell.Server.Tests;

/// <summary>The official OpenAI client for .NET against a started server.</summary>
public sealed class OpenAiClientTests : IAsyncLifetime
{
    private RunningServer _server = null!;
    private OpenAIClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await RunningServer.StartAsync();
        _client = new OpenAIClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(_server.Address, "v1"), RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0) });
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static ChatTool Weather { get; } = ChatTool.CreateFunctionTool("weather", "The weather of a city.", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string","enum":["Rome","Oslo"]}},"required":["city"],"additionalProperties":false}"""), functionSchemaIsStrict: true);

    [Fact]
    public async Task CompleteChatAsync_AndItsStream_GiveTheSame()
    {
        ChatClient chat = _client.GetChatClient("tiny");
        ChatMessage[] messages = [new SystemChatMessage("Be brief."), new UserChatMessage("Hello")];
#pragma warning disable OPENAI001 // The seed is marked experimental.
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 30, Seed = 5, Temperature = 0.8f, IncludeLogProbabilities = true, TopLogProbabilityCount = 2, EndUserId = "me" };
#pragma warning restore OPENAI001
        ChatCompletion whole = await chat.CompleteChatAsync(messages, options);
        Assert.Equal(ChatFinishReason.Length, whole.FinishReason);
        Assert.Equal("tiny", whole.Model);
        Assert.Equal(30, whole.Usage.OutputTokenCount);
        Assert.Equal(30, whole.ContentTokenLogProbabilities.Count);
        var text = new StringBuilder();
        ChatTokenUsage? usage = null;
        ChatFinishReason? reason = null;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync(messages, options))
        {
            text.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
            usage = update.Usage ?? usage;
            reason = update.FinishReason ?? reason;
        }
        Assert.Equal(string.Concat(whole.Content.Select(part => part.Text)), text.ToString());
        Assert.Equal(30, usage!.OutputTokenCount);
        Assert.Equal(ChatFinishReason.Length, reason);
    }

    [Fact]
    public async Task CompleteChatAsync_WithTools_GoesAroundOnce()
    {
        ChatClient chat = _client.GetChatClient("tiny");
        List<ChatMessage> messages = [new UserChatMessage("What is the weather in Rome?")];
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 300, Tools = { Weather }, ToolChoice = ChatToolChoice.CreateRequiredChoice(), AllowParallelToolCalls = false };
        ChatCompletion asked = await chat.CompleteChatAsync(messages, options);
        Assert.Equal(ChatFinishReason.ToolCalls, asked.FinishReason);
        ChatToolCall call = Assert.Single(asked.ToolCalls);
        Assert.Equal("weather", call.FunctionName);
        string city = JsonElement.Parse(call.FunctionArguments.ToString()).GetProperty("city").GetString()!;
        messages.Add(new AssistantChatMessage(asked));
        messages.Add(new ToolChatMessage(call.Id, $"It is sunny in {city}."));
        ChatCompletion answered = await chat.CompleteChatAsync(messages, new ChatCompletionOptions { MaxOutputTokenCount = 10, Tools = { Weather }, ToolChoice = ChatToolChoice.CreateNoneChoice() });
        Assert.NotEmpty(answered.Content);
    }

    [Fact]
    public async Task CompleteChatStreamingAsync_WithATool_StreamsItsArguments()
    {
        ChatClient chat = _client.GetChatClient("tiny");
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 300, Tools = { Weather }, ToolChoice = ChatToolChoice.CreateFunctionChoice("weather"), AllowParallelToolCalls = false };
        var arguments = new StringBuilder();
        int pieces = 0;
        string? name = null;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync([new UserChatMessage("Weather?")], options))
        {
            foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates)
            {
                name ??= call.FunctionName;
                arguments.Append(call.FunctionArgumentsUpdate);
                pieces++;
            }
        }
        Assert.Equal("weather", name);
        Assert.True(pieces > 3, $"{pieces} pieces");
        Assert.Contains(JsonElement.Parse(arguments.ToString()).GetProperty("city").GetString(), new[] { "Rome", "Oslo" });
    }

    [Fact]
    public async Task CompleteChatAsync_UnderASchema_GivesWhatItAllows()
    {
        ChatClient chat = _client.GetChatClient("tiny");
        var options = new ChatCompletionOptions
        {
            MaxOutputTokenCount = 300,
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("colours", BinaryData.FromString("""{"type":"object","properties":{"colour":{"enum":["red","blue"]},"shade":{"type":"integer","minimum":0,"maximum":9}},"required":["colour","shade"],"additionalProperties":false}"""), jsonSchemaIsStrict: true),
        };
        ChatCompletion completion = await chat.CompleteChatAsync([new UserChatMessage("A colour?")], options);
        JsonElement json = JsonElement.Parse(completion.Content[0].Text);
        Assert.Contains(json.GetProperty("colour").GetString(), new[] { "red", "blue" });
        Assert.InRange(json.GetProperty("shade").GetInt32(), 0, 9);
    }

    [Fact]
    public async Task CompleteChatAsync_OfAnUnknownModel_FailsWithTheStatus()
    {
        ClientResultException error = await Assert.ThrowsAsync<ClientResultException>(() => _client.GetChatClient("none").CompleteChatAsync([new UserChatMessage("x")]));
        Assert.Equal(404, error.Status);
        Assert.Contains("model_not_found", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateEmbeddingsAsync_OfTextsAndTokens_GivesUnitVectors()
    {
        EmbeddingClient embeddings = _client.GetEmbeddingClient("tiny");
        OpenAIEmbeddingCollection vectors = await embeddings.GenerateEmbeddingsAsync(["one", "another"], new EmbeddingGenerationOptions { Dimensions = 8 });
        Assert.Equal(2, vectors.Count);
        foreach (OpenAIEmbedding vector in vectors)
        {
            float[] values = vector.ToFloats().ToArray();
            Assert.Equal(8, values.Length);
            Assert.Equal(1, values.Sum(value => value * value), 5);
        }
        Assert.Equal(10, vectors.Usage.InputTokenCount);
        // The byte tokenizer's ids are the bytes.
        OpenAIEmbedding text = (await embeddings.GenerateEmbeddingsAsync(["one"])).Value[0];
        OpenAIEmbedding tokens = (await embeddings.GenerateEmbeddingsAsync([new ReadOnlyMemory<int>([.. "one".Select(letter => (int)letter)])])).Value[0];
        Assert.Equal(text.ToFloats().ToArray(), tokens.ToFloats().ToArray());
    }

    [Fact]
    public async Task GetModelsAsync_ListsWhatIsServed()
    {
        OpenAIModelClient models = _client.GetOpenAIModelClient();
        Assert.Equal("tiny", Assert.Single((await models.GetModelsAsync()).Value).Id);
        Assert.Equal("tiny", (await models.GetModelAsync("tiny")).Value.Id);
    }
}
