namespace Foretell.Tensors.Files;

/// <summary>Weights in a mapped file (or several), tensors by their published names.</summary>
public interface IWeightFile : IDisposable
{
    /// <summary>The file or folder, for messages.</summary>
    string Path { get; }

    /// <summary>Every tensor's name.</summary>
    IEnumerable<string> Names { get; }

    bool Contains(string name);

    /// <summary>The type of a tensor's elements.</summary>
    /// <exception cref="KeyNotFoundException">No tensor has this name.</exception>
    /// <exception cref="InvalidDataException">It is a type that is not computed with.</exception>
    DType TypeOf(string name);

    /// <summary>Extents, outermost first.</summary>
    /// <exception cref="KeyNotFoundException">No tensor has this name.</exception>
    IReadOnlyList<long> ShapeOf(string name);

    /// <summary>A part of the tensor's bytes, over the mapping.</summary>
    /// <exception cref="KeyNotFoundException">No tensor has this name.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range isn't inside the tensor.</exception>
    ReadOnlySpan<byte> Bytes(string name, long offset, int length);

    /// <summary>
    /// Rows of the tensor over the mapping, without a copy: their memory is the file's, valid until this object is disposed.
    /// Elements that do not lie on a multiple of their size are copied into the scope instead.
    /// </summary>
    /// <param name="firstRow">The first index of the outermost axis.</param>
    /// <param name="rows">How many of the outermost axis; null for all from <paramref name="firstRow"/> on.</param>
    /// <exception cref="KeyNotFoundException">No tensor has this name.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rows aren't inside the tensor.</exception>
    /// <exception cref="InvalidDataException">The elements are of a type that is not computed with, or an axis is 2^31 or longer.</exception>
    Tensor Map(string name, TensorScope scope, long firstRow = 0, long? rows = null);
}
