namespace Foretell.Tokenizers;

/// <summary>
/// Cuts text into the words within which byte-pair merges happen. The published split patterns have scanners written
/// by hand, which allocate nothing and take time linear in the text; tests hold them equal to the patterns themselves.
/// </summary>
public abstract class PreTokenizer
{
    /// <summary>GPT-2's pattern, also that of r50k, p50k and most byte-level tokenizers trained since.</summary>
    public static PreTokenizer Gpt2 { get; } = new Gpt2PreTokenizer();

    /// <summary>The pattern of cl100k (GPT-4) and of Llama 3: numbers in groups of up to three digits.</summary>
    public static PreTokenizer Cl100k { get; } = new Cl100kPreTokenizer(maximumDigits: 3);

    /// <summary>The pattern of Qwen 2 and Qwen 3: as <see cref="Cl100k"/>, each digit alone.</summary>
    public static PreTokenizer Qwen2 { get; } = new Cl100kPreTokenizer(maximumDigits: 1);

    /// <summary>The pattern of o200k (GPT-4o): words split where the case changes.</summary>
    public static PreTokenizer O200k { get; } = new O200kPreTokenizer();

    /// <summary>No pattern: the whole text is one word.</summary>
    public static PreTokenizer None { get; } = new WholeText();

    private static readonly PreTokenizer[] Known = [Gpt2, Cl100k, Qwen2, O200k];

    /// <summary>The regular expression that this cuts by; empty for <see cref="None"/>.</summary>
    public abstract string Pattern { get; }

    /// <summary>Appends the end (exclusive, in bytes, ascending, the last equal to the text's length) of every word of <paramref name="utf8"/> to <paramref name="wordEnds"/>.</summary>
    public abstract void Split(ReadOnlySpan<byte> utf8, List<int> wordEnds);

    /// <summary>The steps this consists of, each applied to the words of the one before.</summary>
    internal virtual IReadOnlyList<PreTokenizer> Steps => [this];

    /// <summary>Whether text may be cut before a space that stands between two ASCII letters without changing its words.</summary>
    internal virtual bool CutsBeforeSpace => true;

    /// <summary>The pre-tokenizer of a published pattern, else one that runs <paramref name="pattern"/> as a regular expression, more slowly.</summary>
    /// <exception cref="FormatException">.NET's regular expressions cannot run the pattern.</exception>
    public static PreTokenizer FromPattern(string pattern) =>
        pattern.Length == 0 ? None
        : Array.Find(Known, known => known.Pattern == pattern)
        ?? (PreTokenizer)new RegexPreTokenizer(pattern);

    /// <summary>The pre-tokenizer called gpt2, cl100k, llama3, qwen2, qwen3, o200k or none.</summary>
    /// <exception cref="ArgumentException">No such name.</exception>
    public static PreTokenizer FromName(string name) => name.ToLowerInvariant() switch
    {
        "gpt2" => Gpt2,
        "cl100k" or "cl100k_base" or "llama3" => Cl100k,
        "qwen2" or "qwen3" => Qwen2,
        "o200k" or "o200k_base" => O200k,
        "none" => None,
        _ => throw new ArgumentException($"There is no split pattern '{name}'; choose gpt2, cl100k, llama3, qwen2, qwen3, o200k or none."),
    };

    private sealed class WholeText : PreTokenizer
    {
        public override string Pattern => "";

        internal override bool CutsBeforeSpace => false;

        public override void Split(ReadOnlySpan<byte> utf8, List<int> wordEnds)
        {
            if (utf8.Length > 0)
            {
                wordEnds.Add(utf8.Length);
            }
        }
    }
}
