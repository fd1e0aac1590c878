using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.Files;

/// <summary>Removes what a crash left over before the server listens, and expired files from then on.</summary>
internal sealed partial class FileSweeping(FileArea area, TimeProvider clock, ILogger<FileSweeping> logger) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(5);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await area.SweepAsync(cancellationToken).ConfigureAwait(false);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, clock);
        do
        {
            try
            {
                await area.ExpireAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception wrong) when (wrong is IOException or System.Data.Common.DbException)
            {
                // The files stay and are tried again; the server goes on.
                LogFailure(logger, wrong);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Expired files could not be removed.")]
    private static partial void LogFailure(ILogger logger, Exception wrong);
}
