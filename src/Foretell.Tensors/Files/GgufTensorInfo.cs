namespace Foretell.Tensors.Files;

/// <summary>What a GGUF file says of one tensor.</summary>
/// <param name="Name">Unique in its file.</param>
/// <param name="Type">Of the elements.</param>
/// <param name="Shape">Extents, outermost first (the file lists them the other way), row-major; rows are whole blocks.</param>
/// <param name="ByteCount">Bytes of all blocks.</param>
/// <param name="Offset">Of the first byte, from the beginning of the file.</param>
public sealed record GgufTensorInfo(string Name, GgufType Type, IReadOnlyList<long> Shape, long ByteCount, long Offset);
