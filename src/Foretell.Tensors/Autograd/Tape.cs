using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Autograd;

/// <summary>
/// Runs operations at once and remembers them, so that <see cref="Backward"/> can go back over them and add each
/// parameter's gradient to its <see cref="Tensor.Gradient"/>. Everything that a tape makes is freed with it.
/// The operations stand in the other parts of this class, their derivatives all in <see cref="Derivatives"/>.
/// </summary>
public sealed partial class Tape : IDisposable
{
    private readonly TensorScope _scope;
    private readonly List<Step> _steps = [];
    private readonly HashSet<Tensor> _tracked = [];
    private readonly Dictionary<Tensor, GradientSlot> _gradients = [];
    private readonly HashSet<Tensor> _contributedForward = [];
    private bool _wentBack;

    /// <param name="recording">False runs the same operations without remembering: for inference.</param>
    public Tape(Device device, bool recording = true)
    {
        Device = device;
        Recording = recording;
        _scope = new TensorScope(device);
    }

    public Device Device { get; }

    public bool Recording { get; }

    /// <summary>The memory of everything made on this tape.</summary>
    public TensorScope Scope => _scope;

    internal IBackend Backend => Device.Backend;

    /// <summary>Adds d<paramref name="loss"/>/dp to the gradient of every parameter p that it depends on; the loss is a single number. Only once a tape.</summary>
    public void Backward(Tensor loss)
    {
        if (loss.Shape.ElementCount != 1)
        {
            throw new ArgumentException($"backward: starts from a single number; it was given {loss}.");
        }
        if (!_tracked.Contains(loss))
        {
            throw new InvalidOperationException("backward: the loss depends on no parameter that requires a gradient, or the tape was not recording.");
        }
        if (_wentBack)
        {
            throw new InvalidOperationException("backward: this tape has already been gone back over; record the operations again on a new one.");
        }
        _wentBack = true;
        Tensor one = _scope.Empty(loss.Shape, loss.Type);
        one.CopyFrom([1]);
        _gradients[loss] = new GradientSlot(new GradientBuffer(one));
        for (int i = _steps.Count - 1; i >= 0; i--)
        {
            Step step = _steps[i];
            bool reached = false;
            foreach (Tensor output in step.Outputs)
            {
                if (output.RequiresGradient)
                {
                    throw new InvalidOperationException($"backward: {output} was given a Gradient but is the result of an operation; only a leaf (a parameter) keeps one.");
                }
                reached |= _gradients.ContainsKey(output);
            }
            if (!reached)
            {
                continue;
            }
            step.Derive();
            foreach (Tensor output in step.Outputs)
            {
                _contributedForward.Remove(output);
                if (_gradients.Remove(output, out GradientSlot? slot))
                {
                    Drop(slot.Buffer);
                }
            }
        }
        _steps.Clear();
        if (_contributedForward.Count > 0)
        {
            throw new InvalidOperationException("backward: the tape holds a head cross-entropy that the loss does not depend on, and whose weight has already been given its gradient; record such a term on a tape of its own.");
        }
    }

    public void Dispose()
    {
        _steps.Clear();
        _gradients.Clear();
        _scope.Dispose();
    }

    /// <summary>Whether a gradient with respect to <paramref name="tensor"/> is wanted.</summary>
    internal bool Wants(Tensor? tensor) => tensor is not null && (tensor.RequiresGradient || _tracked.Contains(tensor));

    /// <summary>The gradient that has reached an output; null when none has.</summary>
    internal Tensor? GradientOf(Tensor output) => _gradients.TryGetValue(output, out GradientSlot? slot) ? slot.Buffer.Tensor : null;

    /// <summary>Where to put a contribution to <paramref name="tensor"/>'s gradient, and whether to add to what is there.</summary>
    internal Tensor Into(Tensor tensor, out bool accumulate)
    {
        accumulate = true;
        if (tensor.Gradient is Tensor leaf)
        {
            return leaf;
        }
        if (_gradients.TryGetValue(tensor, out GradientSlot? slot))
        {
            if (slot.Buffer.Owners > 1)
            {
                // Someone else still reads these values as its own gradient.
                Tensor copy = _scope.Empty(tensor.Shape, tensor.Type);
                Backend.Copy(slot.Buffer.Tensor.Strided(), copy.Strided(), 1, accumulate: false);
                slot.Buffer.Owners--;
                slot.Buffer = new GradientBuffer(copy);
            }
            return slot.Buffer.Tensor;
        }
        accumulate = false;
        Tensor fresh = _scope.Empty(tensor.Shape, tensor.Type);
        _gradients[tensor] = new GradientSlot(new GradientBuffer(fresh));
        return fresh;
    }

    /// <summary>As <see cref="Into"/>, with zeros to add to when nothing is there yet.</summary>
    internal Tensor IntoZeroed(Tensor tensor)
    {
        Tensor gradient = Into(tensor, out bool accumulate);
        if (!accumulate)
        {
            gradient.Clear();
        }
        return gradient;
    }

    /// <summary>Contributes an output's whole gradient, unchanged, to an input of the same number of elements; shares the memory where it can.</summary>
    internal void Share(Tensor input, Tensor output)
    {
        if (!Wants(input))
        {
            return;
        }
        GradientBuffer source = _gradients[output].Buffer;
        if (input.Gradient is null && !_gradients.ContainsKey(input) && input.Shape == output.Shape)
        {
            source.Owners++;
            _gradients[input] = new GradientSlot(source);
            return;
        }
        Tensor destination = Into(input, out bool accumulate);
        Backend.Copy(source.Tensor.Reshaped(input.Shape).Strided(), destination.Strided(), 1, accumulate);
    }

    /// <summary>Refuses operands that are not numbers to compute with. Kernels trust the types that they are told.</summary>
    private static void NeedNumbers(string operation, params ReadOnlySpan<Tensor?> operands)
    {
        foreach (Tensor? operand in operands)
        {
            if (operand is { Type: DType.Int32 })
            {
                throw new ArgumentException($"{operation}: {operand} holds integers; wanted floating-point numbers.");
            }
            if (operand is not null && (operand.Type == DType.Float16 || operand.Type.IsQuantized()))
            {
                throw new ArgumentException($"{operation}: {operand} is a type that weights alone may have; wanted Float32, BFloat16 or Float64.");
            }
        }
    }

    /// <summary>Refuses weights that are not numbers, and quantized ones where a derivative would be asked through them.</summary>
    private void NeedWeight(string operation, Tensor weight, Tensor? x = null)
    {
        if (weight.Type == DType.Int32)
        {
            throw new ArgumentException($"{operation}: {weight} holds integers; wanted floating-point numbers or quantized weights.");
        }
        if (weight.Type.IsQuantized() && Recording && (Wants(weight) || Wants(x)))
        {
            throw new ArgumentException($"{operation}: quantized weights {weight} have no derivatives; use a tape that does not record, or weights in Float32 or BFloat16.");
        }
    }

    /// <summary>Refuses operands whose element types differ or that only matrix products read (bfloat16).</summary>
    private static void NeedAlike(string operation, params ReadOnlySpan<Tensor?> operands)
    {
        DType type = operands[0]!.Type;
        foreach (Tensor? operand in operands)
        {
            if (operand is not null && (operand.Type != type || type is not (DType.Float32 or DType.Float64)))
            {
                throw new ArgumentException($"{operation}: computes between tensors of one type, Float32 or Float64; it was given {operands[0]} and {operand}. Cast first.");
            }
        }
    }

    /// <summary>Refuses a constant operand (indices, tables, weights of rows) of another type than its kernel reads.</summary>
    private static void NeedType(string operation, string name, Tensor operand, DType type)
    {
        if (operand.Type != type)
        {
            throw new ArgumentException($"{operation}: {name} must be {type}; it was {operand}.");
        }
    }

    /// <summary>A tensor of unspecified contents that lives as long as the tape.</summary>
    internal Tensor New(Shape shape, DType type) => _scope.Empty(shape, type);

    /// <summary>Remembers an operation, when a gradient could be asked through it.</summary>
    private Tensor Record(Tensor output, ReadOnlySpan<Tensor?> inputs, Action derive)
    {
        Record([output], inputs, derive);
        return output;
    }

    private void Record(Tensor[] outputs, ReadOnlySpan<Tensor?> inputs, Action derive)
    {
        if (!Recording)
        {
            return;
        }
        foreach (Tensor? input in inputs)
        {
            if (Wants(input))
            {
                foreach (Tensor output in outputs)
                {
                    _tracked.Add(output);
                }
                _steps.Add(new Step(outputs, derive));
                return;
            }
        }
    }

    /// <summary>The tensor as rows, from a copy when its strides do not allow it.</summary>
    internal MatrixView Rows(Tensor? tensor)
    {
        if (tensor is null)
        {
            return MatrixView.None;
        }
        if (tensor.TryRows(out MatrixView rows))
        {
            return rows;
        }
        Tensor copy = New(tensor.Shape, tensor.Type);
        Backend.Copy(tensor.Strided(), copy.Strided(), 1, accumulate: false);
        copy.TryRows(out rows);
        return rows;
    }

    private void Drop(GradientBuffer buffer)
    {
        if (--buffer.Owners == 0)
        {
            _scope.Release(buffer.Tensor);
        }
    }

    private sealed record Step(Tensor[] Outputs, Action Derive);

    private sealed class GradientBuffer(Tensor tensor)
    {
        public Tensor Tensor { get; } = tensor;

        public int Owners { get; set; } = 1;
    }

    private sealed class GradientSlot(GradientBuffer buffer)
    {
        public GradientBuffer Buffer { get; set; } = buffer;
    }
}
