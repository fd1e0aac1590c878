using System.Text.Json;
using Foretell.Server.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Tests;

public sealed class BackgroundMeteringTests
{
    [Fact]
    public async Task Response_InTheBackground_IsChargedWhenItIsWhole()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (int status, JsonElement begun) = await server.PostAsync("/v1/responses", """{"model":"tiny","input":"Hello","max_output_tokens":7,"background":true}""");
        Assert.Equal(200, status);
        var usage = server.App.Services.GetRequiredService<IUsageStore>();
        long tokens = 0;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (tokens == 0)
        {
            await Task.Delay(50, limit.Token);
            tokens = await TokensAsync(usage);
        }
        Assert.Equal(7, tokens);
    }

    private static async Task<long> TokensAsync(IUsageStore usage) =>
        (await usage.TotalsAsync(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, default)).Sum(total => total.CompletionTokens);
}
