using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant.Tests;

/// <summary>Calls of tools and answers under a schema, by models that know nothing: whatever the weights, what comes out is valid.</summary>
public sealed class ToolCallTests : IDisposable
{
    private const string WeatherSchema = """{"type":"object","properties":{"city":{"type":"string","enum":["Rome","Oslo"]},"days":{"type":"integer","minimum":1,"maximum":14}},"required":["city","days"],"additionalProperties":false}""";

    private readonly RandomModel _random = new(context: 1024);
    private readonly ForetellChatClient _client;

    public ToolCallTests() => _client = new ForetellChatClient(_random.Model);

    public void Dispose()
    {
        _client.Dispose();
        _random.Dispose();
    }

    public static TheoryData<string> Formats => ["hermes", "llama", "foretell"];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task GetResponseAsync_WhenACallIsRequired_IsAValidCallInEveryFormat(string format)
    {
        using RandomModel random = WithFormat(format);
        using var client = new ForetellChatClient(random.Model);
        for (int seed = 0; seed < 8; seed++)
        {
            ChatResponse response = await client.GetResponseAsync("Weather?", Options(ChatToolMode.RequireAny, seed, several: false));
            FunctionCallContent call = Assert.IsType<FunctionCallContent>(Assert.Single(response.Messages.Single().Contents));
            Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
            CheckCall(call);
        }
    }

    [Fact]
    public async Task GetResponseAsync_WhenOneToolIsRequired_CallsThatOne()
    {
        for (int seed = 0; seed < 8; seed++)
        {
            ChatResponse response = await _client.GetResponseAsync("Weather?", Options(ChatToolMode.RequireSpecific("noon"), seed, several: false));
            Assert.Equal("noon", Assert.Single(Calls(response)).Name);
        }
    }

    [Fact]
    public async Task GetResponseAsync_WhenSeveralCallsAreAllowed_GivesEachAnIdOfItsOwn()
    {
        // The line break between calls, made likely against the end of the text.
        ChatOptions options = Options(ChatToolMode.RequireAny, 1, several: true);
        options.AdditionalProperties = new() { ["logit_bias"] = new Dictionary<int, double> { [_random.Tokenizer.EndOfTextId!.Value] = -100, ['\n'] = 100 } };
        options.MaxOutputTokens = 400;
        ChatResponse response = await _client.GetResponseAsync("Weather?", options);
        FunctionCallContent[] calls = Calls(response);
        Assert.True(calls.Length > 2, $"{calls.Length} calls, {response.FinishReason}, {response.Usage!.OutputTokenCount} tokens, text {response.Text}, arguments {string.Join(" ", calls.Select(call => call.Name))}");
        Assert.All(calls, CheckCall);
        Assert.Equal(calls.Length, calls.Select(call => call.CallId).Distinct().Count());
        // The last call was cut off by the limit: the reason says so, and the piece stays text.
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.StartsWith("<tool_call>", response.Text.Trim(), StringComparison.Ordinal);
        options.AllowMultipleToolCalls = false;
        Assert.Single(Calls(await _client.GetResponseAsync("Weather?", options)));
    }

    [Fact]
    public async Task GetResponseAsync_WhereCallsAreUpToTheModel_GivesTextOrValidCalls()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            ChatOptions options = Options(ChatToolMode.Auto, seed, several: true);
            options.MaxOutputTokens = 90;
            if (seed % 2 == 1)
            {
                // "<" is likely, and so is each letter of the marker.
                options.AdditionalProperties = new() { ["logit_bias"] = "<tool_call>".Distinct().ToDictionary(letter => (int)letter, _ => 8.0) };
            }
            ChatResponse response = await _client.GetResponseAsync("Weather?", options);
            FunctionCallContent[] calls = Calls(response);
            Assert.All(calls, CheckCall);
            Assert.Equal(response.FinishReason == ChatFinishReason.ToolCalls, calls.Length > 0 && response.FinishReason != ChatFinishReason.Length);
        }
    }

    [Fact]
    public async Task GetResponseAsync_WhenNoCallIsAllowed_MakesNone()
    {
        ChatResponse response = await _client.GetResponseAsync("Weather?", Options(ChatToolMode.None, 1, several: true));
        Assert.Empty(Calls(response));
        Assert.Equal((await _client.GetResponseAsync("Weather?", new() { Seed = 1, MaxOutputTokens = 300 })).Text, response.Text);
    }

    [Fact]
    public async Task GetResponseAsync_WithASchema_IsValidWhateverTheSeed()
    {
        using JsonDocument schema = JsonDocument.Parse(WeatherSchema);
        for (int seed = 0; seed < 12; seed++)
        {
            ChatResponse response = await _client.GetResponseAsync("Weather?", new() { Seed = seed, ResponseFormat = ChatResponseFormat.ForJsonSchema(schema.RootElement) });
            Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
            using JsonDocument answer = JsonDocument.Parse(response.Text);
            CheckWeather(answer.RootElement);
        }
    }

    [Fact]
    public async Task GetResponseAsync_WithJsonAndTools_IsOneOrTheOther()
    {
        int objects = 0;
        for (int seed = 0; seed < 12; seed++)
        {
            ChatOptions options = Options(ChatToolMode.Auto, seed, several: false);
            options.ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonDocument.Parse(WeatherSchema).RootElement);
            ChatResponse response = await _client.GetResponseAsync("Weather?", options);
            if (Calls(response) is [FunctionCallContent call])
            {
                CheckCall(call);
            }
            else
            {
                CheckWeather(JsonDocument.Parse(response.Text).RootElement);
                objects++;
            }
        }
        Assert.InRange(objects, 1, 11);
    }

    [Theory]
    [InlineData("Open", "thoughts {\"</think>\n\n{\"city\": \"Rome\", \"days\": 3}", true)]
    [InlineData("Open", "thoughts</think>\n\n{\"city\": \"Paris\", \"days\": 3}", false)]
    [InlineData("Open", "{\"city\": \"Rome\", \"days\": 3}", false)]
    [InlineData("Possible", "<think>thoughts</think>{\"city\": \"Rome\", \"days\": 3}", true)]
    [InlineData("Possible", "{\"city\": \"Rome\", \"days\": 3}", true)]
    [InlineData("Possible", "<think>thoughts", false)]
    [InlineData("None", "{\"city\": \"Rome\", \"days\": 3}", true)]
    [InlineData("None", "<think>thoughts</think>{\"city\": \"Rome\", \"days\": 3}", false)]
    public void Of_ASchemaWithReasoning_ConstrainsWhatIsSaidBehindIt(string reasoning, string answer, bool accepted)
    {
        ChatRequest request = ChatOptionsReader.Read(new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonDocument.Parse(WeatherSchema).RootElement) }, new(), ToolCallFormat.Hermes, () => 0);
        Assert.Equal(accepted, AnswerGrammar.Of(request, ToolCallFormat.Hermes, Enum.Parse<ReasoningStart>(reasoning), new())!.Accepts(System.Text.Encoding.UTF8.GetBytes(answer)));
    }

    /// <summary>What a function-invoking wrapper does, by hand: calls are run and their results sent back.</summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public async Task GetResponseAsync_WithTheResultsOfItsCalls_GoesOn(string format)
    {
        using RandomModel random = WithFormat(format);
        using var client = new ForetellChatClient(random.Model);
        AIFunction weather = AIFunctionFactory.Create((string city, int days) => $"{city}: sun for {days} days", "weather", "The weather to come.");
        var conversation = new List<ChatMessage> { new(ChatRole.User, "Weather?") };
        ChatResponse asked = await client.GetResponseAsync(conversation, new() { Seed = 3, Tools = [weather], ToolMode = ChatToolMode.RequireAny, AllowMultipleToolCalls = false, AdditionalProperties = Short() });
        conversation.AddMessages(asked);
        FunctionCallContent call = Assert.Single(Calls(asked));
        object? result = await weather.InvokeAsync(new AIFunctionArguments(call.Arguments));
        conversation.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.CallId, result)]));
        ChatResponse answered = await client.GetResponseAsync(conversation, new() { Seed = 3, Tools = [weather], ToolMode = ChatToolMode.None, MaxOutputTokens = 10 });
        Assert.Empty(Calls(answered));
        string sun = $"sun for {((JsonElement)call.Arguments!["days"]!).GetInt64()} days";
        string prompt = random.Tokenizer.Decode(random.Model.Template.Render(new Tokenizers.Conversation(MessageReader.Read(conversation, null))).Tokens(random.Tokenizer));
        Assert.Contains(sun, prompt, StringComparison.Ordinal);
        Assert.Contains("weather", prompt, StringComparison.Ordinal);
        Assert.True(answered.Usage!.InputTokenCount > asked.Usage!.InputTokenCount - 200);
    }

    private static RandomModel WithFormat(string format) => new(context: 1024, configure: options => options.ToolCalls = format switch
    {
        "llama" => ToolCallFormat.Llama,
        "foretell" => ToolCallFormat.Foretell,
        _ => ToolCallFormat.Hermes,
    });

    private static ChatOptions Options(ChatToolMode mode, int seed, bool several) => new()
    {
        Seed = seed,
        MaxOutputTokens = 300,
        ToolMode = mode,
        AllowMultipleToolCalls = several,
        Tools =
        [
            AIFunctionFactory.CreateDeclaration("weather", "The weather to come.", JsonDocument.Parse(WeatherSchema).RootElement),
            AIFunctionFactory.CreateDeclaration("noon", "When noon is.", JsonDocument.Parse("""{"type":"object","properties":{},"additionalProperties":false}""").RootElement),
        ],
    };

    /// <summary>Makes the quote that ends a string likely, so that random strings end.</summary>
    private static AdditionalPropertiesDictionary Short() => new() { ["logit_bias"] = new Dictionary<int, double> { ['"'] = 6, ['}'] = 6, [','] = 3 } };

    private static FunctionCallContent[] Calls(ChatResponse response) => [.. response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];

    private static void CheckCall(FunctionCallContent call)
    {
        if (call.Name == "noon")
        {
            Assert.Empty(call.Arguments!);
            return;
        }
        Assert.Equal("weather", call.Name);
        Assert.Equal(["city", "days"], call.Arguments!.Keys);
        Assert.Contains(((JsonElement)call.Arguments["city"]!).GetString(), (string[])["Rome", "Oslo"]);
        Assert.InRange(((JsonElement)call.Arguments["days"]!).GetInt32(), 1, 14);
    }

    private static void CheckWeather(JsonElement answer)
    {
        Assert.Equal(["city", "days"], answer.EnumerateObject().Select(property => property.Name));
        Assert.Contains(answer.GetProperty("city").GetString(), (string[])["Rome", "Oslo"]);
        Assert.InRange(answer.GetProperty("days").GetInt32(), 1, 14);
    }
}
