namespace Foretell.Tensors.Files;

/// <summary>Named tensors in memory-mapped safetensors storage: one file, or several under an index.</summary>
public interface ISafeTensors : IWeightFile
{
    /// <summary>Free text that the writer left, name to text; empty when there is none.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Every tensor, in the order of the data.</summary>
    IReadOnlyList<SafeTensorInfo> Tensors { get; }

    /// <exception cref="KeyNotFoundException">No tensor has this name; the message names the file.</exception>
    SafeTensorInfo Info(string name);

    /// <summary>The tensor's bytes, little-endian and row-major, over the mapping: valid until this object is disposed.</summary>
    /// <exception cref="KeyNotFoundException">No tensor has this name; the message names the file.</exception>
    /// <exception cref="NotSupportedException">The tensor has 2 GiB or more: read it in parts.</exception>
    ReadOnlySpan<byte> Bytes(string name);
}
