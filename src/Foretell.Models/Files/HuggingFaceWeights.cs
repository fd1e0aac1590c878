using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Models.Files;

/// <summary>A model's parameters in a Hugging Face folder's safetensors.</summary>
internal sealed class HuggingFaceWeights(ISafeTensors file, TransformerConfig config) : MappedWeights(file)
{
    public override Tensor Take(string name, ParameterKind kind, Shape shape, TensorScope scope)
    {
        if (config.Architecture != "gpt2")
        {
            return Rows(name, name, kind, shape, scope);
        }
        (string published, int part, int parts) = Gpt2Layout.Place(name);
        published = File.Contains(published) ? published : $"transformer.{published}";
        if (kind != ParameterKind.Matrix)
        {
            return Rows(published, name, kind, shape, scope, part, parts);
        }
        // Stored [in, out]: the only weights that are copied, to be turned.
        Require(published, name, [shape[1], (long)shape[0] * parts]);
        Tensor value = scope.Empty(shape, File.TypeOf(published));
        value.CopyFrom(Gpt2Layout.Turned(Floats(published), shape, part, parts));
        return value;
    }

    /// <summary>Constants that older files carry, and a head that is said to be the embedding.</summary>
    protected override bool MayIgnore(string name) =>
        name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
        || (config.Architecture == "gpt2" && (name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attn.masked_bias", StringComparison.Ordinal)))
        || (config.TiedHead && name == "lm_head.weight");
}
