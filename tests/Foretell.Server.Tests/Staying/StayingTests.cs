using System.Net;
using Foretell.Server.Staying;
using Foretell.Server.Trust;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Foretell.Server.Tests.Staying;

public sealed class StayingTests
{
    [Fact]
    public async Task Drain_WhileAnAnswerIsWritten_LetsItEndAndRefusesNewOnes()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        var release = new TaskCompletionSource();
        Map(server, release.Task);
        using HttpResponseMessage running = await server.Client.GetAsync("/v1/slow", HttpCompletionOption.ResponseHeadersRead);
        Task draining = Lifetime(server).DrainAsync();
        using HttpResponseMessage refused = await server.Client.GetAsync("/v1/models");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), refused.Headers.RetryAfter!.Delta);
        Assert.True(refused.Headers.ConnectionClose);
        Assert.Equal("shutting_down", (await RunningServer.ReadAsync(refused)).GetProperty("error").GetProperty("code").GetString());
        Assert.Equal((503, "draining"), await ReadyAsync(server));
        Assert.Equal(200, (await server.GetAsync("/healthz")).Status);
        Assert.False(draining.IsCompleted);
        release.SetResult();
        Assert.Equal("begun, ended", await running.Content.ReadAsStringAsync());
        await draining.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(server.App.Lifetime.ApplicationStopping.IsCancellationRequested);
    }

    [Fact]
    public async Task Drain_BeyondItsTime_BreaksOffWhatIsLeft()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { Trust = new TrustOptions { DrainTimeout = TimeSpan.FromMilliseconds(200) } });
        Map(server, new TaskCompletionSource().Task);
        using HttpResponseMessage running = await server.Client.GetAsync("/v1/slow", HttpCompletionOption.ResponseHeadersRead);
        await Lifetime(server).DrainAsync().WaitAsync(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAnyAsync<Exception>(() => running.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Ready_OnceTheModelsAreLoaded_SaysSo()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.Equal((200, "ready"), await ReadyAsync(server));
    }

    private static DrainingLifetime Lifetime(RunningServer server) => Assert.IsType<DrainingLifetime>(server.App.Services.GetRequiredService<IHostLifetime>());

    private static async Task<(int, string?)> ReadyAsync(RunningServer server)
    {
        (int status, System.Text.Json.JsonElement body) = await server.GetAsync("/readyz");
        return (status, body.GetProperty("status").GetString());
    }

    /// <summary>An endpoint that begins an answer and ends it when it is let.</summary>
    private static void Map(RunningServer server, Task release) => server.App.MapGet("/v1/slow", (RequestDelegate)(async context =>
    {
        await context.Response.WriteAsync("begun, ");
        await context.Response.Body.FlushAsync();
        await release.WaitAsync(context.RequestAborted);
        await context.Response.WriteAsync("ended");
    }));
}
