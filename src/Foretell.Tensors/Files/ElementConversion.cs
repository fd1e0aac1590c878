using System.Runtime.InteropServices;

namespace Foretell.Tensors.Files;

/// <summary>Elements as they lie in files, to and from single precision.</summary>
public static class ElementConversion
{
    /// <param name="bytes">Little-endian elements, or whole blocks.</param>
    /// <param name="values">As many as the bytes hold.</param>
    /// <exception cref="ArgumentException">The type holds no weights, or the lengths differ.</exception>
    public static void ToSingle(DType type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        NeedLength(type, bytes.Length, values.Length);
        switch (type)
        {
            case DType.Float32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
                break;
            case DType.Float16:
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = (float)halves[i];
                }
                break;
            case DType.BFloat16:
                ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = BFloat16Bits.ToSingle(bits[i]);
                }
                break;
            default:
                QuantizedBlocks.Dequantize(type, bytes, values);
                break;
        }
    }

    /// <param name="values">In row-major order, whole blocks.</param>
    /// <param name="bytes">As many as the values take.</param>
    /// <exception cref="ArgumentException">The type holds no weights, or the lengths differ.</exception>
    public static void FromSingle(DType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        NeedLength(type, bytes.Length, values.Length);
        switch (type)
        {
            case DType.Float32:
                values.CopyTo(MemoryMarshal.Cast<byte, float>(bytes));
                break;
            case DType.Float16:
                Span<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < values.Length; i++)
                {
                    halves[i] = (Half)values[i];
                }
                break;
            case DType.BFloat16:
                Span<ushort> bits = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < values.Length; i++)
                {
                    bits[i] = BFloat16Bits.From(values[i]);
                }
                break;
            default:
                QuantizedBlocks.Quantize(type, values, bytes);
                break;
        }
    }

    private static void NeedLength(DType type, int bytes, int values)
    {
        if (values % type.BlockLength() != 0 || bytes != type.Bytes(values))
        {
            throw new ArgumentException($"{values} values of {type} are {type.Bytes(values)} bytes in whole blocks of {type.BlockLength()}; {bytes} bytes were given.");
        }
    }
}
