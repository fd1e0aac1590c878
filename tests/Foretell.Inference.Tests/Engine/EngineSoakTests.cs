using Foretell.Models;
using Foretell.Tensors;

namespace Foretell.Inference.Tests;

/// <summary>Minutes of everything at once.</summary>
public sealed class EngineSoakTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private const int Streams = 50;
    private const int Rounds = 300;

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Submit_OfFiftyStreamsForMinutes_StaysRightAndItsMemoryFlat(bool speculating)
    {
        Generation[] alone = [.. Enumerable.Range(0, Streams).Select(seed => fixture.Alone(EngineFixture.Request((ulong)seed)))];
        using Transformer? draft = speculating ? fixture.Random(5, layers: 1) : null;
        var options = new EngineOptions
        {
            CacheTokens = 1500,
            MaximumSequences = 24,
            MaximumBatchTokens = 64,
            Speculation = speculating ? new SpeculationOptions { Tokens = 3, MaximumSequences = 30 } : null,
        };
        await using Engine engine = fixture.NewEngine(options, draft);
        long native = 0;
        long managed = 0;
        int finished = 0;
        for (int round = 0; round < Rounds; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, Streams).Select(i => Task.Run(() => Stream(i, round))));
            EngineStatistics statistics = await EngineFixture.Settled(engine);
            Assert.Equal(statistics.Blocks, statistics.FreeBlocks);
            if (round == 3)
            {
                native = fixture.Device.Memory.LiveBytes;
                managed = GC.GetTotalMemory(forceFullCollection: true);
            }
        }
        Assert.Equal(native, fixture.Device.Memory.LiveBytes);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, managed + (4 << 20));
        Assert.InRange(finished, Streams * Rounds / 2, Streams * Rounds);

        async Task Stream(int i, int round)
        {
            var random = new SeededRandom((ulong)round).Fork("leave", i);
            int leaveAfter = random.NextInt(3) == 0 ? random.NextInt(30) : int.MaxValue;
            GenerationRequest request = EngineFixture.Request((ulong)i);
            if (random.NextInt(6) == 0)
            {
                // Given up from outside, perhaps before it began.
                using var source = new CancellationTokenSource();
                Task<GenerationResult> task = engine.GenerateAsync(request with { Choices = 3 }, source.Token);
                await Task.Delay(random.NextInt(20));
                await source.CancelAsync();
                await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            }
            var ids = new List<int>();
            FinishReason? reason = null;
            await foreach (GenerationUpdate update in engine.Submit(request))
            {
                if (update.Token is GeneratedToken token)
                {
                    ids.Add(token.Id);
                }
                reason = update.Reason;
                if (ids.Count > leaveAfter)
                {
                    break;
                }
            }
            Assert.Equal(alone[i].Ids.Take(ids.Count), ids);
            if (ids.Count <= leaveAfter)
            {
                Assert.Equal(alone[i].Ids.Count, ids.Count);
                Assert.Equal(alone[i].Reason, reason);
                Interlocked.Increment(ref finished);
            }
        }
    }
}
