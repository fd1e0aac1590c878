using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Models.Files;

/// <summary>A model's parameters in a GGUF file.</summary>
internal sealed class GgufWeights(GgufFile file, string architecture) : MappedWeights(file)
{
    public override Tensor Take(string name, ParameterKind kind, Shape shape, TensorScope scope)
    {
        (string published, int part, int parts) = GgufNames.Place(name, architecture);
        return Rows(published, name, kind, shape, scope, part, parts);
    }

    /// <summary>The divisors are part of the configuration.</summary>
    protected override bool MayIgnore(string name) => name == GgufNames.RotaryDivisors;
}
