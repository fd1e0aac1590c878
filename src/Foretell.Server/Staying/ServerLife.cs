using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Staying;

/// <summary>The requests that are being served, and whether the server takes more. Safe to use from many threads.</summary>
internal sealed class ServerLife
{
    private readonly ConcurrentDictionary<HttpContext, bool> _active = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _draining;

    /// <summary>Whether new requests are refused, as the server ends when the old ones are over.</summary>
    public bool IsDraining => _draining;

    /// <summary>Requests that are being served.</summary>
    public int Active => _active.Count;

    /// <summary>Ends when the server drains and no request is left.</summary>
    public Task Idle => _idle.Task;

    /// <summary>Takes a request, unless the server drains.</summary>
    public bool TryBegin(HttpContext context)
    {
        _active.TryAdd(context, true);
        if (!_draining)
        {
            return true;
        }
        End(context);
        return false;
    }

    public void End(HttpContext context)
    {
        _active.TryRemove(context, out _);
        Look();
    }

    /// <summary>Refuses requests from now on.</summary>
    public void Drain()
    {
        _draining = true;
        Look();
    }

    /// <summary>Breaks off whatever is still being served.</summary>
    public void Abort()
    {
        foreach (HttpContext context in _active.Keys)
        {
            context.Abort();
        }
    }

    private void Look()
    {
        if (_draining && _active.IsEmpty)
        {
            _idle.TrySetResult();
        }
    }
}
