using System.Globalization;

namespace Foretell.Tensors.Files;

/// <summary>What a safetensors header says of one tensor.</summary>
/// <param name="Name">Unique in its file.</param>
/// <param name="DType">The format's own name of the element type: "F32", "BF16", "F16", "I64", ...</param>
/// <param name="Shape">Extents, outermost first, row-major; empty for a scalar.</param>
/// <param name="ByteCount">Product of the extents times the element size.</param>
public sealed record SafeTensorInfo(string Name, string DType, IReadOnlyList<long> Shape, long ByteCount)
{
    /// <summary>Bits an element of <paramref name="dtype"/> takes, or null when the format has no such type.</summary>
    public static int? BitsOf(string dtype) => dtype switch
    {
        "F4" => 4,
        "F6_E2M3" or "F6_E3M2" => 6,
        "BOOL" or "U8" or "I8" or "F8_E5M2" or "F8_E4M3" or "F8_E8M0" => 8,
        "I16" or "U16" or "F16" or "BF16" => 16,
        "I32" or "U32" or "F32" => 32,
        "I64" or "U64" or "F64" or "C64" => 64,
        _ => null,
    };

    /// <summary>Bytes that a tensor takes, or an error in words (the rest of a sentence that starts with the tensor's name).</summary>
    internal static (long Bytes, string? Error) SizeOf(string dtype, IReadOnlyList<long> shape)
    {
        if (BitsOf(dtype) is not int bits)
        {
            return (0, $"has the unknown element type \"{Shorten(dtype)}\"");
        }
        Int128 elements = 1;
        foreach (long extent in shape)
        {
            if (extent < 0)
            {
                return (0, $"has the negative extent {extent.ToString(CultureInfo.InvariantCulture)}");
            }
            elements *= extent;
            // Checked before the next factor, so that the product of two values below 2^63 never leaves 128 bits.
            if (elements > long.MaxValue / 64)
            {
                return (0, $"has the shape {Format(shape)}, which is more than any file can hold");
            }
        }
        long totalBits = (long)elements * bits;
        return totalBits % 8 == 0 ? (totalBits / 8, null) : (0, $"has the shape {Format(shape)} of {dtype}, which does not end on a whole byte");
    }

    internal static string Format(IReadOnlyList<long> shape) =>
        shape.Count <= 16
            ? "[" + string.Join(", ", shape.Select(extent => extent.ToString(CultureInfo.InvariantCulture))) + "]"
            : string.Create(CultureInfo.InvariantCulture, $"[of {shape.Count} axes]");

    /// <summary>Names come from the file: an error message quotes at most this much of them, on one line.</summary>
    internal static string Shorten(string text)
    {
        string part = text.Length <= 120 ? text : text[..117] + "...";
        return part.Any(char.IsControl) ? new string([.. part.Select(character => char.IsControl(character) ? '\uFFFD' : character)]) : part;
    }
}
