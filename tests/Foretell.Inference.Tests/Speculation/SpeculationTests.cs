using System.Text.Json;
using Foretell.Models;

namespace Foretell.Inference.Tests.Speculation;

public sealed class SpeculationTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    [Theory]
    [InlineData("1 2 3 4 1 2 3", 2, "4 1")]
    [InlineData("1 2 3 4 5 9 2 3 6 7 2 3", 3, "6 7 2")]
    [InlineData("5 6 7 5 6 8 9 5 6 7 5 6", 2, "8 9")]
    [InlineData("1 1 1 1", 3, "1")]
    [InlineData("1 2 3 4", 3, "")]
    [InlineData("1", 3, "")]
    public void Find_ARunThatOccurredBefore_GivesWhatFollowedItLast(string tokens, int count, string expected)
    {
        int[] found = new PromptLookup(1, 5).Find(Parse(tokens), count);
        Assert.Equal(Parse(expected), found);

        static int[] Parse(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
    }

    [Theory]
    [InlineData(1000, 8)]
    [InlineData(192, 2)]
    public async Task GenerateAsync_WithPromptLookup_WritesTheSameInFewerSteps(int cacheTokens, int tokens)
    {
        var options = new EngineOptions { CacheTokens = cacheTokens, Speculation = new SpeculationOptions { Tokens = tokens, ShortestMatch = 1 } };
        await using Engine engine = fixture.NewEngine(options);
        // Greedy answers of random models soon repeat themselves.
        GenerationRequest[] requests = [.. Enumerable.Range(0, 8).Select(seed => EngineFixture.Request((ulong)seed, maximum: 60)), .. Enumerable.Range(0, 4).Select(seed => Greedy((ulong)seed))];
        foreach (GenerationRequest request in requests)
        {
            fixture.AssertAsAlone(request, await engine.GenerateAsync(request));
        }
        GenerationResult[] together = await Task.WhenAll(requests.Select(request => engine.GenerateAsync(request)));
        for (int i = 0; i < requests.Length; i++)
        {
            fixture.AssertAsAlone(requests[i], together[i]);
            Assert.InRange(together[i].Usage.AcceptedTokens, 0, together[i].Usage.DraftedTokens);
        }
        EngineStatistics statistics = await EngineFixture.Settled(engine);
        Assert.True(statistics.AcceptedTokens > 50, $"{statistics.AcceptedTokens} of {statistics.DraftedTokens}");
        Assert.Equal(statistics.Blocks, statistics.FreeBlocks);
    }

    [Theory]
    [InlineData(2UL, 2, 0.25, 1000)]
    [InlineData(2UL, 2, 0.25, 192)]
    [InlineData(5UL, 1, 0.25, 1000)]
    [InlineData(5UL, 1, 0.25, 192)]
    public async Task GenerateAsync_WithADraftModel_WritesTheSame(ulong seed, int layers, double deviation, int cacheTokens)
    {
        using Transformer draft = fixture.Random(seed, layers, deviation);
        bool isTheModelItself = seed == 2;
        var options = new EngineOptions { CacheTokens = cacheTokens, MaximumBatchTokens = 80, Speculation = new SpeculationOptions { Tokens = 3 } };
        await using Engine engine = fixture.NewEngine(options, draft);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 10).Select(i => EngineFixture.Request((ulong)i, maximum: 60))];
        foreach (GenerationRequest request in requests)
        {
            GenerationResult result = await engine.GenerateAsync(request);
            fixture.AssertAsAlone(request, result);
            Assert.True(result.Usage.DraftedTokens > 0);
            if (isTheModelItself && request.Sampling is { FrequencyPenalty: 0, RepetitionPenalty: 1 })
            {
                // The same scores and the same draw: the guess is always right, unless the answer ends before it counts.
                Assert.InRange(result.Usage.DraftedTokens - result.Usage.AcceptedTokens, 0, 3);
            }
        }
        GenerationResult[] together = await Task.WhenAll(requests.Select(request => engine.GenerateAsync(request with { Choices = 2 })));
        for (int i = 0; i < requests.Length; i++)
        {
            fixture.AssertAsAlone(requests[i], together[i] with { Answers = [together[i].Answers[0]] });
        }
        EngineStatistics statistics = await EngineFixture.Settled(engine);
        Assert.Equal(statistics.Blocks, statistics.FreeBlocks);
    }

    [Fact]
    public async Task GenerateAsync_WithADraftModelAndAConstraint_KeepsToTheConstraint()
    {
        await using Engine plain = fixture.NewEngine();
        using Transformer draft = fixture.Random(5, layers: 1);
        await using Engine speculating = fixture.NewEngine(new EngineOptions { Speculation = new SpeculationOptions() }, draft);
        GenerationRequest Request() => new() { Prompt = EngineFixture.Ids(5, 20), Constraint = new ScriptedConstraint(position => position < 20 ? [65 + position % 5, 97 + position % 7] : null), Sampling = new SamplingOptions { Seed = 4 } };
        GenerationResult expected = await plain.GenerateAsync(Request());
        GenerationResult result = await speculating.GenerateAsync(Request());
        Assert.Equal(expected.Answers[0].Text, result.Answers[0].Text);
        Assert.True(result.Usage.AcceptedTokens > 0);
    }

    [Fact]
    public async Task GenerateAsync_UnderASchema_GuessesTheTextThatItForces()
    {
        using var schema = JsonDocument.Parse("""
            {"type":"object","properties":{"temperature":{"type":"integer","minimum":0,"maximum":99},"isRaining":{"type":"boolean"}},"required":["temperature","isRaining"],"additionalProperties":false}
            """);
        Grammar grammar = JsonSchemaGrammar.Compile(schema.RootElement);
        var vocabulary = new TokenVocabulary(fixture.Tokenizer);
        await using Engine plain = fixture.NewEngine();
        await using Engine speculating = fixture.NewEngine(new EngineOptions { Speculation = new SpeculationOptions { Tokens = 6 } });
        for (ulong seed = 0; seed < 5; seed++)
        {
            GenerationRequest Request() => new() { Prompt = EngineFixture.Ids(seed, 20), Constraint = grammar.Start(vocabulary), Sampling = new SamplingOptions { Seed = seed, MaximumTokens = 100 } };
            GenerationResult expected = await plain.GenerateAsync(Request());
            GenerationResult result = await speculating.GenerateAsync(Request());
            Assert.Equal(expected.Answers[0].Text, result.Answers[0].Text);
            Assert.Equal(FinishReason.Stop, result.Answers[0].Reason);
            using var answer = JsonDocument.Parse(result.Answers[0].Text);
            Assert.InRange(answer.RootElement.GetProperty("temperature").GetInt32(), 0, 99);
            Assert.InRange(result.Usage.AcceptedTokens, "temperature".Length, result.Usage.DraftedTokens);
        }
    }

    private static GenerationRequest Greedy(ulong seed) => new() { Prompt = EngineFixture.Ids(seed, 12), Sampling = new SamplingOptions { Temperature = 0, MaximumTokens = 120 } };
}
