using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Autograd;

/// <content>Plumbing for <see cref="Derivatives"/>: how a computed gradient reaches its tensor.</content>
public sealed partial class Tape
{
    /// <summary>Contributes a gradient made for this purpose; it becomes the tensor's own when it is the first.</summary>
    internal void Contribute(Tensor tensor, Tensor gradient)
    {
        if (!Wants(tensor))
        {
            _scope.Release(gradient);
            return;
        }
        if (tensor.Gradient is null && !_gradients.ContainsKey(tensor))
        {
            _gradients[tensor] = new GradientSlot(new GradientBuffer(gradient));
            return;
        }
        Tensor destination = Into(tensor, out bool accumulate);
        Backend.Copy(gradient.Strided(), destination.Strided(), 1, accumulate);
        _scope.Release(gradient);
    }

    /// <summary>Contributes sign · (the gradient of a result that the tensor was repeated to), summed over what repeated.</summary>
    internal void ContributeReduced(Tensor tensor, Tensor gradient, Tensor output, float sign)
    {
        if (!Wants(tensor))
        {
            return;
        }
        if (tensor.Shape == output.Shape && sign == 1 && ReferenceEquals(gradient, GradientOf(output)))
        {
            Share(tensor, output);
            return;
        }
        if (tensor.Shape == gradient.Shape)
        {
            Tensor destination = Into(tensor, out bool accumulate);
            Backend.Copy(gradient.Strided(), destination.Strided(), sign, accumulate);
            return;
        }
        Tensor signed = gradient;
        if (sign != 1)
        {
            signed = New(gradient.Shape, gradient.Type);
            Backend.Copy(gradient.Strided(), signed.Strided(), sign, accumulate: false);
        }
        Backend.AddReduced(signed.Strided(), IntoZeroed(tensor).BroadcastTo(gradient.Shape).Strided());
    }

    /// <inheritdoc cref="ContributeReduced(Tensor, Tensor, Tensor, float)"/>
    internal void ContributeReduced(Tensor tensor, Func<Tensor> gradient, Tensor output, float sign)
    {
        if (Wants(tensor))
        {
            Tensor made = gradient();
            ContributeReduced(tensor, made, output, sign);
            _scope.Release(made);
        }
    }

    /// <summary>Broadcasting arithmetic that is not remembered.</summary>
    internal Tensor Plain(BinaryFunction function, Tensor a, Tensor b)
    {
        Shape shape = BroadcastShape(function, a.Shape, b.Shape);
        Tensor result = New(shape, a.Type);
        Backend.Combine(function, a.BroadcastTo(shape).Strided(), b.BroadcastTo(shape).Strided(), result.Strided());
        return result;
    }
}
