using Foretell.Tensors.Kernels;

namespace Foretell.Tensors;

/// <summary>Where tensors live and by which kernels they are computed. Memory and kernels are its own: two devices share nothing.</summary>
public sealed class Device(IBackend backend) : IDisposable
{
    public IBackend Backend { get; } = backend;

    public NativeMemoryPool Memory { get; } = new();

    /// <summary>The kernels in use, for people and for the header of files whose bits depend on them.</summary>
    public string Name => Backend.Name;

    public void Dispose()
    {
        Backend.Dispose();
        Memory.Dispose();
    }

    public override string ToString() => Name;
}
