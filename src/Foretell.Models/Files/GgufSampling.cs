using Foretell.Tensors.Files;

namespace Foretell.Models.Files;

/// <summary>The keys with which GGUF files say how their model is meant to be sampled.</summary>
internal static class GgufSampling
{
    public const string Temperature = "general.sampling.temp";
    public const string TopK = "general.sampling.top_k";
    public const string TopP = "general.sampling.top_p";
    public const string MinP = "general.sampling.min_p";
    public const string RepetitionPenalty = "general.sampling.penalty_repeat";

    /// <summary>A number in a range, or null where it is missing or outside.</summary>
    public static double? Read(GgufMetadata metadata, string key, double least, double greatest) =>
        metadata.Real(key) is double value && value >= least && value <= greatest ? value : null;

    /// <summary>How many ids are kept, or null where the number is missing or negative, which some programs write for "all".</summary>
    /// <exception cref="InvalidDataException">It is no whole number of 32 bits.</exception>
    public static int? ReadTopK(GgufMetadata metadata) => metadata.Integer(TopK, int.MinValue) is long k and >= 0 ? (int)k : null;

    public static void Write(GenerationDefaults generation, GgufMetadata metadata)
    {
        void Add(string key, double? value)
        {
            if (value is double given)
            {
                metadata.Add(key, (float)given);
            }
        }
        Add(Temperature, generation.Temperature);
        if (generation.TopK is int k)
        {
            metadata.Add(TopK, k);
        }
        Add(TopP, generation.TopP);
        Add(MinP, generation.MinP);
        Add(RepetitionPenalty, generation.RepetitionPenalty);
    }
}
