using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Nn;

/// <summary>The keys and values of one sequence's tokens so far, by layer, so that each further token costs one row.</summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly TensorScope _scope;
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;

    /// <param name="layers">Number of layers.</param>
    /// <param name="capacity">Tokens that fit.</param>
    /// <param name="width">keyValueHeads × headSize.</param>
    public KeyValueCache(Device device, int layers, int capacity, int width)
    {
        _scope = new TensorScope(device);
        Capacity = capacity;
        _keys = new Tensor[layers];
        _values = new Tensor[layers];
        for (int layer = 0; layer < layers; layer++)
        {
            _keys[layer] = _scope.Empty([capacity, width]);
            _values[layer] = _scope.Empty([capacity, width]);
        }
    }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Tokens whose keys and values are complete in every layer.</summary>
    public int Length { get; private set; }

    /// <summary>Writes new rows behind the others and returns all of the layer's, [Length + rows, width] each.</summary>
    public (Tensor Keys, Tensor Values) Append(Tape tape, int layer, Tensor keys, Tensor values)
    {
        int rows = keys.Shape.RowCount;
        if (Length + rows > Capacity)
        {
            throw new InvalidOperationException($"The cache holds {Capacity} tokens; {Length} are in it and {rows} more do not fit.");
        }
        tape.CopyInto(keys, tape.Slice(_keys[layer], 0, Length, rows));
        tape.CopyInto(values, tape.Slice(_values[layer], 0, Length, rows));
        return (tape.Slice(_keys[layer], 0, 0, Length + rows), tape.Slice(_values[layer], 0, 0, Length + rows));
    }

    /// <summary>Says that <paramref name="tokens"/> more tokens went through every layer.</summary>
    public void Advance(int tokens) => Length += tokens;

    /// <summary>Forgets all tokens from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    public void Dispose() => _scope.Dispose();
}
