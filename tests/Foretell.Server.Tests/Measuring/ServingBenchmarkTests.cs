using Foretell.Server.Measuring;

namespace Foretell.Server.Tests.Measuring;

public sealed class ServingBenchmarkTests
{
    [Fact]
    public async Task Measure_ATinyModel_GivesEverySpeed()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        ServingSpeed speed = await ServingBenchmark.MeasureAsync(server.App, new ServingBenchmarkOptions { Clients = [1, 3], Tokens = 8, Requests = 2, Rounds = 1, Idle = TimeSpan.FromMilliseconds(200) });
        Assert.Equal([1, 3], speed.Loads.Select(load => load.Clients));
        Assert.All(speed.Loads, load =>
        {
            Assert.Equal(load.Http / load.Engine, load.Ratio, 9);
            Assert.True(load.FirstToken > TimeSpan.Zero && load.FirstTokenSlow >= load.FirstToken && load.PerToken > TimeSpan.Zero);
        });
        Assert.InRange(speed.WarmPrefixTokens, 512, 530);
        Assert.True(speed.WarmFirstToken > TimeSpan.Zero);
        Assert.True(double.IsFinite(speed.IdleCpu));
    }

    [Fact]
    public async Task Measure_NobodyOrNothing_IsRefused()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (ServingBenchmarkOptions options in new[] { new ServingBenchmarkOptions { Clients = [] }, new ServingBenchmarkOptions { Clients = [0] }, new ServingBenchmarkOptions { Tokens = 1 }, new ServingBenchmarkOptions { Rounds = 0 } })
        {
            await Assert.ThrowsAsync<ArgumentException>(() => ServingBenchmark.MeasureAsync(server.App, options));
        }
    }
}
