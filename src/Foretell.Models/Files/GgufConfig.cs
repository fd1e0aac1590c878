using System.Globalization;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Tensors.Kernels;

namespace Foretell.Models.Files;

/// <summary>
/// A <see cref="TransformerConfig"/> in the metadata of a GGUF file, for the architectures llama, qwen2, qwen3 and gpt2, by the
/// keys that GGML's converter writes (<see href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md"/>).
/// </summary>
internal static class GgufConfig
{
    /// <summary>What the architectures are called.</summary>
    public const string Architectures = "llama, qwen2, qwen3, gpt2";

    /// <exception cref="InvalidDataException">A key is missing or asks for what the transformer does not have; the message names it.</exception>
    public static TransformerConfig Read(GgufFile file)
    {
        var keys = new Keys(file);
        TransformerConfig config = keys.Architecture switch
        {
            "gpt2" => ReadGpt2(keys),
            "llama" or "qwen2" or "qwen3" => ReadLlamaFamily(keys),
            string other => throw Bad(file.Path, $"its architecture \"{other}\" is not one of {Architectures}"),
        };
        try
        {
            config.Validate();
        }
        catch (ArgumentException error)
        {
            throw Bad(file.Path, error.Message.TrimEnd('.'));
        }
        return config;
    }

    /// <summary>Adds the keys that say all of <paramref name="config"/>.</summary>
    /// <exception cref="ArgumentException">The configuration has what no such file can say.</exception>
    public static void Write(TransformerConfig config, GgufMetadata metadata)
    {
        string prefix = config.Architecture + ".";
        metadata.Add(prefix + "vocab_size", (uint)config.VocabularySize)
            .Add(prefix + "context_length", (uint)config.ContextLength)
            .Add(prefix + "embedding_length", (uint)config.Channels)
            .Add(prefix + "block_count", (uint)config.Layers)
            .Add(prefix + "feed_forward_length", (uint)config.HiddenChannels)
            .Add(prefix + "attention.head_count", (uint)config.Heads)
            .Add(prefix + "attention.head_count_kv", (uint)config.KeyValueHeads);
        if (config.Architecture == "gpt2")
        {
            if (config.Activation != UnaryFunction.GeluTanh)
            {
                throw new ArgumentException($"GGUF's gpt2 has the activation GeluTanh alone; this model has {config.Activation}.");
            }
            metadata.Add(prefix + "attention.layer_norm_epsilon", config.NormEpsilon);
            return;
        }
        metadata.Add(prefix + "attention.layer_norm_rms_epsilon", config.NormEpsilon)
            .Add(prefix + "attention.key_length", (uint)config.HeadSize)
            .Add(prefix + "attention.value_length", (uint)config.HeadSize)
            .Add(prefix + "rope.dimension_count", (uint)config.HeadSize)
            .Add(prefix + "rope.freq_base", (float)config.RotaryBase);
    }

    private static TransformerConfig ReadGpt2(Keys keys)
    {
        TransformerConfig config = TransformerConfig.Gpt2(keys.Vocabulary, keys.Count("block_count"), keys.Count("embedding_length"), keys.Count("attention.head_count"), keys.Count("context_length"));
        return config with
        {
            HiddenChannels = keys.Count("feed_forward_length"),
            NormEpsilon = keys.Epsilon("attention.layer_norm_epsilon"),
            TiedHead = !keys.File.Contains(GgufNames.Head),
        };
    }

    private static TransformerConfig ReadLlamaFamily(Keys keys)
    {
        int channels = keys.Count("embedding_length"), heads = keys.Count("attention.head_count");
        int headSize = keys.CountOr("attention.key_length", channels / heads);
        keys.Refuse(keys.CountOr("attention.value_length", headSize) != headSize, "attention.value_length", "values of another length than keys");
        keys.Refuse(keys.CountOr("rope.dimension_count", headSize) != headSize, "rope.dimension_count", "rotary positions on a part of each head");
        keys.Refuse(keys.CountOr("expert_count", 0) != 0, "expert_count", "a mixture of experts");
        int context = keys.Count("context_length");
        int window = keys.CountOr("attention.sliding_window", 0);
        keys.Refuse(window != 0 && window < context, "attention.sliding_window", "attention over a sliding window");
        // llama.cpp takes a factor without a type as linear.
        string scaling = keys.Text("rope.scaling.type") ?? "linear";
        keys.Refuse(scaling != "none" && keys.Real("rope.scaling.factor") is not (null or 1), "rope.scaling.factor", $"rotary scaling of the type \"{scaling}\"");
        keys.Refuse(keys.Real("rope.scale_linear") is not (null or 1), "rope.scale_linear", "linear rotary scaling");
        double frequencyBase = keys.Real("rope.freq_base") ?? 10_000;
        return new TransformerConfig
        {
            Architecture = keys.Architecture,
            VocabularySize = keys.Vocabulary,
            Channels = channels,
            Layers = keys.Count("block_count"),
            Heads = heads,
            KeyValueHeads = keys.CountOr("attention.head_count_kv", heads),
            HeadSize = headSize,
            HiddenChannels = keys.Count("feed_forward_length"),
            ContextLength = context,
            NormEpsilon = keys.Epsilon("attention.layer_norm_rms_epsilon"),
            Positions = keys.Architecture == "llama" ? PositionKind.RotaryInterleaved : PositionKind.Rotary,
            RotaryBase = frequencyBase,
            RotaryScaling = ReadScaling(keys, headSize, frequencyBase),
            QueryKeyNorm = keys.Architecture == "qwen3",
            AttentionBias = keys.Architecture == "qwen2" || keys.File.Contains("blk.0.attn_q.bias"),
            TiedHead = !keys.File.Contains(GgufNames.Head),
        };
    }

    private static Llama3RotaryScaling? ReadScaling(Keys keys, int headSize, double frequencyBase)
    {
        if (!keys.File.Contains(GgufNames.RotaryDivisors))
        {
            return null;
        }
        long count = keys.File.ShapeOf(GgufNames.RotaryDivisors).Aggregate(1L, (product, extent) => product * extent);
        if (count != headSize / 2 || keys.File.TypeOf(GgufNames.RotaryDivisors) != DType.Float32)
        {
            throw Bad(keys.File.Path, string.Create(CultureInfo.InvariantCulture, $"the tensor \"{GgufNames.RotaryDivisors}\" has {count} elements where {headSize / 2} of F32 were expected"));
        }
        float[] divisors = new float[count];
        ElementConversion.ToSingle(DType.Float32, keys.File.Bytes(GgufNames.RotaryDivisors, 0, sizeof(float) * divisors.Length), divisors);
        return divisors.All(divisor => divisor == 1) ? null
            : RotaryDivisors.Scaling(divisors, headSize, frequencyBase)
            ?? throw Bad(keys.File.Path, $"the rotary frequencies of \"{GgufNames.RotaryDivisors}\" are not stretched by Llama 3.1's rule, which is the one that is supported");
    }

    private static InvalidDataException Bad(string path, string complaint) => new($"{path}: {complaint}.");

    /// <summary>The keys of the file's architecture.</summary>
    private sealed class Keys
    {
        public Keys(GgufFile file)
        {
            File = file;
            Architecture = file.Metadata.Text(GgufMetadata.Architecture) ?? throw Bad(file.Path, $"the metadata \"{GgufMetadata.Architecture}\" is missing");
        }

        public GgufFile File { get; }

        public string Architecture { get; }

        /// <summary>The embedding's rows: what the metadata says of them is not always there.</summary>
        public int Vocabulary => File.Contains(GgufNames.TokenEmbedding) && File.ShapeOf(GgufNames.TokenEmbedding) is [long rows and <= int.MaxValue, _]
            ? (int)rows
            : throw Bad(File.Path, $"there is no tensor \"{GgufNames.TokenEmbedding}\" of two axes");

        public int Count(string key) => (int)(File.Metadata.Integer($"{Architecture}.{key}", 1) ?? throw Missing(key));

        public int CountOr(string key, int otherwise) => (int)(File.Metadata.Integer($"{Architecture}.{key}") ?? otherwise);

        public double? Real(string key) => File.Metadata.Real($"{Architecture}.{key}");

        public string? Text(string key) => File.Metadata.Text($"{Architecture}.{key}");

        public float Epsilon(string key) => (float)(Real(key) ?? throw Missing(key));

        public void Refuse(bool condition, string key, string what)
        {
            if (condition)
            {
                throw Bad(File.Path, $"the metadata \"{Architecture}.{key}\" asks for {what}, which is not supported");
            }
        }

        private InvalidDataException Missing(string key) => Bad(File.Path, $"the metadata \"{Architecture}.{key}\" is missing");
    }
}
