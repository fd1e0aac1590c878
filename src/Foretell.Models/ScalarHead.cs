using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Models;

/// <summary>
/// One number for each token, read off a transformer's last hidden state: s = w · h + b. At an answer's end it is a reward
/// (Christiano et al. 2017); at every token, a value function.
/// </summary>
public sealed class ScalarHead : IDisposable
{
    private readonly Tensor _weight;
    private readonly Tensor _bias;

    /// <summary>A head that gives 0 everywhere until it is trained.</summary>
    /// <param name="channels">Of the hidden state.</param>
    /// <param name="training">Whether its parameters have gradients.</param>
    public ScalarHead(int channels, Device device, bool training)
    {
        Parameters = new ParameterStore(device, training);
        _weight = Parameters.Create("score.weight", ParameterKind.Matrix, [1, channels]);
        _bias = Parameters.Create("score.bias", ParameterKind.Vector, [1]);
    }

    public ParameterStore Parameters { get; }

    /// <summary>A number for each row.</summary>
    /// <param name="hidden">[rows, channels].</param>
    /// <returns>[rows, 1].</returns>
    public Tensor Forward(Tape tape, Tensor hidden) => tape.Linear(hidden, _weight, _bias);

    public void Dispose() => Parameters.Dispose();
}
