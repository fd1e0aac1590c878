using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Files;

/// <summary>Tensors over a mapped file, whatever its format.</summary>
internal static class WeightMapping
{
    /// <summary>See <see cref="IWeightFile.Map"/>.</summary>
    /// <param name="lengths">Extents of the whole tensor, outermost first.</param>
    /// <param name="begin">Where it begins in the file.</param>
    public static Tensor Map(MappedFile file, string path, string name, DType type, IReadOnlyList<long> lengths, long begin, TensorScope scope, long firstRow, long? rows)
    {
        if (lengths.Count > Shape.MaximumRank || lengths.Any(length => length > int.MaxValue))
        {
            throw new InvalidDataException($"{path}: the tensor \"{SafeTensorInfo.Shorten(name)}\" is {SafeTensorInfo.Format(lengths)}, more than the {Shape.MaximumRank} axes below 2^31 that a tensor has.");
        }
        Span<int> axes = stackalloc int[lengths.Count];
        long rowElements = 1;
        for (int axis = 0; axis < axes.Length; axis++)
        {
            axes[axis] = (int)lengths[axis];
            rowElements *= axis == 0 ? 1 : lengths[axis];
        }
        if (axes.Length > 0)
        {
            long count = rows ?? lengths[0] - firstRow;
            ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
            ArgumentOutOfRangeException.ThrowIfNegative(count);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, lengths[0] - count);
            axes[0] = (int)count;
        }
        var shape = Shape.Create(axes);
        long start = begin + type.Bytes(firstRow * rowElements), bytes = type.Bytes(shape.ElementCount);
        nint address = file.Address(start, bytes);
        if (type.IsQuantized() || address % type.Size() == 0)
        {
            return scope.Adopt(address, shape, type);
        }
        Tensor copy = scope.Empty(shape, type);
        for (long done = 0; done < bytes; done += 1 << 30)
        {
            copy.WriteBytes(done, file.Bytes(start + done, (int)Math.Min(1 << 30, bytes - done)));
        }
        return copy;
    }
}
