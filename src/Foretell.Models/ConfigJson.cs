using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels;

namespace Foretell.Models;

/// <summary>A <see cref="TransformerConfig"/> as Hugging Face's config.json, for the families gpt2, llama, qwen2 and qwen3.</summary>
public static class ConfigJson
{
    public const string FileName = "config.json";

    /// <exception cref="InvalidDataException">The file is no JSON object, or asks for what the transformer does not have.</exception>
    public static TransformerConfig Read(string path)
    {
        JsonObject json = JsonObjects.Read(path);
        string family = Text(json, "model_type") ?? throw Bad(path, "\"model_type\" is missing");
        TransformerConfig config = family switch
        {
            "gpt2" => ReadGpt2(path, json),
            "llama" or "qwen2" or "qwen3" => ReadLlamaFamily(path, json, family),
            _ => throw Bad(path, $"model_type \"{family}\" is not one of gpt2, llama, qwen2, qwen3"),
        };
        try
        {
            config.Validate();
        }
        catch (ArgumentException error)
        {
            throw Bad(path, error.Message.TrimEnd('.'));
        }
        return config;
    }

    /// <summary>The config.json that says all of <paramref name="config"/>.</summary>
    /// <param name="beginId">The id that begins a text; null when there is none.</param>
    /// <param name="endIds">The ids that end one.</param>
    /// <param name="type">What most weights are stored in.</param>
    public static byte[] Write(TransformerConfig config, int? beginId, IReadOnlyList<int> endIds, DType type = DType.Float32)
    {
        var json = new JsonObject();
        if (config.Architecture == "gpt2")
        {
            json["architectures"] = new JsonArray("GPT2LMHeadModel");
            json["model_type"] = "gpt2";
            json["vocab_size"] = config.VocabularySize;
            json["n_positions"] = config.ContextLength;
            json["n_ctx"] = config.ContextLength;
            json["n_embd"] = config.Channels;
            json["n_layer"] = config.Layers;
            json["n_head"] = config.Heads;
            json["n_inner"] = config.HiddenChannels;
            json["activation_function"] = config.Activation == UnaryFunction.GeluTanh ? "gelu_new" : "gelu";
            json["layer_norm_epsilon"] = Number(config.NormEpsilon);
        }
        else
        {
            json["architectures"] = new JsonArray(config.Architecture switch { "llama" => "LlamaForCausalLM", "qwen2" => "Qwen2ForCausalLM", _ => "Qwen3ForCausalLM" });
            json["model_type"] = config.Architecture;
            json["vocab_size"] = config.VocabularySize;
            json["hidden_size"] = config.Channels;
            json["num_hidden_layers"] = config.Layers;
            json["num_attention_heads"] = config.Heads;
            json["num_key_value_heads"] = config.KeyValueHeads;
            json["head_dim"] = config.HeadSize;
            json["intermediate_size"] = config.HiddenChannels;
            json["max_position_embeddings"] = config.ContextLength;
            json["rms_norm_eps"] = Number(config.NormEpsilon);
            json["rope_theta"] = config.RotaryBase;
            json["hidden_act"] = "silu";
            json["attention_bias"] = config.Architecture != "qwen2" && config.AttentionBias;
            json["use_sliding_window"] = false;
            if (config.RotaryScaling is Llama3RotaryScaling scaling)
            {
                json["rope_scaling"] = new JsonObject
                {
                    ["rope_type"] = "llama3",
                    ["factor"] = scaling.Factor,
                    ["low_freq_factor"] = scaling.LowFrequencyFactor,
                    ["high_freq_factor"] = scaling.HighFrequencyFactor,
                    ["original_max_position_embeddings"] = scaling.OriginalContext,
                };
            }
        }
        json["tie_word_embeddings"] = config.TiedHead;
        json["torch_dtype"] = type switch { DType.Float16 => "float16", DType.BFloat16 => "bfloat16", _ => "float32" };
        if (beginId is int begin)
        {
            json["bos_token_id"] = begin;
        }
        if (endIds.Count > 0)
        {
            json["eos_token_id"] = Ids(endIds);
        }
        return System.Text.Encoding.UTF8.GetBytes(json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    /// <summary>One id as a number, several as a list.</summary>
    internal static JsonNode Ids(IReadOnlyList<int> ids) => ids.Count == 1 ? ids[0] : new JsonArray([.. ids.Select(id => (JsonNode)id)]);

    private static TransformerConfig ReadGpt2(string path, JsonObject json)
    {
        int channels = Positive(path, json, "n_embd");
        int heads = Positive(path, json, "n_head");
        string activation = Text(json, "activation_function") ?? "gelu_new";
        if (Flag(json, "scale_attn_weights") == false)
        {
            throw Bad(path, "attention without scaling (scale_attn_weights false) is not supported");
        }
        if (Flag(json, "scale_attn_by_inverse_layer_idx") == true)
        {
            throw Bad(path, "attention scaled by the layer's number (scale_attn_by_inverse_layer_idx) is not supported");
        }
        return TransformerConfig.Gpt2(Positive(path, json, "vocab_size"), Positive(path, json, "n_layer"), channels, heads, Positive(path, json, "n_positions")) with
        {
            HiddenChannels = Integer(json, "n_inner") ?? 4 * channels,
            NormEpsilon = (float)(Real(json, "layer_norm_epsilon") ?? 1e-5),
            Activation = activation switch
            {
                "gelu_new" or "gelu_pytorch_tanh" => UnaryFunction.GeluTanh,
                "gelu" => UnaryFunction.Gelu,
                "relu" => UnaryFunction.Relu,
                _ => throw Bad(path, $"activation_function \"{activation}\" is not one of gelu_new, gelu_pytorch_tanh, gelu, relu"),
            },
            TiedHead = Flag(json, "tie_word_embeddings") ?? true,
        };
    }

    private static TransformerConfig ReadLlamaFamily(string path, JsonObject json, string family)
    {
        int channels = Positive(path, json, "hidden_size");
        int heads = Positive(path, json, "num_attention_heads");
        if (Text(json, "hidden_act") is string activation && activation != "silu")
        {
            throw Bad(path, $"hidden_act \"{activation}\" is not silu");
        }
        if (Flag(json, "use_sliding_window") == true)
        {
            throw Bad(path, "sliding-window attention (use_sliding_window) is not supported");
        }
        foreach (JsonObject? place in new[] { json, json["rope_parameters"] as JsonObject, json["rope_scaling"] as JsonObject })
        {
            if (place?["partial_rotary_factor"] is JsonNode part && JsonObjects.Real(part) != 1)
            {
                throw Bad(path, $"rotary positions on a part of each head (partial_rotary_factor {part.ToJsonString()}) are not supported");
            }
        }
        return new TransformerConfig
        {
            Architecture = family,
            VocabularySize = Positive(path, json, "vocab_size"),
            Channels = channels,
            Layers = Positive(path, json, "num_hidden_layers"),
            Heads = heads,
            KeyValueHeads = Integer(json, "num_key_value_heads") ?? heads,
            HeadSize = Integer(json, "head_dim") ?? channels / heads,
            HiddenChannels = Positive(path, json, "intermediate_size"),
            ContextLength = Positive(path, json, "max_position_embeddings"),
            NormEpsilon = (float)(Real(json, "rms_norm_eps") ?? 1e-6),
            RotaryBase = Real(json, "rope_theta") ?? Real(json["rope_parameters"] as JsonObject, "rope_theta") ?? 10_000,
            RotaryScaling = ReadScaling(path, json),
            QueryKeyNorm = family == "qwen3",
            AttentionBias = family == "qwen2" || Flag(json, "attention_bias") == true,
            TiedHead = Flag(json, "tie_word_embeddings") ?? false,
        };
    }

    private static Llama3RotaryScaling? ReadScaling(string path, JsonObject json)
    {
        if ((json["rope_scaling"] ?? json["rope_parameters"]) is not JsonObject scaling)
        {
            return null;
        }
        string kind = Text(scaling, "rope_type") ?? Text(scaling, "type") ?? "default";
        return kind switch
        {
            "default" => null,
            "llama3" => new Llama3RotaryScaling(
                Real(scaling, "factor") ?? throw Bad(path, "rope_scaling lacks \"factor\""),
                Real(scaling, "low_freq_factor") ?? 1,
                Real(scaling, "high_freq_factor") ?? 4,
                Integer(scaling, "original_max_position_embeddings") ?? 8192),
            _ => throw Bad(path, $"rope_scaling of type \"{kind}\" is not supported (llama3 is)"),
        };
    }

    private static int Positive(string path, JsonObject json, string key) =>
        Integer(json, key) is int value and > 0 ? value : throw Bad(path, $"\"{key}\" must be a positive integer; it is {json[key]?.ToJsonString() ?? "missing"}");

    private static int? Integer(JsonObject json, string key) => JsonObjects.Integer(json[key]);

    private static double? Real(JsonObject? json, string key) => JsonObjects.Real(json?[key]);

    private static bool? Flag(JsonObject json, string key) => JsonObjects.Flag(json[key]);

    private static string? Text(JsonObject json, string key) => JsonObjects.Text(json[key]);

    /// <summary>A single as the double that prints like it: 1e-6, not 9.999999974752427e-07.</summary>
    private static double Number(float value) => double.Parse(value.ToString(System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);

    private static InvalidDataException Bad(string path, string complaint) => JsonObjects.Bad(path, complaint);
}
