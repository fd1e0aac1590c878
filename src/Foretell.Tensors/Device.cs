using Foretell.Tensors.Kernels;

namespace Foretell.Tensors;

/// <summary>Where tensors live and by which kernels they are computed. Memory and kernels are its own: two devices share nothing.</summary>
public sealed class Device(IBackend backend) : IDisposable
{
    public IBackend Backend { get; } = backend;

    public NativeMemoryPool Memory { get; } = new();

    /// <summary>The kernels in use, for people and for the header of files whose bits depend on them.</summary>
    public string Name => Backend.Name;

    /// <summary>The name and the number of threads, for people.</summary>
    public string Description => Backend.Description;

    /// <summary>One AdamW step on a parameter and its two moments; see <see cref="AdamWStep"/>.</summary>
    public void AdamW(AdamWStep step, Tensor parameter, Tensor gradient, Tensor firstMoment, Tensor secondMoment)
    {
        Backend.AdamW(step, Flat(parameter), Flat(gradient), Flat(firstMoment), Flat(secondMoment));
        parameter.Storage.Touch();
    }

    /// <summary>Σ x² in double precision, in an order that does not depend on the number of threads.</summary>
    public double SquaredNorm(Tensor x) => Backend.SquaredNorm(Flat(x));

    private static MatrixView Flat(Tensor tensor) => tensor.TryRows(out MatrixView rows) ? rows : throw new ArgumentException($"{tensor} has gaps between its elements; copy it first.");

    public void Dispose()
    {
        Backend.Dispose();
        Memory.Dispose();
    }

    public override string ToString() => Description;
}
