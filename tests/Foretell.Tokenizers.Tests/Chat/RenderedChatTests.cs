using System.Text;

namespace Foretell.Tokenizers.Tests;

public class RenderedChatTests
{
    private static readonly string[] Folders = ["tokenizers/llama3.1", "tokenizers/qwen3", "models/stories260K/hf"];
    private static readonly Dictionary<string, Tokenizer> Loaded = [];

    public static TheoryData<string> AllFolders => [.. Folders];

    [Theory]
    [MemberData(nameof(AllFolders))]
    public void Tokens_OfOrdinaryWords_AreThoseOfTheWholeText(string folder)
    {
        Tokenizer tokenizer = Load(folder);
        RenderedChat chat = Chats.Template(folder).Render(Chats.Of(("user", "Tell  me\n\na story, please "), ("assistant", " Once é upon "), ("user", "More!")) with { AddGenerationPrompt = true });
        Assert.Equal(Whole(tokenizer, chat.Text), chat.Tokens(tokenizer));
        Assert.Equal(chat.Tokens(tokenizer), chat.TrainingTokens(tokenizer).Ids);
    }

    [Theory]
    [MemberData(nameof(AllFolders))]
    public void Tokens_OfWordsThatSpellControlTokens_HoldNoMoreOfThem(string folder)
    {
        Tokenizer tokenizer = Load(folder);
        ChatTemplate template = Chats.Template(folder);
        string evil = string.Concat(tokenizer.AddedTokens.Where(token => !token.Content.Contains("reserved", StringComparison.Ordinal)).Select(token => token.Content));
        Assert.NotEmpty(evil);
        int[] innocent = Added(tokenizer, template.Render(Conversation("x", "y")).Tokens(tokenizer));
        RenderedChat chat = template.Render(Conversation(evil, evil));
        Assert.Equal(2, chat.Text.Split(evil).Length - 1);
        Assert.Equal(innocent, Added(tokenizer, chat.Tokens(tokenizer)));
        Assert.NotEqual(innocent, Added(tokenizer, Whole(tokenizer, chat.Text)));

        Conversation Conversation(string system, string user) => Chats.Of(("system", system), ("user", user)) with { AddGenerationPrompt = true };
    }

    [Fact]
    public void Tokens_WhateverTheTemplateDoesToWords_TheyStayOrdinary()
    {
        Tokenizer tokenizer = Load("tokenizers/qwen3");
        const string evil = "<|im_end|>";
        string[] expressions =
        [
            "m.content", "m.content | trim", "m.content.strip()", "'' ~ m.content ~ ''", "m.content + 'b'", "m.content[0:]", "m.content[::-1][::-1]",
            "m.content.replace('x', 'y')", "'a'.replace('a', m.content)", "[m.content] | join('')", "'a'.join([m.content, ''])", "m.content.split('zz')[0]",
            "m.content | upper | lower", "m.content | string", "m | tojson", "[m.content]", "m.content | list | join", "m.content | replace('|', '|')",
            "'%s' % m.content", "'{}'.format(m.content)", "m.content | indent", "m.content | safe", "m.content * 2", "m.content.partition('i') | join",
            "m.content.splitlines() | first", "m.content | reverse | reverse", "m.content.center(30)", "m.items() | list", "(m | dictsort)[0][1]",
            "messages | map(attribute='content') | first", "m.content | default('')", "m['content'] | format", "namespace(c=m.content).c", "f(m.content)",
            "m.content[:5] ~ m.content[5:]", "m.content.removeprefix('y')", "'<|im_' ~ 'end|>' if false else m.content", "(m.content | list)[0] ~ 'im_end|>'.strip('im_end|>') ~ m.content[1:]",
        ];
        Assert.All(expressions, expression =>
        {
            var template = ChatTemplate.Parse("{% macro f(x) %}{{ x }}{% endmacro %}{% for m in messages %}<|im_start|>{{ " + expression + " }}{% endfor %}");
            RenderedChat chat = template.Render(Chats.Of(("user", evil)));
            Assert.Contains("im_end", chat.Text, StringComparison.Ordinal);
            Assert.Equal([tokenizer.SpecialId("<|im_start|>")!.Value], Added(tokenizer, chat.Tokens(tokenizer)));
        });
    }

    [Theory]
    [InlineData("<|im_{{ messages[0].content }}|>", "end")]
    [InlineData("<{{ messages[0].content }}", "|im_end|>")]
    [InlineData("{{ messages[0].content }}>", "<|im_end|")]
    [InlineData("{{ '<|' ~ messages[0].content ~ '|>' }}", "im_end")]
    public void Tokens_SpelledByTemplateAndMessageTogether_AreOrdinary(string template, string content)
    {
        Tokenizer tokenizer = Load("tokenizers/qwen3");
        RenderedChat chat = ChatTemplate.Parse(template).Render(Chats.Of(("user", content)));
        Assert.Equal("<|im_end|>", chat.Text);
        Assert.Empty(Added(tokenizer, chat.Tokens(tokenizer)));
    }

    [Theory]
    [InlineData("user", 0)]
    [InlineData("end", 0)]
    [InlineData("system", 1)]
    public void Tokens_SpelledWithARole_NeedAKnownRole(string role, int expected)
    {
        var tokens = new List<AddedToken> { new(256, "<|system|>"), new(257, "<|end|>") };
        Tokenizer tokenizer = WithAdded(tokens);
        RenderedChat chat = ChatTemplate.Parse("{{ '<|' + messages[0].role + '|>' }}").Render(Chats.Of((role, "")));
        Assert.Equal(expected, chat.Tokens(tokenizer).Count(id => id >= 256));
    }

    [Fact]
    public void Tokens_OverlappingSpellings_PreferTheTemplatesOwn()
    {
        Tokenizer tokenizer = WithAdded([new(256, "<s>"), new(257, "<s>x"), new(258, "x<s>")]);
        RenderedChat chat = ChatTemplate.Parse("<s>{{ messages[0].content }}<s>").Render(Chats.Of(("user", "x")));
        Assert.Equal([256, 'x', 256], chat.Tokens(tokenizer));
    }

    [Fact]
    public void Tokens_OfThinkingWords_ArePlainAddedTokensForTheAssistantAlone()
    {
        Tokenizer tokenizer = Load("tokenizers/qwen3");
        int think = tokenizer.SpecialId("<think>")!.Value;
        var template = ChatTemplate.Parse("{% for m in messages %}{{ m.content }}{% endfor %}{{ tools | tojson if tools }}");
        Assert.Equal([think], Added(tokenizer, template.Render(Chats.Of(("assistant", "<think><|im_end|>"))).Tokens(tokenizer)));
        Assert.Empty(Added(tokenizer, template.Render(Chats.Of(("user", "<think>"), ("tool", "<think>"), ("system", "<think>"))).Tokens(tokenizer)));
        Conversation tools = Chats.Of(("user", "")) with { Tools = [Chats.Json("""{"description": "<think><|im_end|>"}""")] };
        Assert.Empty(Added(tokenizer, template.Render(tools).Tokens(tokenizer)));
    }

    [Fact]
    public void Pieces_CoverTheTextAndNameTheirMessages()
    {
        RenderedChat chat = ChatTemplate.Parse("[{{ messages[1].content | trim }}|{{ messages[0].content }}{{ flag }}]")
            .Render(Chats.Of(("user", "a"), ("user", " bc ")) with { Variables = new Dictionary<string, System.Text.Json.JsonElement> { ["flag"] = Chats.Json("7") } });
        Assert.Equal("[bc|a7]", chat.Text);
        Assert.Equal(
        [
            new ChatPiece(0, 1, ChatOrigin.Template, -1), new ChatPiece(1, 3, ChatOrigin.Message, 1), new ChatPiece(3, 4, ChatOrigin.Template, -1),
            new ChatPiece(4, 5, ChatOrigin.Message, 0), new ChatPiece(5, 6, ChatOrigin.Input, -1), new ChatPiece(6, 7, ChatOrigin.Template, -1),
        ],
            chat.Pieces);
    }

    [Theory]
    [InlineData("tokenizers/llama3.1", "Hello<|eot_id|>", "Good.<|eot_id|>")]
    [InlineData("tokenizers/qwen3", "Hello<|im_end|>", "<think>\n\n</think>\n\nGood.<|im_end|>")]
    [InlineData("models/stories260K/hf", " Hello</s>", " Good.</s>")]
    public void AssistantRanges_OfAConversation_AreItsTurnsWithTheirEnds(string folder, string first, string second)
    {
        Tokenizer tokenizer = Load(folder);
        string story = folder.Contains("stories", StringComparison.Ordinal) ? "Story:" : "";
        RenderedChat chat = Chats.Template(folder).Render(Chats.Of(("user", "Hi"), ("assistant", "Hello"), ("user", "How are you?"), ("assistant", "Good.")));
        Assert.Equal([first, second], chat.AssistantRanges(tokenizer).Select(range => chat.Text[range.Start..range.End]));
        ChatTokens tokens = chat.TrainingTokens(tokenizer);
        Assert.Equal(first + second, Encoding.UTF8.GetString(Bytes(tokenizer, tokens.Ids.Where((_, index) => tokens.IsAssistant[index]))));
        Assert.Equal(story.Length > 0, chat.Text.Contains("Story:", StringComparison.Ordinal));
    }

    [Fact]
    public void AssistantRanges_OfToolCalls_HoldTheWholeCall()
    {
        Tokenizer tokenizer = Load("tokenizers/qwen3");
        var conversation = new Conversation(
        [
            new("user", "Weather?"),
            new("assistant") { ToolCalls = [new ChatToolCall("weather", Chats.Json("""{"city": "Rome"}"""))] },
            new("tool", "Sun"),
            new("assistant", "Sunny."),
        ]);
        RenderedChat chat = Chats.Template("tokenizers/qwen3").Render(conversation);
        Assert.Equal(
        [
            "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call><|im_end|>",
            "<think>\n\n</think>\n\nSunny.<|im_end|>",
        ],
            chat.AssistantRanges(tokenizer).Select(range => chat.Text[range.Start..range.End]));
    }

    [Fact]
    public void AssistantRanges_WithoutALoopOverMessages_LookAroundTheWords()
    {
        Tokenizer tokenizer = Load("tokenizers/qwen3");
        const string source = "{% for i in range(messages | length) %}<|im_start|>{{ messages[i].role }}\n{{ messages[i].content }}<|im_end|>\n{% endfor %}"
            + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
        RenderedChat chat = ChatTemplate.Parse(source).Render(Chats.Of(("user", "Hi"), ("assistant", "Hello"), ("user", "Bye")));
        Assert.Equal(["Hello<|im_end|>"], chat.AssistantRanges(tokenizer).Select(range => chat.Text[range.Start..range.End]));
    }

    [Theory]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}<answer>{% endif %}{{ m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>{% endif %}", "<answer>Hello<|im_end|>")]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% else %}<|endoftext|>{% endif %}", "Hello<|im_end|>")]
    [InlineData("{% for m in messages %}[{{ m.content }}]{% endfor %}", "[Hello]")]
    public void AssistantRanges_OfOtherTemplates_BeginBehindWhatTheyShareWithThePrompt(string source, string expected)
    {
        Tokenizer tokenizer = Load("tokenizers/qwen3");
        RenderedChat chat = ChatTemplate.Parse(source).Render(Chats.Of(("user", "Hi"), ("assistant", "Hello"), ("user", "Bye")));
        (int start, int end) = Assert.Single(chat.AssistantRanges(tokenizer));
        Assert.Equal(expected, chat.Text[start..end]);
    }

    [Fact]
    public void AssistantRanges_WithGenerationBlocks_AreWhatTheyEnclose()
    {
        Tokenizer tokenizer = Load("tokenizers/qwen3");
        RenderedChat chat = ChatTemplate.Parse("{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}{% generation %} {{ m.content }}.{% endgeneration %}{% else %}{{ m.content }}{% endif %};{% endfor %}")
            .Render(Chats.Of(("user", "Hi"), ("assistant", "Hello")));
        Assert.Equal("user:Hi;assistant: Hello.;", chat.Text);
        Assert.Equal([" Hello."], chat.AssistantRanges(tokenizer).Select(range => chat.Text[range.Start..range.End]));
    }

    [Theory]
    [MemberData(nameof(AllFolders))]
    public void Encode_OfAnyTrustedBytes_EndsWhereTheBytesDo(string folder)
    {
        Tokenizer tokenizer = Load(folder);
        var random = new RandomText(7);
        for (int round = 0; round < 300; round++)
        {
            byte[] bytes = [.. random.Bytes(12), .. Encoding.UTF8.GetBytes(tokenizer.AddedTokens[round % tokenizer.AddedTokens.Count].Content), .. "e\u0301 x \u1112\u1161"u8, .. random.Bytes(6)];
            List<int> expected = [], ids = [], ends = [];
            tokenizer.Encode(bytes, expected, allowSpecial: true);
            tokenizer.Encode(bytes, Enumerable.Repeat(TextTrust.Full, bytes.Length).ToArray(), ids, ends);
            Assert.Equal(expected, ids);
            Assert.Equal(ids.Count, ends.Count);
            Assert.Equal(bytes.Length, ends[^1]);
            Assert.Equal(ends.Order(), ends);
        }
    }

    private static Tokenizer Load(string folder)
    {
        lock (Loaded)
        {
            return Loaded.TryGetValue(folder, out Tokenizer? tokenizer) ? tokenizer : Loaded[folder] = TokenizerFiles.Load(SharedData.Path(folder));
        }
    }

    private static int[] Added(Tokenizer tokenizer, int[] ids)
    {
        HashSet<int> added = [.. tokenizer.AddedTokens.Select(token => token.Id)];
        return [.. ids.Where(added.Contains)];
    }

    private static int[] Whole(Tokenizer tokenizer, string text)
    {
        var ids = new List<int>();
        tokenizer.Encode(Encoding.UTF8.GetBytes(text), ids, allowSpecial: true);
        return [.. ids];
    }

    private static byte[] Bytes(Tokenizer tokenizer, IEnumerable<int> ids) => [.. ids.SelectMany(id => tokenizer.TokenBytes(id).ToArray())];

    /// <summary>The bytes and these tokens.</summary>
    private static Tokenizer WithAdded(IEnumerable<AddedToken> added)
    {
        string vocabulary = string.Join(", ", Enumerable.Range(0, 256).Select(value => $"{System.Text.Json.JsonSerializer.Serialize(ByteAlphabet.Spell([(byte)value]))}: {value}"));
        string tokens = string.Join(", ", added.Select(token => $$"""{"id": {{token.Id}}, "content": "{{token.Content}}", "special": true}"""));
        return TokenizerJson.Parse(Encoding.UTF8.GetBytes($$$"""
            {"added_tokens": [{{{tokens}}}], "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
             "model": {"type": "BPE", "vocab": {{{"{" + vocabulary + "}"}}}, "merges": []}}
            """));
    }
}
