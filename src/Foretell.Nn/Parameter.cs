using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Nn;

/// <summary>What a parameter is, which decides its optimizer and its weight decay.</summary>
public enum ParameterKind
{
    /// <summary>A linear map [out, in] inside the model: Muon's, or AdamW's with weight decay.</summary>
    Matrix,

    /// <summary>A table of rows by id (tokens, positions) or an untied head: AdamW's.</summary>
    Embedding,

    /// <summary>A gain or bias: AdamW's, without weight decay.</summary>
    Vector,
}

/// <summary>A named tensor that training changes.</summary>
public sealed record Parameter(string Name, ParameterKind Kind, Tensor Value)
{
    /// <summary>The gradient that backpropagation adds to.</summary>
    /// <exception cref="InvalidOperationException">The parameter was made for inference.</exception>
    public Tensor Gradient => Value.Gradient ?? throw new InvalidOperationException($"{Name} has no gradient: its model was made for inference.");
}

/// <summary>Gives a model its parameters where they lie already, such as in a mapped file, instead of letting it make them.</summary>
public interface IParameterSource : IDisposable
{
    /// <summary>The values of a parameter, only to be read.</summary>
    /// <param name="scope">Owns what has to be copied; values that are not copied outlive it.</param>
    /// <returns>Of the shape <paramref name="shape"/>, in any type that products and lookups read; vectors in single precision.</returns>
    /// <exception cref="InvalidDataException">There are none of this name, or of another shape.</exception>
    Tensor Take(string name, ParameterKind kind, Shape shape, TensorScope scope);
}

/// <summary>Makes and owns a model's parameters, in the order in which they are asked for.</summary>
/// <param name="device">Where they live.</param>
/// <param name="training">Whether they have gradients.</param>
/// <param name="type">Float32; BFloat16 for inference in half the memory; Float64 to check the others, on the reference kernels.</param>
/// <param name="source">Where the values come from, for inference; null for new ones. Disposed with the store.</param>
public sealed class ParameterStore(Device device, bool training, DType type = DType.Float32, IParameterSource? source = null) : IDisposable
{
    private readonly TensorScope _scope = new(device);
    private readonly List<Parameter> _parameters = [];
    private readonly Dictionary<string, Parameter> _byName = [];
    private readonly List<(Tensor Value, Tensor Alias)> _secondUses = [];

    public Device Device { get; } = device;

    public IReadOnlyList<Parameter> All => _parameters;

    /// <summary>Number of trained numbers.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            foreach (Parameter parameter in _parameters)
            {
                count += parameter.Value.Shape.ElementCount;
            }
            return count;
        }
    }

    private DType GradientType => type == DType.Float64 ? DType.Float64 : DType.Float32;

    /// <summary>A new parameter, of the source's values where there is a source, else of zeros; beside bfloat16 matrices vectors stay in single precision.</summary>
    public Tensor Create(string name, ParameterKind kind, Shape shape)
    {
        Tensor value = source?.Take(name, kind, shape, _scope) ?? _scope.Zeros(shape, kind == ParameterKind.Vector && type == DType.BFloat16 ? DType.Float32 : type);
        value.Storage.IsPersistent = true;
        if (training)
        {
            value.Gradient = _scope.Zeros(shape, GradientType);
        }
        var parameter = new Parameter(name, kind, value);
        _parameters.Add(parameter);
        _byName.Add(name, parameter);
        return value;
    }

    /// <summary>
    /// A second use of a parameter (a tied head), whose gradient is collected apart and added to the parameter's own by
    /// <see cref="CollectGradients"/>: so each runs on token by token, and micro-batches add up to the large batch's bits.
    /// </summary>
    public Tensor SecondUse(Tensor value)
    {
        Tensor alias = value.Alias();
        if (training)
        {
            alias.Gradient = _scope.Zeros(value.Shape, GradientType);
            _secondUses.Add((value, alias));
        }
        return alias;
    }

    /// <summary>Adds the gradients of second uses to their parameters', once a step, after its last micro-batch.</summary>
    public void CollectGradients()
    {
        using var tape = new Tape(Device, recording: false);
        foreach ((Tensor value, Tensor alias) in _secondUses)
        {
            tape.CopyInto(tape.Add(value.Gradient!, alias.Gradient!), value.Gradient!);
        }
    }

    /// <summary>The parameter of a name; null when there is none.</summary>
    public Parameter? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Sets every gradient to zero, as before each step.</summary>
    public void ClearGradients()
    {
        foreach (Parameter parameter in _parameters)
        {
            parameter.Gradient.Clear();
        }
        foreach ((_, Tensor alias) in _secondUses)
        {
            alias.Gradient!.Clear();
        }
    }

    public void Dispose()
    {
        _scope.Dispose();
        source?.Dispose();
    }
}
