using System.Runtime.InteropServices;

namespace Foretell.Tensors.Kernels;

/// <summary>Lets work in the background give way: .NET's thread priorities have no effect on Linux.</summary>
public static partial class ThreadPriorities
{
    private const int Process = 0;
    private const int Politeness = 10;

    /// <summary>
    /// Puts the calling thread behind those of usual priority; threads that it starts from then on inherit that, a device's
    /// among them. Cannot be undone, so only for a thread of one's own. Does nothing where the system does not allow it.
    /// </summary>
    public static void Lower()
    {
        Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
        if (OperatingSystem.IsLinux())
        {
            // On Linux the niceness is a thread's own, and 0 means the caller: https://man7.org/linux/man-pages/man2/setpriority.2.html
            _ = SetPriority(Process, 0, Politeness);
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);
}
