using Foretell.Models.Files;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Models;

/// <summary>
/// GPT-2's published tensors: other names, maps stored [in, out] instead of [out, in], and queries, keys and values in one map.
/// </summary>
internal static class Gpt2Layout
{
    /// <summary>Fills one of our parameters from the published tensor that holds it, with or without the prefix "transformer.".</summary>
    public static bool TryLoad(TransformerConfig config, ISafeTensors file, Parameter parameter)
    {
        (string published, int part, int parts) = Place(parameter.Name);
        string name = file.Contains(published) ? published : $"transformer.{published}";
        if (!file.Contains(name))
        {
            return false;
        }
        float[] values = ModelFolder.Floats(file, file.Info(name));
        Tensor target = parameter.Value;
        if (values.LongLength != target.Shape.ElementCount * parts)
        {
            throw new InvalidDataException($"{name} is [{string.Join(", ", file.Info(name).Shape)}] in the file; the configuration wants {parts} × {target.Shape} for {parameter.Name}.");
        }
        int outputs = target.Shape[0];
        if (target.Shape.Rank == 1)
        {
            target.CopyFrom(values.AsSpan(part * outputs, outputs));
        }
        else
        {
            target.CopyFrom(parameter.Kind == ParameterKind.Matrix ? Turned(values, target.Shape, part, parts) : values);
        }
        return true;
    }

    /// <summary>One part of a map stored [in, parts × out], as [out, in].</summary>
    public static float[] Turned(ReadOnlySpan<float> values, Shape shape, int part, int parts)
    {
        (int outputs, int inputs) = (shape[0], shape[1]);
        float[] turned = new float[(long)outputs * inputs];
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < inputs; i++)
            {
                turned[o * inputs + i] = values[i * outputs * parts + part * outputs + o];
            }
        }
        return turned;
    }

    /// <summary>All tensors in the published names and layout, one at a time in memory.</summary>
    public static IEnumerable<SafeTensorSource> Sources(Transformer model, Func<Parameter, DType> typeOf, Action<Parameter, RoundingError>? written)
    {
        foreach (IGrouping<string, Parameter> tensor in model.Parameters.All.GroupBy(parameter => Place(parameter.Name).Name))
        {
            Parameter[] members = [.. tensor];
            Parameter first = members[0];
            DType type = typeOf(first);
            long[] lengths = PublishedTensors.Lengths(first.Value.Shape);
            if (first.Kind != ParameterKind.Matrix)
            {
                lengths[0] *= members.Length;
                yield return new SafeTensorSource($"transformer.{tensor.Key}", PublishedTensors.SafeTensorName(type), lengths, stream =>
                {
                    foreach (Parameter member in members)
                    {
                        var rows = new ParameterRows(member, type);
                        rows.WriteTo(stream);
                        written?.Invoke(member, rows.Error);
                    }
                });
                continue;
            }
            (int outputs, int inputs) = (first.Value.Shape[0], first.Value.Shape[1]);
            yield return new SafeTensorSource($"transformer.{tensor.Key}", PublishedTensors.SafeTensorName(type), [inputs, (long)outputs * members.Length], stream =>
            {
                WriteTurned(stream, [.. members.Select(member => member.Value.ToArray())], outputs, inputs, type, first.Name);
                foreach (Parameter member in members)
                {
                    written?.Invoke(member, default);
                }
            });
        }
    }

    /// <summary>Maps [out, in] side by side as [in, maps × out].</summary>
    private static void WriteTurned(Stream stream, float[][] maps, int outputs, int inputs, DType type, string name)
    {
        float[] row = new float[outputs * maps.Length];
        byte[] bytes = new byte[type.Bytes(row.Length)];
        for (int i = 0; i < inputs; i++)
        {
            for (int map = 0; map < maps.Length; map++)
            {
                for (int o = 0; o < outputs; o++)
                {
                    row[map * outputs + o] = maps[map][(long)o * inputs + i];
                }
            }
            ElementConversion.FromSingle(type, row, bytes);
            if (!ScaleCheck.AllFinite(type, bytes))
            {
                throw new InvalidDataException($"{name} holds numbers too large for {type}; keep it in a wider type.");
            }
            stream.Write(bytes);
        }
    }

    /// <summary>Where a parameter of ours lies: the published tensor, which part of it, of how many.</summary>
    public static (string Name, int Part, int Parts) Place(string ours)
    {
        string name = ours.Replace("model.layers.", "h.", StringComparison.Ordinal);
        foreach ((string from, string to, int part, int parts) in Renamings)
        {
            if (name.Contains(from, StringComparison.Ordinal))
            {
                return (name.Replace(from, to, StringComparison.Ordinal), part, parts);
            }
        }
        return (name, 0, 1);
    }

    private static readonly (string From, string To, int Part, int Parts)[] Renamings =
    [
        ("model.embed_tokens", "wte", 0, 1),
        ("model.embed_positions", "wpe", 0, 1),
        ("model.norm", "ln_f", 0, 1),
        ("self_attn.q_proj", "attn.c_attn", 0, 3),
        ("self_attn.k_proj", "attn.c_attn", 1, 3),
        ("self_attn.v_proj", "attn.c_attn", 2, 3),
        ("self_attn.o_proj", "attn.c_proj", 0, 1),
        ("post_attention_layernorm", "ln_2", 0, 1),
        ("input_layernorm", "ln_1", 0, 1),
        ("mlp.up_proj", "mlp.c_fc", 0, 1),
        ("mlp.down_proj", "mlp.c_proj", 0, 1),
    ];
}
