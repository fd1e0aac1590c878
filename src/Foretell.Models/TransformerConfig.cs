using System.Globalization;
using Foretell.Nn;
using Foretell.Tensors.Kernels;

namespace Foretell.Models;

/// <summary>How each block normalises its input.</summary>
public enum NormKind
{
    RmsNorm,
    LayerNorm,
}

/// <summary>How a model knows the order of tokens.</summary>
public enum PositionKind
{
    /// <summary>Rotated queries and keys, elements i and i + headSize / 2 paired.</summary>
    Rotary,

    /// <summary>Rotated queries and keys, neighbouring elements paired.</summary>
    RotaryInterleaved,

    /// <summary>A learned vector a position, added to the token's.</summary>
    Learned,
}

/// <summary>
/// The shape of a <see cref="Transformer"/>. The defaults are Qwen3's choices at a small size; <see cref="Gpt2"/>,
/// <see cref="Llama"/>, <see cref="Qwen2"/> and <see cref="Qwen3"/> set the choices of the published families.
/// </summary>
public sealed record TransformerConfig
{
    /// <summary>Beyond what any model has: larger numbers are those of a damaged file.</summary>
    private const int LargestWidth = 1 << 26;

    private const int MostLayers = 1 << 14;

    /// <summary>Attention holds a head's elements on the stack; published models have at most 512.</summary>
    private const int LargestHead = 1 << 12;

    /// <summary>"qwen3", "qwen2", "llama" or "gpt2": the family whose published form the model is saved in.</summary>
    public string Architecture { get; init; } = "qwen3";

    /// <summary>Number of token ids.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public int Channels { get; init; } = 256;

    /// <summary>Number of blocks.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Query heads.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Key and value heads; divides <see cref="Heads"/>.</summary>
    public int KeyValueHeads { get; init; } = 4;

    /// <summary>Elements of a head, at most 4096; even for rotary positions.</summary>
    public int HeadSize { get; init; } = 64;

    /// <summary>Width inside the feed-forward part.</summary>
    public int HiddenChannels { get; init; } = 704;

    /// <summary>The most tokens a sequence has.</summary>
    public int ContextLength { get; init; } = 256;

    public NormKind Norm { get; init; } = NormKind.RmsNorm;

    /// <summary>What norms add under the root.</summary>
    public float NormEpsilon { get; init; } = 1e-6f;

    public PositionKind Positions { get; init; } = PositionKind.Rotary;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RotaryBase { get; init; } = 10_000;

    /// <summary>Llama 3.1's stretching of the frequencies, or null.</summary>
    public Llama3RotaryScaling? RotaryScaling { get; init; }

    /// <summary>Whether the feed-forward part is gated (SwiGLU); otherwise it applies <see cref="Activation"/>.</summary>
    public bool Gated { get; init; } = true;

    /// <summary>The function of the feed-forward part when it is not gated.</summary>
    public UnaryFunction Activation { get; init; } = UnaryFunction.GeluTanh;

    /// <summary>Whether queries and keys are RMS-normalised by head (Henry et al. 2020).</summary>
    public bool QueryKeyNorm { get; init; } = true;

    /// <summary>Biases on queries, keys and values.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Biases on the attention's output and in the feed-forward part.</summary>
    public bool ProjectionBias { get; init; }

    /// <summary>Whether the head is the token embedding.</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>Probability of dropping an element of a block's output while training; in [0, 1).</summary>
    public float Dropout { get; init; }

    /// <summary>Number of trained numbers, by the formula; a test holds it against the model itself.</summary>
    public long ParameterCount
    {
        get
        {
            long norm = Norm == NormKind.LayerNorm ? 2L * Channels : Channels;
            long embeddings = (long)VocabularySize * Channels * (TiedHead ? 1 : 2) + (Positions == PositionKind.Learned ? (long)ContextLength * Channels : 0);
            long biases = (AttentionBias ? (Heads + 2 * KeyValueHeads) * HeadSize : 0) + (ProjectionBias ? Channels + HiddenChannels * (Gated ? 2 : 1) + Channels : 0);
            long block = 2 * norm + MatrixParametersPerLayer + biases + (QueryKeyNorm ? 2 * HeadSize : 0);
            return embeddings + Layers * block + norm;
        }
    }

    /// <summary>Trained numbers in the blocks' matrices.</summary>
    public long MatrixParameters => Layers * MatrixParametersPerLayer;

    /// <summary>Operations to train on one token: 6 a matrix parameter (the head's among them) and the attention over a full context, both directions.</summary>
    public double TrainingOperationsPerToken => 6.0 * (MatrixParameters + (long)VocabularySize * Channels) + 12.0 * Layers * Heads * HeadSize * ContextLength / 2;

    private long MatrixParametersPerLayer => (long)Channels * HeadSize * (2 * Heads + 2 * KeyValueHeads) + (long)Channels * HiddenChannels * (Gated ? 3 : 2);

    /// <summary>GPT-2's choices (Radford et al. 2019).</summary>
    public static TransformerConfig Gpt2(int vocabulary = 50257, int layers = 12, int channels = 768, int heads = 12, int context = 1024) => new()
    {
        Architecture = "gpt2",
        VocabularySize = vocabulary,
        Channels = channels,
        Layers = layers,
        Heads = heads,
        KeyValueHeads = heads,
        HeadSize = channels / heads,
        HiddenChannels = 4 * channels,
        ContextLength = context,
        Norm = NormKind.LayerNorm,
        NormEpsilon = 1e-5f,
        Positions = PositionKind.Learned,
        Gated = false,
        Activation = UnaryFunction.GeluTanh,
        QueryKeyNorm = false,
        AttentionBias = true,
        ProjectionBias = true,
    };

    /// <summary>Llama's choices (Touvron et al. 2023) on this configuration's sizes.</summary>
    public TransformerConfig Llama() => this with { Architecture = "llama", QueryKeyNorm = false, AttentionBias = false, ProjectionBias = false, Norm = NormKind.RmsNorm, Positions = PositionKind.Rotary, Gated = true };

    /// <summary>Qwen2's choices: Llama's with biases on queries, keys and values.</summary>
    public TransformerConfig Qwen2() => Llama() with { Architecture = "qwen2", AttentionBias = true };

    /// <summary>Qwen3's choices: Llama's with normalised queries and keys.</summary>
    public TransformerConfig Qwen3() => Llama() with { Architecture = "qwen3", QueryKeyNorm = true };

    /// <summary>Throws one sentence that names the first setting that does not fit.</summary>
    /// <exception cref="ArgumentException">A setting is out of range or contradicts another.</exception>
    public void Validate()
    {
        Require(VocabularySize > 0, $"the vocabulary must have at least 1 id; it has {VocabularySize}");
        Require(Channels > 0 && Layers > 0 && HiddenChannels > 0 && ContextLength > 0, $"channels ({Channels}), layers ({Layers}), hidden channels ({HiddenChannels}) and context length ({ContextLength}) must all be positive");
        Require(Math.Max(VocabularySize, Math.Max(Channels, HiddenChannels)) <= LargestWidth && Layers <= MostLayers, $"the vocabulary ({VocabularySize}), channels ({Channels}) and hidden channels ({HiddenChannels}) are at most {LargestWidth}, and layers ({Layers}) at most {MostLayers}");
        Require(Heads > 0 && KeyValueHeads > 0 && Heads % KeyValueHeads == 0, $"{Heads} heads cannot share {KeyValueHeads} key-value heads evenly");
        Require(HeadSize > 0 && (Positions == PositionKind.Learned || HeadSize % 2 == 0), $"rotary positions need an even head size; it is {HeadSize}");
        Require(HeadSize <= LargestHead, $"a head has at most {LargestHead} elements; the head size is {HeadSize}");
        Require((long)Heads * HeadSize <= LargestWidth, $"{Heads} heads of {HeadSize} elements are more than {LargestWidth}");
        Require(float.IsFinite(NormEpsilon) && NormEpsilon >= 0 && double.IsFinite(RotaryBase) && RotaryBase > 0, $"the norms' epsilon ({NormEpsilon}) must be at least 0 and the rotary base ({RotaryBase}) above 0");
        Require(Dropout is >= 0 and < 1, $"dropout must be in [0, 1); it is {Dropout}");
        if (RotaryScaling is Llama3RotaryScaling scaling)
        {
            Require(double.IsFinite(scaling.Factor) && scaling.Factor >= 1, string.Create(CultureInfo.InvariantCulture, $"the rotary scaling's factor must be at least 1; it is {scaling.Factor}"));
            Require(scaling.LowFrequencyFactor > 0 && scaling.HighFrequencyFactor > scaling.LowFrequencyFactor && double.IsFinite(scaling.HighFrequencyFactor), string.Create(CultureInfo.InvariantCulture, $"the rotary scaling's high-frequency factor ({scaling.HighFrequencyFactor}) must be above its low-frequency factor ({scaling.LowFrequencyFactor}), and that above 0"));
            Require(scaling.OriginalContext > 0, string.Create(CultureInfo.InvariantCulture, $"the rotary scaling's original context must be positive; it is {scaling.OriginalContext}"));
        }
    }

    private static void Require(bool condition, string complaint)
    {
        if (!condition)
        {
            throw new ArgumentException($"model configuration: {complaint}.");
        }
    }
}
