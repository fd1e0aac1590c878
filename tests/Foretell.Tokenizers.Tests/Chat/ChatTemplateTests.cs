using System.Text.Json.Nodes;

namespace Foretell.Tokenizers.Tests;

public class ChatTemplateTests
{
    private const string Weather = """{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}""";

    [Fact]
    public void Render_WithStories260K_GivesThePublishedTextOrRefuses()
    {
        ChatTemplate template = Chats.Template("models/stories260K/hf");
        JsonArray cases = JsonNode.Parse(File.ReadAllText(SharedData.Path("models/stories260K/chat_cases.json")))!.AsArray();
        Assert.NotEmpty(cases);
        Assert.All(cases, item =>
        {
            var conversation = new Conversation([.. item!["messages"]!.AsArray().Select(message => ChatMessage.Parse(Chats.Json(message!.ToJsonString())))])
            {
                AddGenerationPrompt = (bool)item["add_generation_prompt"]!,
            };
            if ((string?)item["error"] is string refusal)
            {
                var error = Assert.Throws<ChatTemplateException>(() => template.Render(conversation));
                Assert.True(error.IsRefusal);
                Assert.Equal(refusal, error.Reason);
            }
            else
            {
                Assert.Equal((string)item["rendered"]!, template.Render(conversation).Text);
            }
        });
    }

    [Fact]
    public void Render_WithLlama_TrimsAndEndsTurns()
    {
        ChatTemplate template = Chats.Template("tokenizers/llama3.1");
        string text = template.Render(Chats.Of(("system", " Be brief. "), ("user", "Hi\n")) with { AddGenerationPrompt = true }).Text;
        Assert.Equal(
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
            + "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
            text);
    }

    [Fact]
    public void Render_WithQwen_WritesToolsCallsAndResults()
    {
        ChatTemplate template = Chats.Template("tokenizers/qwen3");
        var conversation = new Conversation(
        [
            new("user", "Weather in Rome?"),
            new("assistant") { ToolCalls = [new ChatToolCall("weather", Chats.Json("""{"city": "Róma", "days": 2, "exact": 1.0}"""))] },
            new("tool", "Sun"),
        ])
        {
            Tools = [Chats.Json(Weather)],
            AddGenerationPrompt = true,
            Variables = new Dictionary<string, System.Text.Json.JsonElement> { ["enable_thinking"] = Chats.Json("false") },
        };
        string text = template.Render(conversation).Text;
        Assert.Contains($"<tools>\n{Weather}\n</tools>", text, StringComparison.Ordinal);
        Assert.EndsWith(
            "<|im_start|>user\nWeather in Rome?<|im_end|>\n<|im_start|>assistant\n<tool_call>\n"
            + """{"name": "weather", "arguments": {"city": "Róma", "days": 2, "exact": 1.0}}"""
            + "\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>\nSun\n</tool_response><|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
            text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Render_ToolsWithoutPlaceInTheTemplate_IsRefused()
    {
        ChatTemplate template = Chats.Template("tokenizers/llama3.1");
        Assert.False(template.SupportsTools);
        Assert.False(template.SupportsToolCalls);
        Conversation tools = Chats.Of(("user", "Hi")) with { Tools = [Chats.Json(Weather)] };
        Assert.Contains("no place for tools", Assert.Throws<ChatTemplateException>(() => template.Render(tools)).Message, StringComparison.Ordinal);
        var calls = new Conversation([new("user", "Hi"), new("assistant") { ToolCalls = [new ChatToolCall("f", Chats.Json("{}"))] }]);
        Assert.Contains("no place for tool calls", Assert.Throws<ChatTemplateException>(() => template.Render(calls)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ m.tool_calls[0].function.arguments | tojson }}")]
    [InlineData("{{ '' + m.tool_calls[0].function.arguments }}")]
    [InlineData("{{ m.content }}{{ m.tool_calls[0].function.arguments | tojson }}")]
    [InlineData("{{ m.content + m.tool_calls[0].function.arguments }}")]
    [InlineData("{% if m.content is none %}{{ m.tool_calls[0].function.arguments | tojson }}{% endif %}")]
    public void Render_ToolCalls_AreGivenInTheFormThatTheTemplateWants(string show)
    {
        var template = ChatTemplate.Parse("{% for m in messages if m.tool_calls %}{{ m.tool_calls[0].function.name }} " + show + "{% endfor %}");
        Assert.True(template.SupportsToolCalls);
        var conversation = new Conversation([new("user", "Hi"), new("assistant") { ToolCalls = [new ChatToolCall("f", Chats.Json("""{"x":[1]}"""))] }]);
        Assert.Equal("""f {"x": [1]}""", template.Render(conversation).Text);
    }

    [Fact]
    public void Load_NamedTemplates_ChoosesToolUseForTools()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(ChatTemplate.Load(folder.Path));
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer_config.json"), """
            {"bos_token": {"content": "<s>"}, "eos_token": null, "chat_template": [
              {"name": "default", "template": "{{ bos_token }}plain{{ eos_token }}"},
              {"name": "tool_use", "template": "{{ bos_token }}{{ tools | tojson }}"}]}
            """);
        ChatTemplate template = Assert.IsType<ChatTemplate>(ChatTemplate.Load(folder.Path));
        Assert.Equal("<s>plain", template.Render(Chats.Of(("user", "Hi"))).Text);
        Assert.Equal($"<s>[{Weather}]", template.Render(Chats.Of(("user", "Hi")) with { Tools = [Chats.Json(Weather)] }).Text);
        Assert.Equal("<s>null", ChatTemplate.Load(folder.Path, "tool_use")!.Render(Chats.Of(("user", "Hi"))).Text);
        Assert.Contains("it has default, tool_use", Assert.Throws<FormatException>(() => ChatTemplate.Load(folder.Path, "rag")).Message, StringComparison.Ordinal);

        File.WriteAllText(Path.Combine(folder.Path, "chat_template.jinja"), "own file{{ bos_token }}\n");
        Assert.Equal("own file<s>", ChatTemplate.Load(folder.Path)!.Render(Chats.Of(("user", "Hi"))).Text);
    }

    [Theory]
    [InlineData("""{"chat_template": 5}""", "neither text nor a list")]
    [InlineData("""{"chat_template": [{"name": "default"}]}""", "no \"name\" or no \"template\"")]
    [InlineData("""{"chat_template": "{% if %}"}""", "line 1")]
    [InlineData("""{"chat_template": """, "not valid JSON")]
    public void Load_DamagedFile_SaysWhatIsWrong(string json, string clause)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer_config.json"), json);
        Assert.Contains(clause, Assert.ThrowsAny<FormatException>(() => ChatTemplate.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_FromManyThreads_GivesTheSame()
    {
        ChatTemplate template = Chats.Template("tokenizers/qwen3");
        Conversation[] conversations = [.. Enumerable.Range(0, 50).Select(index => Chats.Of(("user", $"Question {index}"), ("assistant", $"Answer {index}")))];
        string[] alone = [.. conversations.Select(conversation => template.Render(conversation).Text)];
        string[] together = [.. conversations.AsParallel().AsOrdered().Select(conversation => template.Render(conversation).Text)];
        Assert.Equal(alone, together);
    }

    [Theory]
    [InlineData("""{"content": "x"}""", "no \"role\"")]
    [InlineData("""[]""", "an array")]
    [InlineData("""{"role": "user", "content": 5}""", "\"content\" is a number")]
    [InlineData("""{"role": "user", "tool_calls": {}}""", "\"tool_calls\" is an object")]
    [InlineData("""{"role": "user", "tool_calls": [{}]}""", "no function name")]
    public void Parse_BadMessage_SaysWhatIsWrong(string json, string clause) =>
        Assert.Contains(clause, Assert.Throws<FormatException>(() => ChatMessage.Parse(Chats.Json(json))).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_ApiMessage_KeepsEveryField()
    {
        ChatMessage message = ChatMessage.Parse(Chats.Json("""
            {"role": "assistant", "content": null, "reasoning_content": "hm", "weight": 1,
             "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}}]}
            """));
        Assert.Null(message.Content);
        Assert.Equal("hm", message.ReasoningContent);
        ChatToolCall call = Assert.Single(message.ToolCalls);
        Assert.Equal(("f", "1", 1), (call.Name, call.Id, call.Arguments.GetProperty("x").GetInt32()));
        Assert.Equal(1, message.OtherFields["weight"].GetInt32());
    }

    [Fact]
    public void Default_ByVocabulary_IsChatMlOrPlain()
    {
        var options = new BpeTrainerOptions { VocabularySize = 300, SpecialTokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] };
        Tokenizer withTurns = BpeTrainer.Train(options, ["a"u8.ToArray()]);
        Conversation conversation = Chats.Of(("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello"), ("user", "Bye")) with { AddGenerationPrompt = true };
        Assert.Equal(
            "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n",
            ChatTemplate.Default(withTurns).Render(conversation).Text);
        Assert.True(ChatTemplate.Default(withTurns).SupportsTools);
        Assert.True(ChatTemplate.Default(withTurns).SupportsToolCalls);
        Assert.Equal("Be kind.\nUser: Hi\nAssistant: Hello<|endoftext|>\nUser: Bye\nAssistant:", ChatTemplate.Default(new ByteTokenizer()).Render(conversation).Text);
    }
}
