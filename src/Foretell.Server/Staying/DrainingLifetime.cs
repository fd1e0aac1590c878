using System.Runtime.InteropServices;
using Foretell.Server.Trust;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.Staying;

/// <summary>
/// Ends a server on SIGTERM, SIGINT (Ctrl-C) or SIGQUIT: it goes on listening and refuses new requests, so that they are told
/// to go elsewhere and not left without an answer; it ends when the last answer is whole, or the time is up. A second signal
/// ends it at once.
/// </summary>
internal sealed partial class DrainingLifetime(ServerLife life, IHostApplicationLifetime application, TrustOptions options, TimeProvider time, ILogger<DrainingLifetime> logger) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _begun;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, OnSignal));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _signals.ForEach(signal => signal.Dispose());

    private void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (Interlocked.Exchange(ref _begun, 1) == 0)
        {
            _ = DrainAsync();
        }
        else
        {
            life.Abort();
            application.StopApplication();
        }
    }

    /// <summary>Refuses new requests, waits for the old ones, and ends the server.</summary>
    internal async Task DrainAsync()
    {
        try
        {
            life.Drain();
            LogDraining(logger, life.Active, options.DrainTimeout.TotalSeconds);
            await life.Idle.WaitAsync(options.DrainTimeout, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            LogLate(logger, life.Active);
            life.Abort();
        }
        finally
        {
            application.StopApplication();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The server ends: {Requests} requests have up to {Seconds} s to be answered, new ones are refused.")]
    private static partial void LogDraining(ILogger logger, int requests, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The time to drain is up: {Requests} requests are broken off.")]
    private static partial void LogLate(ILogger logger, int requests);
}
