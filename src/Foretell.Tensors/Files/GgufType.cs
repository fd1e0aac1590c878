namespace Foretell.Tensors.Files;

/// <summary>An element type of GGUF tensors.</summary>
/// <param name="Id">Its number in the file.</param>
/// <param name="Name">Its name in GGML's tools: "F32", "Q4_K", ...</param>
/// <param name="BlockLength">Elements that stand together.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
/// <param name="Type">The type that tensors have here, or null where Foretell does not compute with it.</param>
public sealed record GgufType(int Id, string Name, int BlockLength, int BlockBytes, DType? Type = null)
{
    /// <summary>Every type that files may hold (<see href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md"/>); those that were withdrawn are left out.</summary>
    private static readonly GgufType[] s_all =
    [
        new(0, "F32", 1, 4, DType.Float32),
        new(1, "F16", 1, 2, DType.Float16),
        new(2, "Q4_0", 32, 18, DType.Q4_0),
        new(3, "Q4_1", 32, 20),
        new(6, "Q5_0", 32, 22),
        new(7, "Q5_1", 32, 24),
        new(8, "Q8_0", 32, 34, DType.Q8_0),
        new(9, "Q8_1", 32, 36),
        new(10, "Q2_K", 256, 84),
        new(11, "Q3_K", 256, 110),
        new(12, "Q4_K", 256, 144, DType.Q4_K),
        new(13, "Q5_K", 256, 176),
        new(14, "Q6_K", 256, 210, DType.Q6_K),
        new(15, "Q8_K", 256, 292),
        new(16, "IQ2_XXS", 256, 66),
        new(17, "IQ2_XS", 256, 74),
        new(18, "IQ3_XXS", 256, 98),
        new(19, "IQ1_S", 256, 50),
        new(20, "IQ4_NL", 32, 18),
        new(21, "IQ3_S", 256, 110),
        new(22, "IQ2_S", 256, 82),
        new(23, "IQ4_XS", 256, 136),
        new(24, "I8", 1, 1),
        new(25, "I16", 1, 2),
        new(26, "I32", 1, 4),
        new(27, "I64", 1, 8),
        new(28, "F64", 1, 8),
        new(29, "IQ1_M", 256, 56),
        new(30, "BF16", 1, 2, DType.BFloat16),
        new(34, "TQ1_0", 256, 54),
        new(35, "TQ2_0", 256, 66),
        new(39, "MXFP4", 32, 17),
    ];

    /// <summary>The type of a number, or null where there is none.</summary>
    public static GgufType? Of(uint id) => Array.Find(s_all, type => type.Id == id);

    /// <summary>The type that tensors of <paramref name="type"/> are written as.</summary>
    /// <exception cref="ArgumentException">GGUF files hold no such elements.</exception>
    public static GgufType Of(DType type) => Array.Find(s_all, candidate => candidate.Type == type)
        ?? throw new ArgumentException($"GGUF files hold no tensors of {type}; convert them first.");

    /// <summary>The names of the types that Foretell computes with, for messages.</summary>
    public static string Readable => string.Join(", ", s_all.Where(type => type.Type is not null).Select(type => type.Name));
}
