using Foretell.Tensors;

namespace Foretell.Nn.Optimizers;

/// <summary>Changes parameters against their gradients. What it remembers between steps has names, so that a checkpoint can keep it.</summary>
public abstract class Optimizer(Device device) : IDisposable
{
    private readonly TensorScope _scope = new(device);
    private readonly List<(string Name, Tensor Value)> _state = [];

    /// <summary>Everything remembered between steps.</summary>
    public virtual IReadOnlyList<(string Name, Tensor Value)> State => _state;

    protected Device Device { get; } = device;

    /// <summary>Makes one step.</summary>
    /// <param name="step">Steps made before, from 0.</param>
    /// <param name="rate">What every learning rate is multiplied by: the schedule's value, in [0, 1].</param>
    /// <param name="gradientScale">What every gradient is multiplied by: below 1 when clipped.</param>
    public abstract void Step(long step, double rate, double gradientScale);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _scope.Dispose();
        }
    }

    /// <summary>Zeros of a parameter's shape that last between steps.</summary>
    protected Tensor Remember(string name, Shape shape)
    {
        Tensor value = _scope.Zeros(shape);
        _state.Add((name, value));
        return value;
    }
}
