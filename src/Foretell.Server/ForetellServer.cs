using Foretell.Server.Catalog;
using Foretell.Server.Endpoints;
using Foretell.Server.Errors;
using Foretell.Server.Files;
using Foretell.Server.FineTuning;
using Foretell.Server.Pages;
using Foretell.Server.Responses;
using Foretell.Server.Staying;
using Foretell.Server.Storage;
using Foretell.Server.Telemetry;
using Foretell.Server.Trust;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Foretell.Server;

/// <summary>The server: OpenAI's API over local models.</summary>
public static class ForetellServer
{
    /// <summary>The parts beside the model endpoints, in the order in which their middleware stands.</summary>
    internal static IReadOnlyList<IServerFeature> Features { get; } =
    [
        new StorageFeature(),
        new TelemetryFeature(),
        new StayingFeature(),
        new ProtectionFeature(),
        new KeysFeature(),
        new FilesFeature(),
        new FineTuningFeature(),
        new PagesFeature(),
    ];

    /// <summary>Builds a server that is ready to be started; it listens at once and loads its models in the background.</summary>
    /// <param name="configure">Changes the builder before it builds, such as services in a test. Null for nothing.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or a model does not fit the memory.</exception>
    /// <exception cref="IOException">There is no model at a path.</exception>
    public static WebApplication Build(ServerOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        options.Validate();
        // The program's own folder, not the caller's: a settings file that happens to lie there must not change the server.
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls(options.Urls);
        builder.WebHost.ConfigureKestrel(kestrel => Limit(kestrel, options));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(services => new ModelCatalog(options, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddHostedService<LoadingAtStart>();
        builder.Services.AddSingleton<BackgroundResponses>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BackgroundResponses>());
        foreach (IServerFeature feature in Features)
        {
            feature.AddServices(builder, options);
        }
        configure?.Invoke(builder);
        WebApplication app = builder.Build();
        try
        {
            // Now, so that a wrong path is the caller's error and not one of the background.
            _ = app.Services.GetRequiredService<ModelCatalog>();
        }
        catch
        {
            ((IDisposable)app).Dispose();
            throw;
        }
        ErrorHandling.Use(app);
        foreach (IServerFeature feature in Features)
        {
            feature.Use(app);
        }
        ChatCompletions.Map(app);
        Completions.Map(app);
        Embeddings.Map(app);
        Moderations.Map(app);
        Tokenize.Map(app);
        ResponsesEndpoint.Map(app);
        KeptResponses.Map(app);
        ModelsEndpoint.Map(app);
        foreach (IServerFeature feature in Features)
        {
            feature.Map(app);
        }
        return app;
    }

    private static void Limit(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.MaximumRequestBytes;
        kestrel.Limits.RequestHeadersTimeout = options.SenderTimeout;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(240, options.SenderTimeout);
    }
}
