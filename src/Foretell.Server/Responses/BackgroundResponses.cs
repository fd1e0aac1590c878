using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;

namespace Foretell.Server.Responses;

/// <summary>Responses that are written while nobody waits for them. When the server ends they are given up, and kept as cancelled.</summary>
internal sealed class BackgroundResponses : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<string, (CancellationTokenSource Cancel, Task Work)> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Begins one.</summary>
    /// <param name="write">Writes and keeps it; told by the token to give up, after which it is kept as it is.</param>
    public void Start(string id, Func<CancellationToken, Task> write)
    {
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var begun = new TaskCompletionSource();
        Task work = Task.Run(async () =>
        {
            await begun.Task.ConfigureAwait(false);
            try
            {
                await write(cancel.Token).ConfigureAwait(false);
            }
            finally
            {
                _running.TryRemove(id, out _);
            }
        });
        _running[id] = (cancel, work);
        begun.SetResult();
    }

    public bool IsRunning(string id) => _running.ContainsKey(id);

    /// <summary>Gives one up, and waits until it is kept as it is.</summary>
    public async Task CancelAsync(string id)
    {
        if (_running.TryGetValue(id, out (CancellationTokenSource Cancel, Task Work) running))
        {
            await running.Cancel.CancelAsync().ConfigureAwait(false);
            await running.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running.Values.Select(running => running.Work)).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stopping.Dispose();
}
