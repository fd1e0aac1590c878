using System.Globalization;
using System.Text.Json;
using Foretell.Inference;
using Foretell.Models;

namespace Foretell.Server.Wire;

/// <summary>Reads how tokens are to be drawn: the API's fields, and those that users of llama.cpp and vLLM send. What is left open comes from what the model was published with.</summary>
internal static class SamplingWire
{
    /// <summary>The most texts that may end an answer.</summary>
    private const int MostStops = 16;

    /// <param name="seed">Gives a seed where the request has none.</param>
    public static SamplingOptions Read(Fields request, GenerationDefaults defaults, Func<ulong> seed) => new()
    {
        Temperature = request.Number("temperature", 0, 2) ?? defaults.Temperature ?? 1,
        TopP = request.Number("top_p", 0, 1) is double given ? Math.Max(given, double.Epsilon) : defaults.TopP ?? 1,
        TopK = (int)(request.Integer("top_k", -1, int.MaxValue) is long k ? Math.Max(k, 0) : defaults.TopK ?? 0),
        MinP = request.Number("min_p", 0, 1) ?? defaults.MinP ?? 0,
        RepetitionPenalty = request.Number("repetition_penalty", 0.01, 100) ?? defaults.RepetitionPenalty ?? 1,
        PresencePenalty = request.Number("presence_penalty", -2, 2) ?? 0,
        FrequencyPenalty = request.Number("frequency_penalty", -2, 2) ?? 0,
        LogitBias = Biases(request),
        Seed = request.Integer("seed") is long number ? unchecked((ulong)number) : seed(),
        StopStrings = Stops(request),
    };

    private static IReadOnlyList<string> Stops(Fields request)
    {
        IReadOnlyList<string> stops = request.TextOrTexts("stop") ?? [];
        return stops.Count > MostStops ? throw ApiException.Invalid("stop", FormattableString.Invariant($"Invalid 'stop': at most {MostStops} texts can end an answer; there are {stops.Count}."))
            : stops.Contains("") ? throw ApiException.Invalid("stop", "Invalid 'stop': a text that ends an answer must have at least one character.")
            : stops;
    }

    private static Dictionary<int, double> Biases(Fields request)
    {
        var biases = new Dictionary<int, double>();
        foreach (JsonProperty pair in request.Object("logit_bias")?.Json.EnumerateObject() ?? default)
        {
            string path = $"logit_bias.{pair.Name}";
            if (!int.TryParse(pair.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            {
                throw ApiException.Invalid("logit_bias", $"Invalid key in 'logit_bias': '{pair.Name}'. Keys are token ids.", "invalid_key");
            }
            double bias = pair.Value.ValueKind == JsonValueKind.Number ? pair.Value.GetDouble() : throw Fields.Wrong(path, pair.Value, "a number");
            biases[id] = bias is >= -100 and <= 100 ? bias : throw ApiException.Invalid("logit_bias", FormattableString.Invariant($"Invalid '{path}': expected a value from -100 to 100, but got {bias} instead."));
        }
        return biases;
    }
}
