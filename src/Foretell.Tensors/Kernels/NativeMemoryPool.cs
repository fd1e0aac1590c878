using System.Runtime.InteropServices;

namespace Foretell.Tensors.Kernels;

/// <summary>
/// Aligned native memory, kept and handed out again by size. Blocks are 64-byte aligned; large ones start on a 2 MiB
/// boundary, so that the system can back them with huge pages. Safe to use from many threads.
/// </summary>
public sealed unsafe class NativeMemoryPool : IDisposable
{
    private const long HugePage = 2 << 20;
    private const int GuardBytes = 128;
    private const byte GuardValue = 0xFF;

    /// <summary>Bytes that may be kept however little was ever live.</summary>
    private const long Spare = 32 << 20;

    private readonly Dictionary<long, Stack<nint>> _free = [];
    private readonly Lock _lock = new();
    private bool _disposed;

    /// <summary>Bytes handed out and not returned.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>Bytes kept for later use; together with the live ones never more than one and a half times the most that were ever live, and a little.</summary>
    public long FreeBytes { get; private set; }

    /// <summary>The most bytes that were ever live at once.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>
    /// For tests, set before the first <see cref="Rent"/>: fresh contents are NaN, and a write past the end of a block is
    /// found when it is returned.
    /// </summary>
    internal bool Guarded { get; set; }

    /// <summary>Rounds a request up so that blocks of nearly the same size serve each other.</summary>
    public static long RoundUp(long bytes)
    {
        long unit = bytes switch
        {
            <= 4096 => 64,
            <= 1 << 20 => 4096,
            _ => 256 << 10,
        };
        return Math.Max(unit, (bytes + unit - 1) / unit * unit);
    }

    /// <summary>A block of at least <paramref name="bytes"/> bytes with unspecified contents.</summary>
    public nint Rent(long bytes)
    {
        if (Guarded)
        {
            nint guarded = RentRounded(RoundUp(bytes + GuardBytes));
            Fill(guarded, RoundUp(bytes + GuardBytes));
            return guarded;
        }
        return RentRounded(RoundUp(bytes));
    }

    private nint RentRounded(long bytes)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            LiveBytes += bytes;
            PeakBytes = Math.Max(PeakBytes, LiveBytes);
            if (_free.TryGetValue(bytes, out Stack<nint>? blocks) && blocks.TryPop(out nint block))
            {
                FreeBytes -= bytes;
                return block;
            }
        }
        nint fresh = (nint)NativeMemory.AlignedAlloc((nuint)bytes, (nuint)(bytes >= HugePage ? HugePage : 64));
        if (bytes >= HugePage && OperatingSystem.IsLinux())
        {
            const int HugePagesWanted = 14;
            _ = Advise(fresh, (nuint)bytes, HugePagesWanted);
        }
        return fresh;
    }

    /// <summary>Takes back a block of <see cref="Rent"/>; <paramref name="bytes"/> is what was asked for there.</summary>
    public void Return(nint block, long bytes)
    {
        long asked = bytes;
        bytes = RoundUp(Guarded ? asked + GuardBytes : asked);
        if (Guarded && new Span<byte>((byte*)block + asked, (int)(bytes - asked)).ContainsAnyExcept(GuardValue))
        {
            throw new InvalidOperationException($"Something wrote past the end of a block of {asked} bytes.");
        }
        lock (_lock)
        {
            LiveBytes -= bytes;
            if (_disposed)
            {
                NativeMemory.AlignedFree((void*)block);
                return;
            }
            if (!_free.TryGetValue(bytes, out Stack<nint>? blocks))
            {
                _free.Add(bytes, blocks = new Stack<nint>());
            }
            blocks.Push(block);
            FreeBytes += bytes;
            // Work of ever other shapes would otherwise leave a block behind for each.
            if (LiveBytes + FreeBytes > PeakBytes + PeakBytes / 2 + Spare)
            {
                Trim();
            }
        }
    }

    /// <summary>Gives every unused block back to the system.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (Stack<nint> blocks in _free.Values)
            {
                while (blocks.TryPop(out nint block))
                {
                    NativeMemory.AlignedFree((void*)block);
                }
            }
            _free.Clear();
            FreeBytes = 0;
        }
    }

    public void Dispose()
    {
        Trim();
        lock (_lock)
        {
            _disposed = true;
        }
    }

    private static void Fill(nint block, long bytes)
    {
        for (long done = 0; done < bytes; done += 1 << 30)
        {
            new Span<byte>((byte*)block + done, (int)Math.Min(1 << 30, bytes - done)).Fill(GuardValue);
        }
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nint address, nuint length, int advice);
}
