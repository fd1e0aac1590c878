namespace Foretell.Inference.Tests;

public sealed class EngineTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    [Fact]
    public async Task GenerateAsync_OfOneRequest_IsWhatTheGeneratorWrites()
    {
        await using Engine engine = fixture.NewEngine();
        for (ulong seed = 0; seed < 12; seed++)
        {
            GenerationRequest request = EngineFixture.Request(seed);
            fixture.AssertAsAlone(request, await engine.GenerateAsync(request));
        }
    }

    [Theory]
    [InlineData(7, 1, true)]
    [InlineData(16, 1000, true)]
    [InlineData(64, 1000, false)]
    public async Task GenerateAsync_OfManyAtOnce_GivesEachWhatItHasAlone(int batchTokens, int cacheTokens, bool prefixCache)
    {
        // The first one's cache holds a single sequence: the others wait, or lose their blocks again and again.
        var options = new EngineOptions { MaximumBatchTokens = batchTokens, MaximumSequences = Math.Min(batchTokens, 16), CacheTokens = Math.Max(cacheTokens, EngineFixture.Context), PrefixCache = prefixCache };
        await using Engine engine = fixture.NewEngine(options);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 24).Select(seed => EngineFixture.Request((ulong)seed))];
        GenerationResult[] results = await Task.WhenAll(requests.Select(request => engine.GenerateAsync(request)));
        for (int i = 0; i < requests.Length; i++)
        {
            fixture.AssertAsAlone(requests[i], results[i]);
            Assert.Equal(requests[i].Prompt.Length, results[i].Usage.PromptTokens);
            Assert.Equal(results[i].Answers[0].Tokens.Count, results[i].Usage.GeneratedTokens);
        }
        EngineStatistics statistics = await EngineFixture.Settled(engine);
        Assert.Equal(statistics.Blocks, statistics.FreeBlocks);
        Assert.Equal(prefixCache, statistics.CachedBlocks > 0);
    }

    [Fact]
    public async Task GenerateAsync_WhenTheCacheIsTiny_GivesUpBlocksAndTheSameBits()
    {
        await using Engine engine = fixture.NewEngine(new EngineOptions { CacheTokens = 192, MaximumSequences = 8, MaximumBatchTokens = 64, PrefixCache = false });
        GenerationRequest[] requests = [.. Enumerable.Range(0, 12).Select(seed => EngineFixture.Request((ulong)seed, maximum: 60) with { LogProbabilities = true, Alternatives = 3 })];
        GenerationResult[] results = await Task.WhenAll(requests.Select(request => engine.GenerateAsync(request)));
        for (int i = 0; i < requests.Length; i++)
        {
            fixture.AssertAsAlone(requests[i], results[i]);
        }
        EngineStatistics statistics = await EngineFixture.Settled(engine);
        Assert.True(statistics.Preemptions > 0);
        Assert.Equal(statistics.Preemptions, results.Sum(result => result.Usage.Preemptions));
    }

    /// <summary>Fifty streams, a third of which are given up somewhere: those that go on are as alone, and nothing stays behind.</summary>
    [Fact]
    public async Task Submit_OfFiftyStreamsWithCancellations_LeavesTheOthersAsAloneAndNothingBehind()
    {
        long before = fixture.Device.Memory.LiveBytes;
        await using (Engine engine = fixture.NewEngine(new EngineOptions { CacheTokens = 1200, MaximumSequences = 20, MaximumBatchTokens = 48 }))
        {
            long during = fixture.Device.Memory.LiveBytes;
            await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Stream(engine, (ulong)i)));
            EngineStatistics statistics = await EngineFixture.Settled(engine);
            Assert.Equal(statistics.Blocks, statistics.FreeBlocks);
            Assert.Equal(during, fixture.Device.Memory.LiveBytes);
        }
        Assert.Equal(before, fixture.Device.Memory.LiveBytes);

        async Task Stream(Engine engine, ulong seed)
        {
            GenerationRequest request = EngineFixture.Request(seed);
            GenerationStream stream = engine.Submit(request);
            int leaveAfter = seed % 3 == 0 ? (int)(seed % 20) : int.MaxValue;
            List<GenerationUpdate> updates = [];
            await foreach (GenerationUpdate update in stream)
            {
                updates.Add(update);
                if (updates.Count > leaveAfter)
                {
                    break;
                }
            }
            Generation alone = fixture.Alone(request);
            int[] ids = [.. updates.Where(update => update.Token is not null).Select(update => update.Token!.Id)];
            Assert.Equal(alone.Ids.Take(ids.Length), ids);
            if (updates.Count <= leaveAfter)
            {
                Assert.Equal(alone.Ids.Count, ids.Length);
                Assert.Equal(alone.Reason, updates[^1].Reason);
                Assert.Equal(alone.Text, string.Concat(updates.Select(update => update.Text)));
            }
        }
    }

    [Fact]
    public async Task GenerateAsync_OfABeginningThatWasReadBefore_FindsItInTheCache()
    {
        await using Engine engine = fixture.NewEngine();
        GenerationRequest request = new() { Prompt = EngineFixture.Ids(1, 100), Sampling = new SamplingOptions { MaximumTokens = 20 }, LogProbabilities = true };
        GenerationResult first = await engine.GenerateAsync(request);
        GenerationResult second = await engine.GenerateAsync(request);
        Assert.Equal(0, first.Usage.CachedPromptTokens);
        Assert.Equal(96, second.Usage.CachedPromptTokens);
        fixture.AssertAsAlone(request, second);
        // The next turn of a conversation: the answer's tokens were read too.
        int[] conversation = [.. request.Prompt.Span, .. first.Answers[0].Tokens.Select(token => token.Id), .. EngineFixture.Ids(2, 30)];
        GenerationResult third = await engine.GenerateAsync(request with { Prompt = conversation, Sampling = new SamplingOptions { MaximumTokens = 5 } });
        Assert.Equal((100 + 19) / 32 * 32, third.Usage.CachedPromptTokens);
        // A prompt of whole blocks: its last token is read again, for its scores.
        GenerationResult whole = await engine.GenerateAsync(request with { Prompt = request.Prompt[..96] });
        Assert.Equal(64, whole.Usage.CachedPromptTokens);
        fixture.AssertAsAlone(request with { Prompt = request.Prompt[..96] }, whole);
    }

    [Theory]
    [InlineData(32, 1000)]
    [InlineData(2, 192)]
    public async Task GenerateAsync_OfSeveralChoices_GivesThemSeedsOfTheirOwnAndOnePrompt(int sequences, int cacheTokens)
    {
        await using Engine engine = fixture.NewEngine(new EngineOptions { MaximumSequences = sequences, CacheTokens = cacheTokens });
        GenerationRequest request = new() { Prompt = EngineFixture.Ids(4, 45), Choices = 5, LogProbabilities = true, Sampling = new SamplingOptions { Seed = 9, MaximumTokens = 50 } };
        GenerationResult result = await engine.GenerateAsync(request);
        Assert.Equal(5, result.Answers.Count);
        for (int choice = 0; choice < 5; choice++)
        {
            Generation alone = fixture.Alone(request with { Sampling = request.Sampling with { Seed = Answer.ChoiceSeed(9, choice) } });
            Assert.Equal(alone.Ids, result.Answers[choice].Tokens.Select(token => token.Id));
            Assert.Equal(alone.Text, result.Answers[choice].Text);
            fixture.AssertLogProbabilities(request, result.Answers[choice]);
        }
        Assert.Equal(5, result.Answers.Select(answer => answer.Text).Distinct().Count());
        EngineStatistics statistics = await EngineFixture.Settled(engine);
        Assert.Equal(statistics.Blocks, statistics.FreeBlocks);
    }

    [Fact]
    public async Task Submit_ReadAsAStream_SaysWhatTheResultSays()
    {
        await using Engine engine = fixture.NewEngine();
        GenerationRequest request = new() { Prompt = EngineFixture.Ids(4, 20), Choices = 3, LogProbabilities = true, Alternatives = 2, Sampling = new SamplingOptions { Seed = 1, MaximumTokens = 30 } };
        GenerationStream stream = engine.Submit(request);
        List<GenerationUpdate> updates = await EngineFixture.Read(stream);
        GenerationResult result = await stream.Completion;
        for (int choice = 0; choice < 3; choice++)
        {
            GenerationUpdate[] own = [.. updates.Where(update => update.Choice == choice)];
            Assert.Equal(result.Answers[choice].Text, string.Concat(own.Select(update => update.Text)));
            Assert.Equal(result.Answers[choice].Tokens, own.Where(update => update.Token is not null).Select(update => update.Token));
            Assert.Equal(result.Answers[choice].Reason, own[^1].Reason);
            Assert.All(own[..^1], update => Assert.Null(update.Reason));
        }
        Assert.True(result.Timing.Queued <= result.Timing.FirstToken && result.Timing.FirstToken <= result.Timing.Total);
    }

    [Fact]
    public async Task GenerateAsync_ToAStopStringOrStopId_EndsThere()
    {
        await using Engine engine = fixture.NewEngine();
        GenerationRequest free = new() { Prompt = EngineFixture.Ids(7, 20), Sampling = new SamplingOptions { Seed = 3, MaximumTokens = 40 } };
        GeneratedAnswer whole = (await engine.GenerateAsync(free)).Answers[0];
        string stop = whole.Text.Substring(5, 2);
        GeneratedAnswer stopped = (await engine.GenerateAsync(free with { Sampling = free.Sampling with { StopStrings = [stop, "never there"] } })).Answers[0];
        Assert.Equal(FinishReason.Stop, stopped.Reason);
        Assert.Equal(stop, stopped.StopString);
        Assert.Equal(whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], stopped.Text);
        int stopId = whole.Tokens[12].Id;
        int first = whole.Tokens.TakeWhile(token => token.Id != stopId).Count();
        GeneratedAnswer byId = (await engine.GenerateAsync(free with { StopIds = [stopId] })).Answers[0];
        Assert.Equal(FinishReason.Stop, byId.Reason);
        Assert.Equal(whole.Tokens.Take(first).Select(token => token.Id), byId.Tokens.Select(token => token.Id));
        Assert.Equal(stopId, byId.EndToken!.Id);
        Assert.Null(byId.EndToken.LogProbability);
        Assert.Null(stopped.EndToken);
    }

    [Fact]
    public async Task GenerateAsync_ToAStopId_TellsItsLogProbability()
    {
        await using Engine engine = fixture.NewEngine();
        GenerationRequest free = new() { Prompt = EngineFixture.Ids(7, 20), LogProbabilities = true, Sampling = new SamplingOptions { Seed = 3, MaximumTokens = 40 } };
        GeneratedAnswer whole = (await engine.GenerateAsync(free)).Answers[0];
        GeneratedToken stop = whole.Tokens.First(token => token.Id == whole.Tokens[12].Id);
        GeneratedAnswer stopped = (await engine.GenerateAsync(free with { StopIds = [stop.Id] })).Answers[0];
        Assert.Equal(stop.LogProbability, stopped.EndToken!.LogProbability);
        Assert.Null(whole.EndToken);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(64, 0)]
    [InlineData(0, 50)]
    public async Task GenerateAsync_PastTheContextOrTheWholeCache_SaysSo(int cacheTokens, int context)
    {
        await using Engine engine = fixture.NewEngine(new EngineOptions { CacheTokens = cacheTokens, ContextLength = context });
        int limit = context > 0 ? context : cacheTokens == 0 ? EngineFixture.Context : cacheTokens;
        Assert.Equal(limit, engine.ContextLength);
        GenerationRequest request = new() { Prompt = EngineFixture.Ids(7, 20), IgnoresEndOfText = true, Sampling = new SamplingOptions { MaximumTokens = int.MaxValue } };
        GeneratedAnswer answer = (await engine.GenerateAsync(request)).Answers[0];
        Assert.Equal(FinishReason.ContextFull, answer.Reason);
        // The last token drawn needs no place: nothing follows it.
        Assert.Equal(limit - 20 + 1, answer.Tokens.Count);
        ContextFullException error = Assert.Throws<ContextFullException>(() => engine.Submit(request with { Prompt = new int[limit] }));
        Assert.Equal((limit, limit), (error.PromptTokens, error.ContextLength));
        Assert.Contains($"{limit}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateAsync_OfNoTokens_IsOverAtOnce()
    {
        await using Engine engine = fixture.NewEngine();
        GenerationResult result = await engine.GenerateAsync(new GenerationRequest { Prompt = new[] { 1 }, Choices = 2, Sampling = new SamplingOptions { MaximumTokens = 0 } });
        Assert.All(result.Answers, answer => Assert.Equal(("", FinishReason.Length, 0), (answer.Text, answer.Reason, answer.Tokens.Count)));
        Assert.Equal(2, result.Answers.Count);
    }

    [Fact]
    public async Task GenerateAsync_WithAConstraint_DrawsOnlyWhatItAllows()
    {
        await using Engine engine = fixture.NewEngine();
        GenerationRequest request = new()
        {
            Prompt = EngineFixture.Ids(5, 20),
            Choices = 3,
            Constraint = new ScriptedConstraint(position => position < 6 ? [65 + position, 97 + position] : null),
            Sampling = new SamplingOptions { Seed = 4 },
        };
        GenerationResult result = await engine.GenerateAsync(request);
        Assert.All(result.Answers, answer =>
        {
            Assert.Equal(FinishReason.Stop, answer.Reason);
            Assert.Equal("abcdef", answer.Text.ToLowerInvariant());
        });
    }

    public static TheoryData<string, Func<GenerationRequest, GenerationRequest>> BadRequests => new()
    {
        { "no tokens", request => request with { Prompt = Array.Empty<int>() } },
        { "token 5000", request => request with { Prompt = new[] { 1, 5000 } } },
        { "token -1", request => request with { Prompt = new[] { -1 } } },
        { "1 to 128 choices", request => request with { Choices = 0 } },
        { "Alternatives", request => request with { Alternatives = 2 } },
        { "Alternatives", request => request with { LogProbabilities = true, Alternatives = 21 } },
        { "top-p", request => request with { Sampling = new SamplingOptions { TopP = 2 } } },
        { "token 4000", request => request with { Sampling = new SamplingOptions { LogitBias = new Dictionary<int, double> { [4000] = 1 } } } },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public async Task Submit_OfABadRequest_NamesWhatIsWrong(string part, Func<GenerationRequest, GenerationRequest> change)
    {
        await using Engine engine = fixture.NewEngine();
        GenerationRequest request = change(new GenerationRequest { Prompt = new[] { 1, 2 } });
        Assert.Contains(part, Assert.Throws<ArgumentException>(() => engine.Submit(request)).Message, StringComparison.Ordinal);
    }
}
