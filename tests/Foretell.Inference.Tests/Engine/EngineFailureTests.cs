using Foretell.Models;
using Foretell.Nn;

namespace Foretell.Inference.Tests;

/// <summary>What can go wrong goes wrong for those concerned alone, and nobody waits for ever.</summary>
public sealed class EngineFailureTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private static GenerationRequest Endless(ulong seed) => new() { Prompt = EngineFixture.Ids(seed, 10), IgnoresEndOfText = true, Sampling = new SamplingOptions { Seed = seed, MaximumTokens = int.MaxValue } };

    [Fact]
    public async Task Submit_ToAFullQueue_IsRefusedAndSaysHowFull()
    {
        using var gate = new ManualResetEventSlim();
        await using Engine engine = fixture.NewEngine(new EngineOptions { MaximumSequences = 1, QueueLimit = 3 });
        // The engine's thread stands still in the first request's constraint.
        Task<GenerationResult> first = engine.GenerateAsync(new GenerationRequest { Prompt = new[] { 1 }, Constraint = new ScriptedConstraint(_ => { gate.Wait(); return null; }) });
        while (engine.QueueLength > 0)
        {
            await Task.Delay(2);
        }
        Task<GenerationResult>[] queued = [.. Enumerable.Range(1, 3).Select(seed => engine.GenerateAsync(EngineFixture.Request((ulong)seed)))];
        EngineBusyException busy = Assert.Throws<EngineBusyException>(() => engine.Submit(EngineFixture.Request(9)));
        Assert.Equal(3, busy.QueueLength);
        Assert.True(busy.RetryAfter >= TimeSpan.FromSeconds(1));
        gate.Set();
        await Task.WhenAll([first, .. queued]);
        // There is room again.
        await engine.GenerateAsync(EngineFixture.Request(9));
    }

    [Fact]
    public async Task Submit_Cancelled_FreesItsBlocksAndThrows()
    {
        await using Engine engine = fixture.NewEngine(new EngineOptions { MaximumSequences = 2 });
        using var source = new CancellationTokenSource();
        Task<GenerationResult>[] tasks = [.. Enumerable.Range(0, 6).Select(seed => engine.GenerateAsync(Endless((ulong)seed) with { Choices = 2 }, source.Token))];
        await source.CancelAsync();
        foreach (Task<GenerationResult> task in tasks)
        {
            OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
            Assert.Equal(source.Token, error.CancellationToken);
        }
        EngineStatistics statistics = await EngineFixture.Settled(engine);
        Assert.Equal(statistics.Blocks, statistics.FreeBlocks);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await engine.GenerateAsync(Endless(1), source.Token));
    }

    [Fact]
    public async Task GenerateAsync_WhenDrawingFails_FailsThatRequestAlone()
    {
        await using Engine engine = fixture.NewEngine();
        GenerationRequest good = EngineFixture.Request(3, maximum: 40);
        Task<GenerationResult> beside = engine.GenerateAsync(good);
        GenerationRequest throwing = new() { Prompt = new[] { 1, 2, 3 }, Choices = 2, Constraint = new ScriptedConstraint(position => position < 4 ? [65] : throw new InvalidDataException("as told")) };
        GenerationRequest ruledOut = new() { Prompt = new[] { 1, 2, 3 }, Constraint = new ScriptedConstraint(position => position < 4 ? [65] : []) };
        Assert.Equal("as told", (await Assert.ThrowsAsync<InvalidDataException>(() => engine.GenerateAsync(throwing))).Message);
        Assert.Contains("No token", (await Assert.ThrowsAsync<InvalidDataException>(() => engine.GenerateAsync(ruledOut))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidDataException>(() => EngineFixture.Read(engine.Submit(throwing)));
        fixture.AssertAsAlone(good, await beside);
        EngineStatistics statistics = await EngineFixture.Settled(engine);
        Assert.Equal(statistics.Blocks, statistics.FreeBlocks);
    }

    [Fact]
    public async Task Dispose_DuringWork_EndsEveryRequest()
    {
        Engine engine = fixture.NewEngine(new EngineOptions { MaximumSequences = 3 });
        Task<GenerationResult>[] tasks = [.. Enumerable.Range(0, 10).Select(seed => engine.GenerateAsync(Endless((ulong)seed)))];
        Task<List<GenerationUpdate>> reading = EngineFixture.Read(engine.Submit(Endless(11)));
        await engine.DisposeAsync();
        int disposed = 0;
        foreach (Task task in (Task[])[.. tasks, reading])
        {
            try
            {
                await task.WaitAsync(TimeSpan.FromMinutes(1));
            }
            catch (ObjectDisposedException)
            {
                disposed++;
            }
        }
        Assert.True(disposed > 0);
        Assert.Equal(engine.Statistics.Blocks, engine.Statistics.FreeBlocks);
        Assert.Throws<ObjectDisposedException>(() => engine.Submit(Endless(1)));
        engine.Dispose();
    }

    [Fact]
    public async Task DrainAsync_DuringWork_FinishesIt()
    {
        await using Engine engine = fixture.NewEngine(new EngineOptions { MaximumSequences = 3 });
        GenerationRequest[] requests = [.. Enumerable.Range(0, 8).Select(seed => EngineFixture.Request((ulong)seed))];
        Task<GenerationResult>[] tasks = [.. requests.Select(request => engine.GenerateAsync(request))];
        Task drained = engine.DrainAsync();
        Assert.Throws<ObjectDisposedException>(() => engine.Submit(requests[0]));
        await drained;
        for (int i = 0; i < tasks.Length; i++)
        {
            Assert.True(tasks[i].IsCompletedSuccessfully);
            fixture.AssertAsAlone(requests[i], await tasks[i]);
        }
    }

    [Fact]
    public async Task Submit_WhenTheEngineItselfFails_FailsAllWithTheSameError()
    {
        var clock = new FailingClock();
        await using Engine engine = fixture.NewEngine(new EngineOptions { MaximumSequences = 2 }, time: clock);
        Task<GenerationResult>[] running = [.. Enumerable.Range(0, 5).Select(seed => engine.GenerateAsync(Endless((ulong)seed)))];
        clock.Fails = true;
        foreach (Task<GenerationResult> task in running)
        {
            Exception error = await Assert.ThrowsAnyAsync<Exception>(() => task.WaitAsync(TimeSpan.FromMinutes(1)));
            Assert.Equal("the clock stopped", error.Message);
        }
        Assert.Contains("the clock stopped", Assert.Throws<InvalidOperationException>(() => engine.Submit(Endless(1))).Message, StringComparison.Ordinal);
        Assert.Equal(engine.Statistics.Blocks, engine.Statistics.FreeBlocks);
    }

    public static TheoryData<EngineOptions, string> BadOptions => new()
    {
        { new EngineOptions { CacheBytes = 0 }, "memory" },
        { new EngineOptions { CacheBytes = 10 }, "at least one" },
        { new EngineOptions { CacheTokens = -1 }, "cache's tokens" },
        { new EngineOptions { MaximumSequences = 0 }, "sequence" },
        { new EngineOptions { MaximumSequences = 9, MaximumBatchTokens = 8 }, "a token for each" },
        { new EngineOptions { QueueLimit = 0 }, "wait" },
        { new EngineOptions { Speculation = new SpeculationOptions { Tokens = 0 } }, "speculation" },
        { new EngineOptions { Speculation = new SpeculationOptions { ShortestMatch = 5 } }, "speculation" },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Engine_WithAnOptionOutOfRange_NamesIt(EngineOptions options, string part) =>
        Assert.Contains(part, Assert.Throws<ArgumentException>(() => fixture.NewEngine(options)).Message, StringComparison.Ordinal);

    /// <summary>The system's clock, until it throws: the one thing of a request's that the engine's own step calls.</summary>
    private sealed class FailingClock : TimeProvider
    {
        public volatile bool Fails;

        public override long GetTimestamp() => Fails && Thread.CurrentThread.Name == "foretell engine" ? throw new InvalidOperationException("the clock stopped") : base.GetTimestamp();
    }

    [Fact]
    public async Task GenerateAsync_WhenGuessingFails_AnswersAsWithoutGuesses()
    {
        var speculation = new SpeculationOptions { Tokens = 3 };
        GenerationRequest request = new() { Prompt = new[] { 1, 2, 3, 1, 2, 3 }, Constraint = new GuesslessConstraint(), Sampling = new SamplingOptions { MaximumTokens = 12 } };
        using Transformer broken = fixture.Random(seed: 9);
        Initialization.Constant(broken.Parameters.All[0], float.NaN);
        foreach (Transformer? draft in (Transformer?[])[null, broken])
        {
            await using Engine engine = fixture.NewEngine(new EngineOptions { Speculation = speculation }, draft);
            Assert.Equal(12, (await engine.GenerateAsync(request)).Answers[0].Tokens.Count);
            GenerationRequest plain = EngineFixture.Request(5, maximum: 30);
            fixture.AssertAsAlone(plain, await engine.GenerateAsync(plain));
            Assert.Null(engine.Fault);
        }
    }

    [Fact]
    public async Task Submit_TooManyChoices_IsRefused()
    {
        await using Engine engine = fixture.NewEngine();
        Assert.Contains("1 to 128 choices", Assert.Throws<ArgumentException>(() => engine.Submit(EngineFixture.Request(1) with { Choices = 129 })).Message, StringComparison.Ordinal);
    }

    /// <summary>Lets every letter come, and fails whenever it is asked to look ahead.</summary>
    private sealed class GuesslessConstraint : ITokenConstraint
    {
        public bool IsComplete => false;

        public bool MustEnd => false;

        public void Mask(Span<ulong> allowed)
        {
            allowed.Clear();
            allowed[1] = ulong.MaxValue;
        }

        public void Accept(int id)
        {
        }

        public byte[] ForcedText() => throw new NotSupportedException("as told");

        public ITokenConstraint Fork() => throw new NotSupportedException("as told");
    }
}
