namespace Foretell.Tensors;

/// <summary>A block of a device's memory that one or more tensors look at; a scope owns it.</summary>
public sealed class Storage
{
    private nint _pointer;

    /// <summary>Made when first asked for: most blocks live for one operation and keep nothing.</summary>
    private Dictionary<string, (long Version, IDisposable Value)>? _derived;

    internal Storage(Device device, long bytes)
    {
        Device = device;
        Bytes = bytes;
        _pointer = device.Memory.Rent(bytes);
    }

    /// <summary>Over memory that is someone else's and is only read.</summary>
    internal Storage(Device device, nint pointer, long bytes)
    {
        Device = device;
        Bytes = bytes;
        IsReadOnly = true;
        _pointer = pointer;
    }

    public Device Device { get; }

    /// <summary>Whether the memory is someone else's (a mapped file's): it is never written and not freed here.</summary>
    public bool IsReadOnly { get; }

    public long Bytes { get; }

    /// <summary>Grows whenever the contents are replaced, so that what was derived from them (packed weights) is known to be stale.</summary>
    public long Version { get; private set; }

    /// <summary>Whether the block outlives many tapes (a weight), so that it pays to keep what is derived from it.</summary>
    public bool IsPersistent { get; set; }

    /// <summary>What a backend derived from the contents and keeps beside them, by purpose; it is disposed with the storage.</summary>
    internal Dictionary<string, (long Version, IDisposable Value)> Derived => LazyInitializer.EnsureInitialized(ref _derived, () => []);

    internal nint Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer == 0, this);
            return _pointer;
        }
    }

    /// <summary>Says that the contents have changed.</summary>
    public void Touch() => Version++;

    internal void Free()
    {
        if (_pointer != 0)
        {
            foreach ((_, IDisposable value) in _derived?.Values ?? Enumerable.Empty<(long, IDisposable)>())
            {
                value.Dispose();
            }
            _derived?.Clear();
            if (!IsReadOnly)
            {
                Device.Memory.Return(_pointer, Bytes);
            }
            _pointer = 0;
        }
    }
}
