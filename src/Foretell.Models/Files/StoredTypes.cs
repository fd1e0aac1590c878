using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Models.Files;

/// <summary>
/// Which type each tensor gets in a converted file. The rules are llama.cpp's where it has them: vectors and position tables
/// in single precision; beside four-bit blocks a head (or an embedding that is also the head) in Q6_K; rows that are not
/// whole blocks in the next type that fits, which is Q8_0 and then F16. Its mixtures of several types by layer are left out.
/// </summary>
internal static class StoredTypes
{
    /// <summary>For a GGUF file.</summary>
    /// <param name="wanted">What matrices are to be; null for what they are.</param>
    public static DType Gguf(TransformerConfig config, Parameter parameter, DType? wanted)
    {
        bool isPosition = parameter.Name == "model.embed_positions.weight";
        if (parameter.Kind == ParameterKind.Vector || (isPosition && wanted is not null))
        {
            return DType.Float32;
        }
        DType type = wanted ?? parameter.Value.Type;
        bool isHead = parameter.Name == (config.TiedHead ? "model.embed_tokens.weight" : "lm_head.weight");
        if (wanted is DType.Q4_0 or DType.Q4_K && isHead)
        {
            type = DType.Q6_K;
        }
        int row = parameter.Value.Shape.Last;
        return row % type.BlockLength() == 0 ? type
            : type.BlockLength() > DType.Q8_0.BlockLength() && row % DType.Q8_0.BlockLength() == 0 ? DType.Q8_0
            : DType.Float16;
    }

    /// <summary>For safetensors: blocks become singles, which hold them exactly, and vectors take the matrices' type where that loses nothing.</summary>
    public static Func<Parameter, DType> HuggingFace(Transformer model, DType? wanted)
    {
        DType matrices = MostBytes(model.Parameters.All.Where(parameter => parameter.Kind != ParameterKind.Vector), parameter => Plain(wanted ?? parameter.Value.Type));
        return parameter => parameter.Kind != ParameterKind.Vector ? Plain(wanted ?? parameter.Value.Type)
            : wanted is not null || IsExact(parameter.Value, matrices) ? matrices
            : DType.Float32;
    }

    /// <summary>The type that most bytes have, which the file is named after.</summary>
    public static DType MostBytes(IEnumerable<Parameter> parameters, Func<Parameter, DType> typeOf) =>
        parameters.GroupBy(typeOf).OrderByDescending(group => group.Sum(parameter => group.Key.Bytes(parameter.Value.Shape.ElementCount))).First().Key;

    /// <summary>GGML's number for a file of mostly this type (general.file_type).</summary>
    public static uint FileType(DType type) => type switch
    {
        DType.Float32 => 0,
        DType.Float16 => 1,
        DType.Q4_0 => 2,
        DType.Q8_0 => 7,
        DType.Q4_K => 14,
        DType.Q6_K => 18,
        _ => 32,
    };

    private static DType Plain(DType type) => type.IsQuantized() ? DType.Float32 : type;

    private static bool IsExact(Tensor vector, DType type)
    {
        float[] values = vector.ToArray(), back = new float[values.Length];
        byte[] bytes = new byte[type.Bytes(values.Length)];
        ElementConversion.FromSingle(type, values, bytes);
        ElementConversion.ToSingle(type, bytes, back);
        return values.AsSpan().SequenceEqual(back);
    }
}
