using System.Runtime.InteropServices;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Models.Files;

/// <summary>A model's parameters as the tensors of the files that it is published in.</summary>
internal static class PublishedTensors
{
    /// <summary>In Hugging Face's names and layout.</summary>
    /// <param name="typeOf">The type of a parameter in the file: Float32, Float16 or BFloat16.</param>
    /// <param name="written">Told of each parameter that was written, with what it was rounded by.</param>
    public static IEnumerable<SafeTensorSource> HuggingFace(Transformer model, Func<Parameter, DType> typeOf, Action<Parameter, RoundingError>? written = null) => model.Config.Architecture == "gpt2"
        ? Gpt2Layout.Sources(model, typeOf, written)
        : model.Parameters.All.Select(parameter =>
        {
            DType type = typeOf(parameter);
            return new SafeTensorSource(parameter.Name, SafeTensorName(type), Lengths(parameter.Value.Shape), stream =>
            {
                var rows = new ParameterRows(parameter, type, Order(model.Config, parameter, wantsNeighbours: false));
                rows.WriteTo(stream);
                written?.Invoke(parameter, rows.Error);
            });
        });

    /// <summary>In GGUF's names and layout, in the order of the model.</summary>
    /// <inheritdoc cref="HuggingFace"/>
    public static List<GgufTensorSource> Gguf(Transformer model, Func<Parameter, DType> typeOf, Action<Parameter, RoundingError>? written = null)
    {
        TransformerConfig config = model.Config;
        var sources = new List<GgufTensorSource>();
        foreach (IGrouping<string, Parameter> tensor in model.Parameters.All.GroupBy(parameter => GgufNames.Place(parameter.Name, config.Architecture).Name))
        {
            Parameter first = tensor.First();
            DType type = typeOf(first);
            long[] lengths = Lengths(first.Value.Shape);
            lengths[0] *= tensor.Count();
            sources.Add(new GgufTensorSource(tensor.Key, type, lengths, stream =>
            {
                foreach (Parameter part in tensor)
                {
                    var rows = new ParameterRows(part, type, Order(config, part, wantsNeighbours: true));
                    rows.WriteTo(stream);
                    written?.Invoke(part, rows.Error);
                }
            }));
        }
        if (config.RotaryScaling is Llama3RotaryScaling scaling)
        {
            float[] divisors = RotaryDivisors.Of(scaling, config.HeadSize, config.RotaryBase);
            sources.Add(new GgufTensorSource(GgufNames.RotaryDivisors, DType.Float32, [divisors.Length], stream => stream.Write(MemoryMarshal.AsBytes(divisors.AsSpan()))));
        }
        return sources;
    }

    /// <summary>The format's name of a type.</summary>
    /// <exception cref="ArgumentException">Safetensors hold no such elements.</exception>
    public static string SafeTensorName(DType type) => type switch
    {
        DType.Float32 => "F32",
        DType.Float16 => "F16",
        DType.BFloat16 => "BF16",
        _ => throw new ArgumentException($"Safetensors hold no blocks of {type}; write a GGUF file, or choose f32, f16 or bf16."),
    };

    public static long[] Lengths(Shape shape)
    {
        long[] lengths = new long[shape.Rank];
        for (int axis = 0; axis < lengths.Length; axis++)
        {
            lengths[axis] = shape[axis];
        }
        return lengths;
    }

    private static Func<long, long>? Order(TransformerConfig config, Parameter parameter, bool wantsNeighbours)
    {
        bool hasNeighbours = config.Positions == PositionKind.RotaryInterleaved;
        return hasNeighbours == wantsNeighbours || !RotaryRows.Concerns(config, parameter.Name) ? null
            : wantsNeighbours ? row => RotaryRows.HalvesFromNeighbours(row, config.HeadSize)
            : row => RotaryRows.NeighboursFromHalves(row, config.HeadSize);
    }
}
