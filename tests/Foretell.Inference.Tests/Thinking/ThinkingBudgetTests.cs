using System.Text;
using Foretell.Tokenizers;

namespace Foretell.Inference.Tests;

/// <summary>A random model that thinks of nothing but bytes: what holds of its thoughts holds by the budget alone.</summary>
public sealed class ThinkingBudgetTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private const string Closing = "\n</think>\n\n";

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(40)]
    public async Task GenerateAsync_WithABudget_ClosesTheThoughtsWhenItIsUsedUp(int budget)
    {
        await using Engine engine = fixture.NewEngine();
        for (ulong seed = 0; seed < 6; seed++)
        {
            GeneratedAnswer answer = Assert.Single((await engine.GenerateAsync(Request(seed, new ThinkingOptions { IsOpen = true, MaximumTokens = budget }))).Answers);
            // A budget that ends inside a character lets its last bytes, at most three, through.
            Assert.InRange(answer.ThinkingTokens, budget, budget == 0 ? 0 : budget + 3);
            int forcedAt = Array.FindIndex([.. answer.Tokens], token => token.IsForced);
            Assert.Equal(answer.ThinkingTokens, forcedAt);
            string forced = Encoding.UTF8.GetString([.. answer.Tokens.Where(token => token.IsForced).Select(token => (byte)token.Id)]);
            Assert.EndsWith(forced, Closing, StringComparison.Ordinal);
            Assert.Contains("</think>", answer.Text, StringComparison.Ordinal);
            Assert.All(answer.Tokens.Skip(forcedAt + forced.Length), token => Assert.False(token.IsForced));
            Assert.Equal(90, answer.Tokens.Count);
        }
    }

    [Fact]
    public async Task GenerateAsync_WithMoreThanItNeeds_WritesWhatItWritesWithoutABudget()
    {
        await using Engine engine = fixture.NewEngine();
        GenerationRequest request = Request(3, null);
        GeneratedAnswer free = (await engine.GenerateAsync(request)).Answers[0];
        GeneratedAnswer bounded = (await engine.GenerateAsync(request with { Thinking = new ThinkingOptions { IsOpen = true, MaximumTokens = 90 } })).Answers[0];
        Assert.Equal(free.Tokens.Select(token => token.Id), bounded.Tokens.Select(token => token.Id));
        Assert.Equal((0, 90), (free.ThinkingTokens, bounded.ThinkingTokens));
    }

    [Fact]
    public async Task GenerateAsync_OfManyWithBudgets_GivesEachWhatThePlainGeneratorWrites()
    {
        await using Engine engine = fixture.NewEngine(new EngineOptions { MaximumSequences = 5, Speculation = new SpeculationOptions() });
        GenerationRequest[] requests = [.. Enumerable.Range(0, 12).Select(seed => Request((ulong)seed, new ThinkingOptions { IsOpen = seed % 2 == 0, MaximumTokens = seed * 3, MinimumTokens = seed }))];
        GenerationResult[] results = await Task.WhenAll(requests.Select(request => engine.GenerateAsync(request)));
        for (int i = 0; i < requests.Length; i++)
        {
            Generation alone = new TextGenerator(fixture.Model, fixture.Tokenizer).Generate(requests[i].Prompt.Span, requests[i].Sampling, thinking: requests[i].Thinking);
            Assert.Equal(alone.Ids, results[i].Answers[0].Tokens.Select(token => token.Id));
            Assert.Equal(alone.ThinkingTokens, results[i].Answers[0].ThinkingTokens);
        }
    }

    /// <summary>Whatever opens the thoughts, a marker that the model writes is seen, in however many tokens, and its own tokens do not count.</summary>
    [Theory]
    [InlineData("<think>abc</think>Yes", false, 3)]
    [InlineData(" \n<think>\nabc\n</think>\n\nYes", false, 5)]
    [InlineData("abcd</think>Yes", true, 4)]
    [InlineData("</think>Yes", true, 0)]
    [InlineData("Yes, <think>no</think>", false, 0)]
    [InlineData("<think>abc", false, 3)]
    [InlineData("<thin", false, 0)]
    public async Task GenerateAsync_OfWrittenMarkers_CountsWhatIsBetween(string said, bool isOpen, int thought)
    {
        await using Engine engine = fixture.NewEngine();
        byte[] bytes = Encoding.UTF8.GetBytes(said);
        var constraint = new ScriptedConstraint(position => position < bytes.Length ? [bytes[position]] : null);
        GenerationResult result = await engine.GenerateAsync(Request(1, new ThinkingOptions { IsOpen = isOpen }) with { Constraint = constraint, IgnoresEndOfText = false });
        Assert.Equal((said, thought), (result.Answers[0].Text, result.Answers[0].ThinkingTokens));
    }

    /// <summary>The model is made to prefer the closing marker's letters and the end; a minimum holds both back.</summary>
    [Fact]
    public async Task GenerateAsync_WithAMinimum_NeitherClosesNorEndsBefore()
    {
        await using Engine engine = fixture.NewEngine();
        int end = fixture.Tokenizer.EndOfTextId!.Value;
        var likes = Encoding.UTF8.GetBytes("</think>").Distinct().ToDictionary(letter => (int)letter, _ => 6.0);
        likes[end] = 9;
        GenerationRequest request = Request(2, null) with { IgnoresEndOfText = false };
        request = request with { Sampling = request.Sampling with { LogitBias = likes } };
        GeneratedAnswer short1 = (await engine.GenerateAsync(request)).Answers[0];
        GeneratedAnswer long1 = (await engine.GenerateAsync(request with { Thinking = new ThinkingOptions { IsOpen = true, MinimumTokens = 50 } })).Answers[0];
        Assert.InRange(short1.Tokens.Count, 0, 20);
        Assert.InRange(long1.ThinkingTokens, 50, 90);

        // A constraint that writes nothing else than the marker has the last word.
        byte[] bytes = Encoding.UTF8.GetBytes("a</think>");
        var constraint = new ScriptedConstraint(position => position < bytes.Length ? [bytes[position]] : null);
        GeneratedAnswer forced = (await engine.GenerateAsync(request with { Constraint = constraint, Thinking = new ThinkingOptions { IsOpen = true, MinimumTokens = 50 } })).Answers[0];
        Assert.Equal("a</think>", forced.Text);
    }

    [Fact]
    public async Task GenerateAsync_WithABudgetAndAGrammar_AnswersInTheGrammar()
    {
        await using Engine engine = fixture.NewEngine();
        var vocabulary = new TokenVocabulary(fixture.Tokenizer);
        Grammar grammar = ChoiceGrammar.Compile(["yes", "no"]).AfterReasoning(null, "</think>");
        for (ulong seed = 0; seed < 8; seed++)
        {
            GenerationRequest request = Request(seed, new ThinkingOptions { IsOpen = true, MaximumTokens = 21 }) with { Constraint = grammar.Start(vocabulary), IgnoresEndOfText = false };
            GeneratedAnswer answer = (await engine.GenerateAsync(request)).Answers[0];
            Assert.True(answer.Text.EndsWith("</think>\n\nyes", StringComparison.Ordinal) || answer.Text.EndsWith("</think>\n\nno", StringComparison.Ordinal), answer.Text);
            Assert.InRange(answer.ThinkingTokens, 21, 24);
            Assert.DoesNotContain("\uFFFD", answer.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Of_ATemplate_FindsWhatItWritesAroundThoughts()
    {
        const string Source = """
            {%- for message in messages %}{{ message.role + ': ' }}{%- if message.reasoning_content %}{{ '<think>' + message.reasoning_content + '</think>\n' }}{% endif %}{{ message.content }}{% endfor %}
            {%- if add_generation_prompt %}{{ 'assistant: <think>\n' }}{% endif %}
            """;
        ChatTemplate template = ChatTemplate.Parse(Source);
        Assert.Equal("</think>\n", ThinkingOptions.Of(template).ForcedClosing);
        RenderedChat prompt = template.Render(new Conversation([new ChatMessage("user", "Hello")]) { AddGenerationPrompt = true });
        Assert.True(ThinkingOptions.Of(template, prompt).IsOpen);
        Assert.Equal(new ThinkingOptions(), ThinkingOptions.Of(ChatTemplate.Parse("{{ messages[0].content }}")));
    }

    [Fact]
    public void Validate_OfWhatCannotBe_NamesTheNumbers()
    {
        Assert.Contains("are -1 and 0", Assert.Throws<ArgumentException>(() => new ThinkingOptions { MaximumTokens = -1 }.Validate()).Message, StringComparison.Ordinal);
        Assert.Contains("are 3 and 4", Assert.Throws<ArgumentException>(() => Request(1, new ThinkingOptions { MaximumTokens = 3, MinimumTokens = 4 }).Validate()).Message, StringComparison.Ordinal);
        Assert.Contains("markers", Assert.Throws<ArgumentException>(() => new ThinkingOptions { ForcedClosing = "Stop." }.Validate()).Message, StringComparison.Ordinal);
    }

    private static GenerationRequest Request(ulong seed, ThinkingOptions? thinking) => new()
    {
        Prompt = EngineFixture.Ids(seed, 20),
        Thinking = thinking,
        IgnoresEndOfText = true,
        Sampling = new SamplingOptions { Seed = seed, MaximumTokens = 90, LogitBias = new Dictionary<int, double> { [256] = -100 } },
    };
}
