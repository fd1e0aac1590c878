namespace Foretell.Tensors;

/// <summary>Owns the memory of the tensors made in it and gives it all back when disposed. Not safe to use from several threads at once.</summary>
public sealed class TensorScope(Device device) : IDisposable
{
    private readonly HashSet<Storage> _owned = [];
    private bool _disposed;

    public Device Device { get; } = device;

    /// <summary>A tensor with unspecified contents.</summary>
    public Tensor Empty(Shape shape, DType type = DType.Float32)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        NeedWholeBlocks(shape, type);
        var storage = new Storage(Device, type.Bytes(shape.ElementCount));
        _owned.Add(storage);
        return new Tensor(storage, 0, type, shape);
    }

    /// <summary>A tensor over memory that is someone else's and is only read, such as a mapped file's.</summary>
    /// <param name="pointer">The first byte; it stays valid until this scope has been disposed.</param>
    /// <param name="shape">Rows of whole blocks where <paramref name="type"/> is quantized.</param>
    public Tensor Adopt(nint pointer, Shape shape, DType type)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        NeedWholeBlocks(shape, type);
        var storage = new Storage(Device, pointer, type.Bytes(shape.ElementCount));
        _owned.Add(storage);
        return new Tensor(storage, 0, type, shape);
    }

    private static void NeedWholeBlocks(Shape shape, DType type)
    {
        if (shape.ElementCount > 0 && type.IsQuantized() && shape.Last % type.BlockLength() != 0)
        {
            throw new ArgumentException($"Rows of {type} are whole blocks of {type.BlockLength()}; {shape} has rows of {shape.Last}.");
        }
    }

    /// <summary>A tensor of zeros.</summary>
    public Tensor Zeros(Shape shape, DType type = DType.Float32)
    {
        Tensor tensor = Empty(shape, type);
        tensor.Clear();
        return tensor;
    }

    /// <summary>A tensor that holds a copy of <paramref name="values"/> in row-major order.</summary>
    public Tensor From(ReadOnlySpan<float> values, Shape shape)
    {
        Tensor tensor = Empty(shape);
        tensor.CopyFrom(values);
        return tensor;
    }

    /// <summary>A tensor of integers.</summary>
    public Tensor From(ReadOnlySpan<int> values, Shape shape)
    {
        Tensor tensor = Empty(shape, DType.Int32);
        values.CopyTo(tensor.Span<int>());
        return tensor;
    }

    /// <summary>Gives one tensor's memory back before the scope ends; it and its views must not be used again.</summary>
    public void Release(Tensor tensor)
    {
        if (_owned.Remove(tensor.Storage))
        {
            tensor.Storage.Free();
        }
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (Storage storage in _owned)
        {
            storage.Free();
        }
        _owned.Clear();
    }
}
