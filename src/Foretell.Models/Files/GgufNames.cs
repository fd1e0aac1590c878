namespace Foretell.Models.Files;

/// <summary>GGUF's names of a transformer's tensors, as GGML's converter gives them.</summary>
internal static class GgufNames
{
    /// <summary>What every rotary frequency is divided by, [headSize / 2]: how Llama 3.1's stretching is written.</summary>
    public const string RotaryDivisors = "rope_freqs.weight";

    public const string TokenEmbedding = "token_embd.weight";

    public const string Head = "output.weight";

    private static readonly (string From, string To)[] s_renamings =
    [
        ("model.layers.", "blk."),
        ("model.embed_tokens", "token_embd"),
        ("model.embed_positions", "position_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("input_layernorm", "attn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ];

    /// <summary>Where a parameter of ours lies: the tensor's name, which part of its rows, of how many.</summary>
    /// <param name="architecture">GPT-2's queries, keys and values are one tensor.</param>
    public static (string Name, int Part, int Parts) Place(string ours, string architecture)
    {
        string name = ours;
        foreach ((string from, string to) in s_renamings)
        {
            name = name.Replace(from, to, StringComparison.Ordinal);
        }
        if (architecture == "gpt2")
        {
            string[] parts = ["attn_q.", "attn_k.", "attn_v."];
            int part = Array.FindIndex(parts, one => name.Contains(one, StringComparison.Ordinal));
            if (part >= 0)
            {
                return (name.Replace(parts[part], "attn_qkv.", StringComparison.Ordinal), part, parts.Length);
            }
        }
        return (name, 0, 1);
    }
}
