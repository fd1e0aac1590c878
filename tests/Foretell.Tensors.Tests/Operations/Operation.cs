using Foretell.Tensors.Autograd;
using Foretell.TestKit.Operations;

namespace Foretell.Tensors.Tests.Operations;

/// <summary>A row of the table of operations: what every backend is tested on.</summary>
/// <param name="Name">Unique; the operation first, then the sizes.</param>
/// <param name="Operands">The differentiable inputs; integers and constants are made by the builder.</param>
/// <param name="Build">Runs the operation.</param>
public sealed record Operation(string Name, Operand[] Operands, Func<Tape, Tensor[], Tensor> Build)
{
    /// <summary>The output is a loss itself: its gradients are those for a loss gradient of exactly 1.</summary>
    public bool IsLoss { get; init; }

    /// <summary>The largest error in single precision, as a share of the array's largest element.</summary>
    public double Tolerance { get; init; } = 1e-5;

    /// <summary>Whether it stands on matrix products, whose operands a bfloat16 backend rounds.</summary>
    public bool MultipliesMatrices { get; init; }
}
