namespace Foretell.Tensors;

/// <summary>What a tensor's elements are.</summary>
public enum DType
{
    /// <summary>IEEE single precision, 4 bytes.</summary>
    Float32,

    /// <summary>The upper half of a single: 8 bits of exponent, 7 of fraction, 2 bytes.</summary>
    BFloat16,

    /// <summary>Signed integers, 4 bytes: token ids and indices.</summary>
    Int32,

    /// <summary>IEEE double precision, 8 bytes: only the reference kernels compute in it, to check derivatives.</summary>
    Float64,

    /// <summary>IEEE half precision, 2 bytes: weights as published, read by products and lookups alone.</summary>
    Float16,

    /// <summary>GGML's blocks of 32 signed bytes under one half-precision scale, 34 bytes: weights [out, in] alone, blocks along in.</summary>
    Q8_0,

    /// <summary>GGML's blocks of 32 four-bit numbers under one half-precision scale, 18 bytes.</summary>
    Q4_0,

    /// <summary>GGML's super-blocks of 256 four-bit numbers: eight sub-blocks with six-bit scales and minima under two half-precision scales, 144 bytes.</summary>
    Q4_K,

    /// <summary>GGML's super-blocks of 256 six-bit numbers: sixteen sub-blocks with eight-bit scales under one half-precision scale, 210 bytes.</summary>
    Q6_K,
}

/// <summary>Facts about element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    /// <exception cref="ArgumentException">The type is quantized: only whole blocks have a size.</exception>
    public static int Size(this DType type) => type switch
    {
        DType.BFloat16 or DType.Float16 => 2,
        DType.Float64 => 8,
        DType.Float32 or DType.Int32 => 4,
        _ => throw new ArgumentException($"An element of {type} has no size of its own; {type.BlockLength()} have {type.BlockBytes()} bytes."),
    };

    /// <summary>Whether elements share scales by block.</summary>
    public static bool IsQuantized(this DType type) => type >= DType.Q8_0;

    /// <summary>Elements that stand together: 1 unless quantized.</summary>
    public static int BlockLength(this DType type) => type switch
    {
        DType.Q8_0 or DType.Q4_0 => 32,
        DType.Q4_K or DType.Q6_K => 256,
        _ => 1,
    };

    /// <summary>Bytes of <see cref="BlockLength"/> elements.</summary>
    public static int BlockBytes(this DType type) => type switch
    {
        DType.Q8_0 => 34,
        DType.Q4_0 => 18,
        DType.Q4_K => 144,
        DType.Q6_K => 210,
        _ => type.Size(),
    };

    /// <summary>Bytes of a row of <paramref name="elements"/> elements, which are whole blocks.</summary>
    public static long Bytes(this DType type, long elements) => type.IsQuantized()
        ? elements / type.BlockLength() * type.BlockBytes()
        : elements * type.Size();
}
