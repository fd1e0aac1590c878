using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels;

namespace Foretell.TestKit.Operations;

/// <summary>What an operation computed: its output, and the gradient of each operand's parameter.</summary>
public sealed record OperationResult(Shape Shape, double[] Output, double[][] Gradients);

/// <summary>
/// Runs an operation on one backend, contracts its output with fixed random numbers to a loss and goes back to the gradients.
/// Fresh memory is filled with NaN and guarded at its end, and all of it must have come back afterwards.
/// </summary>
public sealed class OperationRun : IDisposable
{
    private readonly Device _device;
    private readonly TensorScope _scope;
    private readonly IReadOnlyList<Operand> _operands;
    private readonly Func<Tape, Tensor[], Tensor> _build;
    private readonly Layout _layout;
    private readonly bool _isLoss;

    /// <param name="type">Float32, or Float64 where the backend computes in it.</param>
    /// <param name="isLoss">The output is a loss itself and is not contracted.</param>
    public OperationRun(IBackend backend, DType type, IReadOnlyList<Operand> operands, Func<Tape, Tensor[], Tensor> build, Layout layout = Layout.Packed, bool isLoss = false)
    {
        (_operands, _build, _layout, _isLoss) = (operands, build, layout, isLoss);
        _device = new Device(backend);
        _device.Memory.Guarded = true;
        _scope = new TensorScope(_device);
        Parameters = new Tensor[operands.Count];
        for (int i = 0; i < operands.Count; i++)
        {
            Shape shape = Stored(operands[i].Shape, layout);
            Parameters[i] = _scope.Empty(shape, type);
            Parameters[i].CopyFrom(operands[i].Values(new SeededRandom(7).Fork("operand", i), checked((int)shape.ElementCount)));
        }
    }

    /// <summary>The parameters behind the operands; larger than they where the layout leaves gaps.</summary>
    public Tensor[] Parameters { get; }

    /// <summary>The loss alone, without recording.</summary>
    public double Loss()
    {
        using var tape = new Tape(_device, recording: false);
        return ReadPacked(Contract(tape, _build(tape, Views(tape))))[0];
    }

    /// <summary>Output and gradients. Gradients are added to numbers that stand there before, as micro-batches do, which are then taken off again.</summary>
    /// <param name="before">The size of those numbers; 0 starts from zeros.</param>
    public OperationResult Run(double before = 0)
    {
        double[][] previous = new double[Parameters.Length][];
        for (int i = 0; i < Parameters.Length; i++)
        {
            Tensor gradient = _scope.Zeros(Parameters[i].Shape, Parameters[i].Type);
            gradient.CopyFrom(Values.Between(-before, before)(new SeededRandom(8).Fork("before", i), checked((int)gradient.Shape.ElementCount)));
            previous[i] = ReadPacked(gradient);
            Parameters[i].Gradient = gradient;
        }
        long live = _device.Memory.LiveBytes;
        double[] output;
        Shape shape;
        using (var tape = new Tape(_device))
        {
            Tensor result = _build(tape, Views(tape));
            shape = result.Shape;
            output = Read(tape, result);
            tape.Backward(Contract(tape, result));
        }
        Assert.Equal(live, _device.Memory.LiveBytes);
        double[][] gradients = new double[Parameters.Length][];
        for (int i = 0; i < Parameters.Length; i++)
        {
            gradients[i] = ReadPacked(Parameters[i].Gradient!);
            for (int e = 0; e < gradients[i].Length; e++)
            {
                gradients[i][e] -= previous[i][e];
            }
        }
        return new OperationResult(shape, output, gradients);
    }

    public void Dispose()
    {
        _scope.Dispose();
        Assert.Equal(0, _device.Memory.LiveBytes);
        _device.Dispose();
    }

    private Tensor[] Views(Tape tape)
    {
        var views = new Tensor[Parameters.Length];
        for (int i = 0; i < views.Length; i++)
        {
            Shape wanted = _operands[i].Shape;
            Tensor parameter = Parameters[i];
            int last = wanted.Rank - 1;
            views[i] = parameter.Shape == wanted && _layout != Layout.Transposed ? parameter : _layout switch
            {
                Layout.Transposed when last > 0 => tape.Transpose(parameter, last - 1, last),
                Layout.Cut when last > 0 => tape.Slice(parameter, last - 1, 1, wanted[last - 1]),
                _ => tape.Slice(parameter, last, 3, wanted[last]),
            };
        }
        return views;
    }

    private static Shape Stored(Shape wanted, Layout layout)
    {
        Span<int> lengths = stackalloc int[wanted.Rank];
        wanted.CopyTo(lengths);
        switch (layout)
        {
            case Layout.Packed:
                break;
            case Layout.Transposed when lengths.Length > 1:
                (lengths[^2], lengths[^1]) = (lengths[^1], lengths[^2]);
                break;
            case Layout.Cut when lengths.Length > 1:
                lengths[^2] += 3;
                break;
            default:
                lengths[^1] += 5;
                break;
        }
        return Shape.Create(lengths);
    }

    private Tensor Contract(Tape tape, Tensor output)
    {
        if (_isLoss)
        {
            return output;
        }
        Tensor direction = tape.Scope.Empty(output.Shape, output.Type);
        direction.CopyFrom(Values.AwayFromZero(0.2, 1)(new SeededRandom(9), checked((int)output.Shape.ElementCount)));
        return tape.Sum(tape.Multiply(output, direction));
    }

    private static double[] Read(Tape tape, Tensor tensor) => ReadPacked(tensor.IsContiguous ? tensor : tape.Scale(tensor, 1));

    private static double[] ReadPacked(Tensor tensor) => tensor.Type == DType.Float64
        ? tensor.Span<double>().ToArray()
        : Array.ConvertAll(tensor.ToArray(), value => (double)value);
}
