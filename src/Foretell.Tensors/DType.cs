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
}

/// <summary>Facts about element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType type) => type == DType.BFloat16 ? 2 : 4;
}
