using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;

namespace Foretell.Server.Trust;

/// <summary>Keeps a server without keys to its own machine: looks at where it is to listen before it does, and at where it listens after.</summary>
internal sealed class PublicBindingGuard(ServerOptions options, KeyRing keys, IServer server) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) =>
        CheckAsync(ListeningAddress.ParseAll(options.Urls), cancellationToken);

    /// <summary>Settings of the environment can add addresses that the options do not name.</summary>
    public Task StartedAsync(CancellationToken cancellationToken) =>
        CheckAsync([.. (server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []).Select(ListeningAddress.Parse)], cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task CheckAsync(IReadOnlyList<ListeningAddress> addresses, CancellationToken cancellation)
    {
        foreach (ListeningAddress address in addresses.Where(address => !address.IsLoopback))
        {
            if (!options.Trust.Insecure && !await keys.AnyAsync(cancellation).ConfigureAwait(false))
            {
                throw new ArgumentException($"server: {address.Text} can be reached from other machines and there is no API key; make one with foretell keys create --data {options.DataFolder}, or write --insecure to let everybody in.");
            }
        }
    }
}
