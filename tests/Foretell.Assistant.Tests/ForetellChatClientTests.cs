using System.Text.Json;
using Foretell.Inference;
using Foretell.Tokenizers;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant.Tests;

public sealed class ForetellChatClientTests : IDisposable
{
    private readonly RandomModel _random = new();
    private readonly ForetellChatClient _client;

    public ForetellChatClientTests() => _client = new ForetellChatClient(_random.Model);

    public void Dispose()
    {
        _client.Dispose();
        _random.Dispose();
    }

    /// <summary>Every option, and what of the engine's it must become.</summary>
    public static TheoryData<string> Options => [.. OptionsByName.Keys];

    private static readonly Dictionary<string, (ChatOptions Options, SamplingOptions Sampling)> OptionsByName = new()
    {
        ["nothing"] = (new(), new()),
        ["temperature"] = (new() { Temperature = 0.7f }, new() { Temperature = 0.7 }),
        ["greedy"] = (new() { Temperature = 0 }, new() { Temperature = 0 }),
        ["top-p"] = (new() { TopP = 0.3f }, new() { TopP = 0.3 }),
        ["top-k"] = (new() { TopK = 3 }, new() { TopK = 3 }),
        ["presence"] = (new() { PresencePenalty = 1.9f }, new() { PresencePenalty = 1.9 }),
        ["frequency"] = (new() { FrequencyPenalty = 1.7f }, new() { FrequencyPenalty = 1.7 }),
        ["min-p"] = (new() { AdditionalProperties = new() { ["min_p"] = 0.4 } }, new() { MinP = 0.4 }),
        ["repetition"] = (new() { AdditionalProperties = new() { ["repetition_penalty"] = 1.8f } }, new() { RepetitionPenalty = 1.8 }),
        ["bias"] = (new() { AdditionalProperties = new() { ["logit_bias"] = new Dictionary<int, float> { [65] = 9, [66] = 9 } } }, new() { LogitBias = new Dictionary<int, double> { [65] = 9, [66] = 9 } }),
        ["bias as JSON"] = (new() { AdditionalProperties = new() { ["logit_bias"] = JsonDocument.Parse("""{"67": 9.5}""").RootElement } }, new() { LogitBias = new Dictionary<int, double> { [67] = 9.5 } }),
        ["maximum"] = (new() { MaxOutputTokens = 7 }, new() { MaximumTokens = 7 }),
    };

    [Theory]
    [MemberData(nameof(Options))]
    public async Task GetResponseAsync_WithAnOption_DrawsAsThePlainGeneratorDoes(string name)
    {
        (ChatOptions options, SamplingOptions sampling) = OptionsByName[name];
        options.Seed = 5;
        options.MaxOutputTokens ??= 60;
        ChatResponse response = await _client.GetResponseAsync("Once", options);
        int[] prompt = _random.Tokenizer.Encode("user: Once\nassistant: ");
        Generation expected = Plain(prompt, sampling with { Seed = 5, MaximumTokens = options.MaxOutputTokens.Value });
        Assert.Equal(expected.Text, response.Text);
        Assert.Equal((prompt.Length, expected.Ids.Count), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount));
        Assert.Equal(prompt.Length + expected.Ids.Count, response.Usage.TotalTokenCount);
        Assert.Equal(expected.Reason == FinishReason.Stop ? ChatFinishReason.Stop : ChatFinishReason.Length, response.FinishReason);
        if (name != "nothing")
        {
            Assert.NotEqual(Plain(prompt, new SamplingOptions { Seed = 5, MaximumTokens = 60 }).Text, expected.Text);
        }
    }

    [Fact]
    public async Task GetResponseAsync_WithAStopSequence_EndsBeforeIt()
    {
        var options = new ChatOptions { Seed = 5, MaxOutputTokens = 60 };
        string whole = (await _client.GetResponseAsync("Once", options)).Text;
        string stop = whole.Substring(10, 4);
        options.StopSequences = ["never said at all", stop];
        ChatResponse response = await _client.GetResponseAsync("Once", options);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.InRange(response.Usage!.OutputTokenCount!.Value, 1, 59);
    }

    [Fact]
    public async Task GetResponseAsync_WithoutASeed_DrawsAnotherEachTimeAndTellsIt()
    {
        ChatResponse first = await _client.GetResponseAsync("Once", new() { MaxOutputTokens = 40 });
        ChatResponse second = await _client.GetResponseAsync("Once", new() { MaxOutputTokens = 40 });
        Assert.NotEqual(first.Text, second.Text);
        ulong seed = Assert.IsType<ulong>(second.AdditionalProperties![ForetellChatClient.SeedKey]);
        Assert.Equal(second.Text, (await _client.GetResponseAsync("Once", new() { MaxOutputTokens = 40, Seed = unchecked((long)seed) })).Text);
    }

    [Fact]
    public async Task GetStreamingResponseAsync_PutTogether_IsTheWholeAnswer()
    {
        var options = new ChatOptions { Seed = 9, MaxOutputTokens = 50 };
        var updates = new List<ChatResponseUpdate>();
        await foreach (ChatResponseUpdate update in _client.GetStreamingResponseAsync("Once", options))
        {
            updates.Add(update);
        }
        ChatResponse whole = await _client.GetResponseAsync("Once", options);
        Assert.Equal(whole.Text, string.Concat(updates.Select(update => update.Text)));
        Assert.True(updates.Count > 10, "the answer came in one piece");
        Assert.Single(updates.Select(update => update.ResponseId).Distinct());
        Assert.NotEqual(whole.ResponseId, updates[0].ResponseId);
        Assert.All(updates, update => Assert.Equal((ChatRole.Assistant, "random"), (update.Role!.Value, update.ModelId)));
        Assert.All(updates[..^1], update => Assert.Null(update.FinishReason));
        Assert.Equal(ChatFinishReason.Length, updates[^1].FinishReason);
        UsageDetails usage = Assert.IsType<UsageContent>(Assert.Single(updates[^1].Contents)).Details;
        Assert.Equal((whole.Usage!.InputTokenCount, 50L), (usage.InputTokenCount, usage.OutputTokenCount));
        Assert.Equal(ChatRole.Assistant, Assert.Single(whole.Messages).Role);
        Assert.Equal("random", whole.ModelId);
    }

    [Fact]
    public async Task GetResponseAsync_AgainWithALongBeginning_FindsItInTheCache()
    {
        string text = string.Concat(Enumerable.Repeat("long ", 20));
        ChatResponse first = await _client.GetResponseAsync(text, new() { MaxOutputTokens = 5 });
        ChatResponse second = await _client.GetResponseAsync(text + "er", new() { MaxOutputTokens = 5 });
        Assert.Equal(0, first.Usage!.CachedInputTokenCount);
        Assert.InRange(second.Usage!.CachedInputTokenCount!.Value, 64, 105);
    }

    [Fact]
    public async Task GetResponseAsync_BeyondTheContext_SaysSo()
    {
        ContextFullException full = await Assert.ThrowsAsync<ContextFullException>(() => _client.GetResponseAsync(new string('x', 300)));
        Assert.Equal(("user: " + "\nassistant: ").Length + 300, full.PromptTokens);
        ChatResponse response = await _client.GetResponseAsync(new string('x', 200), new ChatOptions { AdditionalProperties = new() { ["logit_bias"] = new Dictionary<int, double> { [_random.Tokenizer.EndOfTextId!.Value] = -100 } } });
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.Equal(true, response.AdditionalProperties![ForetellChatClient.ContextFullKey]);
    }

    [Fact]
    public async Task GetResponseAsync_WithLogProbabilities_GivesThemForEveryToken()
    {
        var options = new ChatOptions { Seed = 3, MaxOutputTokens = 20, AdditionalProperties = new() { ["logprobs"] = true, ["top_logprobs"] = 3 } };
        ChatResponse response = await _client.GetResponseAsync("Once", options);
        var tokens = Assert.IsAssignableFrom<IReadOnlyList<TokenLogProbability>>(response.AdditionalProperties![ForetellChatClient.LogProbabilitiesKey]);
        Assert.Equal(response.Usage!.OutputTokenCount, tokens.Count);
        Assert.All(tokens, token => Assert.Equal(3, token.Alternatives.Count));
        ChatResponse folded = await _client.GetStreamingResponseAsync("Once", options).ToChatResponseAsync();
        var streamed = Assert.IsAssignableFrom<IReadOnlyList<TokenLogProbability>>(folded.Messages[^1].AdditionalProperties![ForetellChatClient.LogProbabilitiesKey]);
        Assert.Equal(tokens.Select(token => (token.Id, token.LogProbability)), streamed.Select(token => (token.Id, token.LogProbability)));
        Assert.All(tokens, token => Assert.True(token.LogProbability <= token.Alternatives[0].LogProbability && token.Alternatives[0].LogProbability < 0));
        Assert.Equal(response.Text, new System.Text.UTF8Encoding().GetString([.. tokens.SelectMany(token => token.Bytes.ToArray())]));
    }

    [Theory]
    [InlineData("<think>\nfirst this\n</think>\n\nThen that.", "first this", "Then that.")]
    [InlineData("Only that.", "", "Only that.")]
    public async Task GetResponseAsync_WithReasoning_KeepsItApart(string said, string reasoning, string text)
    {
        ChatResponse response = await _client.GetResponseAsync("Why?", new() { AdditionalProperties = new() { ["choices"] = new[] { said } } });
        Assert.Equal((reasoning, text), (Reasoning(response), response.Text));
        Assert.Equal(said.Length, response.Usage!.OutputTokenCount);
        Assert.InRange(response.Usage.ReasoningTokenCount!.Value, reasoning.Length, reasoning.Length == 0 ? 0 : reasoning.Length + 20);
        ChatResponse without = await _client.GetResponseAsync("Why?", new() { Reasoning = new ReasoningOptions { Output = ReasoningOutput.None }, AdditionalProperties = new() { ["choices"] = new[] { said } } });
        Assert.Equal(("", text), (Reasoning(without), without.Text));
    }

    [Fact]
    public async Task GetResponseAsync_WhereTheTemplateOpensTheReasoning_BeginsInIt()
    {
        using var random = new RandomModel(configure: options => options.ChatTemplate = Templates.Thinking);
        using var client = new ForetellChatClient(random.Model);
        ChatResponse thinking = await client.GetResponseAsync("Why?", new() { MaxOutputTokens = 20, Seed = 1 });
        Assert.NotEqual("", Reasoning(thinking));
        Assert.Equal("", thinking.Text);
        Assert.Equal(thinking.Usage!.OutputTokenCount, thinking.Usage.ReasoningTokenCount);
        ChatResponse direct = await client.GetResponseAsync("Why?", new() { MaxOutputTokens = 20, Seed = 1, Reasoning = new ReasoningOptions { Effort = ReasoningEffort.None } });
        Assert.NotEqual("", direct.Text);
        Assert.Equal(0, direct.Usage!.ReasoningTokenCount);
    }

    [Fact]
    public async Task GetResponseAsync_WithAThinkingBudget_ThinksThatLongAndAnswers()
    {
        using var random = new RandomModel(configure: options => options.ChatTemplate = Templates.Thinking);
        using var client = new ForetellChatClient(random.Model);
        ChatOptions Options(int budget, ReasoningEffort? effort = null) => new()
        {
            MaxOutputTokens = 80,
            Seed = 1,
            Reasoning = effort is null ? null : new ReasoningOptions { Effort = effort },
            AdditionalProperties = budget < 0 ? null : new() { ["thinking_budget"] = budget },
        };
        ChatResponse thinking = await client.GetResponseAsync("Why?", Options(12));
        Assert.Equal(12, thinking.Usage!.ReasoningTokenCount);
        Assert.NotEqual("", Reasoning(thinking));
        Assert.NotEqual("", thinking.Text);
        ChatResponse direct = await client.GetResponseAsync("Why?", Options(0));
        Assert.Equal((0, ""), (direct.Usage!.ReasoningTokenCount, Reasoning(direct)));
        Assert.NotEqual("", direct.Text);
        // The context has 256 tokens.
        Assert.Equal(32, (await client.GetResponseAsync("Why?", Options(-1, ReasoningEffort.Low))).Usage!.ReasoningTokenCount);
        Assert.Equal(7, (await client.GetResponseAsync("Why?", Options(7, ReasoningEffort.Low))).Usage!.ReasoningTokenCount);
    }

    [Fact]
    public async Task GetStreamingResponseAsync_TwentyAtOnceWithCancellations_LeavesTheOthersAsTheyAreAlone()
    {
        ChatOptions Options(int i) => new() { Seed = i, MaxOutputTokens = 30 + i };
        string[] alone = new string[20];
        for (int i = 0; i < alone.Length; i++)
        {
            alone[i] = (await _client.GetResponseAsync($"Number {i}", Options(i))).Text;
        }
        string?[] together = await Task.WhenAll(Enumerable.Range(0, alone.Length).Select(async i =>
        {
            using var cancel = new CancellationTokenSource();
            var text = new System.Text.StringBuilder();
            int seen = 0;
            try
            {
                await foreach (ChatResponseUpdate update in _client.GetStreamingResponseAsync($"Number {i}", Options(i), cancel.Token))
                {
                    text.Append(update.Text);
                    if (i % 3 == 1 && ++seen == 1 + i / 2)
                    {
                        cancel.Cancel();
                    }
                    if (i % 3 == 2 && ++seen == 1 + i / 2)
                    {
                        break;
                    }
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return null;
            }
            return i % 3 == 2 ? null : text.ToString();
        }));
        for (int i = 0; i < alone.Length; i++)
        {
            Assert.True(together[i] is null == i % 3 > 0);
            Assert.Equal(i % 3 > 0 ? null : alone[i], together[i]);
        }
        await _random.Model.Engine.DrainAsync();
        Assert.True(await Eventually(() => _random.Model.Engine.Statistics is { RunningSequences: 0, WaitingSequences: 0 } now && now.FreeBlocks == now.Blocks), "blocks are still held");
    }

    [Fact]
    public async Task GetStreamingResponseAsync_WhenTheQueueIsFull_IsRefusedAndFreeAgainAfterwards()
    {
        using var random = new RandomModel(context: 2048, configure: options => options.Engine = options.Engine with { MaximumSequences = 1, QueueLimit = 1 });
        using var client = new ForetellChatClient(random.Model);
        Task<ChatResponse> waiting;
        await using (IAsyncEnumerator<ChatResponseUpdate> running = client.GetStreamingResponseAsync("Once", new() { Seed = 1, AdditionalProperties = new() { ["regex"] = "a{1900}" } }).GetAsyncEnumerator())
        {
            Assert.True(await running.MoveNextAsync());
            waiting = client.GetResponseAsync("Twice", new() { MaxOutputTokens = 3 });
            EngineBusyException busy = await Assert.ThrowsAsync<EngineBusyException>(() => client.GetResponseAsync("Thrice"));
            Assert.Equal(1, busy.QueueLength);
        }
        Assert.InRange((await waiting).Usage!.OutputTokenCount!.Value, 1, 3);
        Assert.NotNull(await client.GetResponseAsync("Thrice", new() { MaxOutputTokens = 3 }));
    }

    [Fact]
    public async Task GenerateAsync_BesideChats_ChangesNothing()
    {
        using var embeddings = new ForetellEmbeddingGenerator(_random.Model);
        string alone = (await _client.GetResponseAsync("Once", new() { Seed = 1, MaxOutputTokens = 60 })).Text;
        float[] vector = (await embeddings.GenerateAsync(["a text"]))[0].Vector.ToArray();
        Task<ChatResponse>[] chats = [.. Enumerable.Range(0, 4).Select(_ => _client.GetResponseAsync("Once", new() { Seed = 1, MaxOutputTokens = 60 }))];
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(vector, (await embeddings.GenerateAsync(["before", "a text", "behind"]))[1].Vector.ToArray());
        }
        Assert.All(await Task.WhenAll(chats), chat => Assert.Equal(alone, chat.Text));
    }

    [Fact]
    public void GetService_ForWhatItHas_GivesIt()
    {
        ChatClientMetadata metadata = _client.GetService<ChatClientMetadata>()!;
        Assert.Equal(("foretell", "random"), (metadata.ProviderName, metadata.DefaultModelId));
        Assert.Same(_client, _client.GetService(typeof(IChatClient)));
        Assert.Same(_random.Model.Engine, _client.GetService(typeof(Engine)));
        Assert.Same(_random.Tokenizer, _client.GetService(typeof(Tokenizer)));
        Assert.Null(_client.GetService(typeof(string)));
        Assert.Null(_client.GetService(typeof(IChatClient), "key"));
    }

    private Generation Plain(int[] prompt, SamplingOptions sampling) => new TextGenerator(_random.Transformer, _random.Tokenizer).Generate(prompt, sampling);

    private static string Reasoning(ChatResponse response) => string.Concat(response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>().Select(content => content.Text));

    private static async Task<bool> Eventually(Func<bool> condition)
    {
        for (int i = 0; i < 200 && !condition(); i++)
        {
            await Task.Delay(10);
        }
        return condition();
    }
}
