namespace Foretell.Tokenizers;

/// <summary>The names that GGUF files have for split patterns (tokenizer.ggml.pre), as GGML reads them.</summary>
/// <param name="Name">The name that is written.</param>
/// <param name="PreTokenizer">The cuts it stands for.</param>
/// <param name="IsLlama3">Whether words that are tokens are not merged, and texts begin with a token of their own.</param>
/// <param name="Normalization">What the tokenizers of this name do to text first, which the files do not say.</param>
internal sealed record GgmlSplitPattern(string Name, PreTokenizer PreTokenizer, bool IsLlama3 = false, TextNormalization Normalization = TextNormalization.None)
{
    private static readonly PreTokenizer s_digitsApart = new SequencePreTokenizer([PreTokenizer.FromPattern(@"\p{N}"), PreTokenizer.Gpt2]);

    private static readonly GgmlSplitPattern s_gpt2 = new("gpt-2", PreTokenizer.Gpt2);
    private static readonly GgmlSplitPattern s_llama3 = new("llama-bpe", PreTokenizer.Cl100k, IsLlama3: true);
    private static readonly GgmlSplitPattern s_dbrx = new("dbrx", PreTokenizer.Cl100k);
    private static readonly GgmlSplitPattern s_qwen2 = new("qwen2", PreTokenizer.Qwen2, Normalization: TextNormalization.Nfc);
    private static readonly GgmlSplitPattern s_stableLm2 = new("stablelm2", PreTokenizer.Qwen2);
    private static readonly GgmlSplitPattern s_gpt4o = new("gpt-4o", PreTokenizer.O200k);
    private static readonly GgmlSplitPattern s_smolLm = new("smollm", s_digitsApart);

    private static readonly GgmlSplitPattern[] s_written = [s_gpt2, s_llama3, s_dbrx, s_qwen2, s_stableLm2, s_gpt4o, s_smolLm];

    /// <summary>The pattern of a name, or null where there is none.</summary>
    public static GgmlSplitPattern? Find(string name) => name switch
    {
        "gpt-2" or "gpt2" or "phi-2" or "olmo" or "mpt" or "jais" => s_gpt2,
        "llama-bpe" or "llama3" or "llama-v3" or "falcon3" => s_llama3,
        "dbrx" or "smaug-bpe" => s_dbrx,
        "qwen2" or "deepseek-r1-qwen" => s_qwen2,
        "stablelm2" => s_stableLm2,
        "gpt-4o" => s_gpt4o,
        "smollm" or "starcoder" or "refact" or "command-r" or "codeshell" or "exaone" => s_smolLm,
        // What files from before the names mean, and those whose writer did not know better.
        "default" => new("default", new SequencePreTokenizer(
        [
            PreTokenizer.FromPattern(@"[\p{P}\$\+<=>\^~\|]+"),
            PreTokenizer.Gpt2,
            PreTokenizer.FromPattern(@"\p{N}+"),
            PreTokenizer.FromPattern("[0-9][0-9][0-9]"),
        ])),
        _ => null,
    };

    /// <summary>The name of a tokenizer's rules, or null where no name stands for them.</summary>
    public static GgmlSplitPattern? Of(BytePairRules rules, bool hasMerges) => hasMerges
        ? Array.Find(s_written, pattern => Same(pattern.PreTokenizer, rules.PreTokenizer) && pattern.IsLlama3 == rules.IgnoresMerges && pattern.Normalization == rules.Normalization)
        // Without merges it does not matter where words end.
        : rules.Normalization == TextNormalization.None ? s_gpt2 : null;

    public static string Names => string.Join(", ", s_written.Select(pattern => pattern.Name)) + ", default";

    private static bool Same(PreTokenizer left, PreTokenizer right) =>
        left.Steps.Select(step => step.Pattern).SequenceEqual(right.Steps.Select(step => step.Pattern), StringComparer.Ordinal);
}
