using System.Text;
using System.Text.Json;
using Foretell.Inference;
using Foretell.Server.Catalog;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Tests;

/// <summary>A server on a free loopback port with a tiny model named "tiny", and a client for it.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;

    private RunningServer(TemporaryFolder folder, WebApplication app)
    {
        _folder = folder;
        App = app;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromSeconds(60) };
    }

    public WebApplication App { get; }

    /// <summary>Its base address is the server's.</summary>
    public HttpClient Client { get; }

    public Uri Address => Client.BaseAddress!;

    public ModelCatalog Catalog => App.Services.GetRequiredService<ModelCatalog>();

    /// <summary>The folder of models and data; it goes with the server.</summary>
    public string Folder => _folder.Path;

    /// <summary>Starts a server and waits until its models are loaded.</summary>
    /// <param name="options">Changes the options. Null for the fixture's.</param>
    /// <param name="template">See <see cref="TinyModel.Write"/>.</param>
    public static async Task<RunningServer> StartAsync(Func<ServerOptions, ServerOptions>? options = null, Action<WebApplicationBuilder>? configure = null, string? template = null, int context = 2048)
    {
        var folder = new TemporaryFolder();
        var fixture = new ServerOptions
        {
            Models = new Dictionary<string, string> { ["tiny"] = TinyModel.Write(folder.File("tiny"), context, template: template) },
            Urls = "http://127.0.0.1:0",
            DataFolder = folder.File("data"),
            Threads = 1,
            Engine = new EngineOptions { CacheBytes = 32 << 20 },
        };
        WebApplication app = ForetellServer.Build(options?.Invoke(fixture) ?? fixture, configure);
        await app.StartAsync();
        var server = new RunningServer(folder, app);
        while (!server.Catalog.IsReady && server.Catalog.StartFailure is null)
        {
            await Task.Delay(5);
        }
        return server;
    }

    public static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    public async Task<(int Status, JsonElement Body)> PostAsync(string path, string json)
    {
        using HttpResponseMessage response = await Client.PostAsync(path, Json(json));
        return ((int)response.StatusCode, await ReadAsync(response));
    }

    public async Task<(int Status, JsonElement Body)> GetAsync(string path)
    {
        using HttpResponseMessage response = await Client.GetAsync(path);
        return ((int)response.StatusCode, await ReadAsync(response));
    }

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
        _folder.Dispose();
    }
}
