using Foretell.Inference;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Assistant;

/// <summary>Which model is served, and how. <see cref="Path"/> is all that must be set.</summary>
public sealed class ForetellOptions
{
    /// <summary>A Hugging Face folder, a GGUF file, or a run's folder, of which the finished model is taken.</summary>
    public string Path { get; set; } = "";

    /// <summary>The model's name in requests and answers; null (the default) for the name of the folder or file.</summary>
    public string? ModelId { get; set; }

    /// <summary>Threads to compute on; 0 (the default) for one a core. Answers do not depend on it.</summary>
    public int Threads { get; set; }

    /// <summary>"portable", "avx512" or "amx"; null (the default) for the fastest that the machine has.</summary>
    public string? Kernels { get; set; }

    /// <summary>What the operands of matrix products are rounded to, <see cref="DType.Float32"/> (the default, as published weights are meant) or <see cref="DType.BFloat16"/> (faster where the kernels have it).</summary>
    public DType Precision { get; set; } = DType.Float32;

    /// <summary>The cache's memory, the most sequences at once, the queue's limit, and so on; replace it by <c>options.Engine with { ... }</c>.</summary>
    public EngineOptions Engine { get; set; } = new();

    /// <summary>The Jinja text that renders conversations, in the place of the model's own; null (the default) for that, or for <see cref="Tokenizers.ChatTemplate.Default"/> where it has none.</summary>
    public string? ChatTemplate { get; set; }

    /// <summary>How the model writes calls of tools; null (the default) to tell it by the chat template.</summary>
    public ToolCallFormat? ToolCalls { get; set; }

    /// <summary>For weights that are encrypted; null (the default) for plain ones.</summary>
    public WeightKey? WeightKey { get; set; }

    /// <summary>What the seeds of requests without one are drawn from. Each such request gets another; the order of the requests decides which. Default 0.</summary>
    public ulong Seed { get; set; }

    /// <summary>About how many tokens one pass reads to make embeddings; at least 1. Default 2048.</summary>
    public int EmbeddingBatchTokens { get; set; } = 2048;

    /// <summary>With dependency injection: whether the model is loaded when the host starts, and not with the first request. Default false.</summary>
    public bool LoadAtStart { get; set; }

    /// <summary>The model's name.</summary>
    internal string Name => ModelId ?? System.IO.Path.GetFileNameWithoutExtension(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path)));
}
