using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.Catalog;

/// <summary>Loads the models behind the server's back, so that it listens at once; a model that cannot be loaded ends it.</summary>
internal sealed partial class LoadingAtStart(ModelCatalog catalog, IHostApplicationLifetime lifetime, ILogger<LoadingAtStart> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Off the thread that starts the host.
        await Task.Yield();
        try
        {
            await catalog.LoadAtStartAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogFailure(logger, error.Message);
            lifetime.StopApplication();
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "A model could not be loaded, so the server ends: {Reason}")]
    private static partial void LogFailure(ILogger logger, string reason);
}
