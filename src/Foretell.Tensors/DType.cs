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
}

/// <summary>Facts about element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType type) => type switch
    {
        DType.BFloat16 => 2,
        DType.Float64 => 8,
        _ => 4,
    };
}
