using Foretell.Server.Measuring;

namespace Foretell.Server.Tests.Measuring;

public sealed class ServerSoakTests
{
    [Fact]
    public async Task Run_ForSeconds_ServesEveryGoodRequestAndLeavesNothing()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        SoakReport report = await ServerSoak.RunAsync(server.App, new SoakOptions { Duration = TimeSpan.FromSeconds(4), GoodClients = 3, BadClients = 1, SilentConnections = 50 });
        Assert.Empty(report.Failures);
        Assert.Empty(report.Leaks);
        Assert.True(report.Good > 0);
        Assert.True(report.Bad.Count >= 9);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Run_ForTwoMinutesWithAThousandConnections_KeepsItsMemoryToo()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        SoakReport report = await ServerSoak.RunAsync(server.App, new SoakOptions { Duration = TimeSpan.FromMinutes(2), SilentConnections = 1000 });
        Assert.Empty(report.Failures);
        Assert.Empty(report.Leaks);
        Assert.True(report.IsFlat, $"objects in use grew from {report.WarmManagedBytes} to {report.EndManagedBytes} bytes, the process from {report.WarmBytes} to {report.EndBytes}");
        Assert.True(report.Passed);
    }

    [Fact]
    public async Task GarbageJson_OnAConnectionThatIsKept_LeavesItGood()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(server.Address, default);
        for (int i = 0; i < 3; i++)
        {
            await client.PostAsync("/v1/chat/completions", "{\"model\": ", default);
            Assert.Equal(400, await client.ReadStatusAsync(default));
        }
        await client.SendAsync($"GET /healthz HTTP/1.1\r\nHost: {server.Address.Authority}\r\n\r\n", default);
        Assert.Equal(200, await client.ReadStatusAsync(default));
    }
}
