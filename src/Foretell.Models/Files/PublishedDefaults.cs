using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Models.Files;

/// <summary>What stands beside a Hugging Face folder's weights: generation_config.json, tokenizer_config.json and the chat template.</summary>
internal static class PublishedDefaults
{
    public const string GenerationName = "generation_config.json";
    public const string TokenizerName = "tokenizer_config.json";
    public const string TemplateName = "chat_template.jinja";

    /// <exception cref="InvalidDataException">One of the files is malformed; the message names it.</exception>
    public static (GenerationDefaults Generation, string? ChatTemplate) Read(string folder, Tokenizer tokenizer)
    {
        JsonObject? generation = ReadIfThere(Path.Combine(folder, GenerationName));
        JsonObject? names = ReadIfThere(Path.Combine(folder, TokenizerName));
        JsonObject? config = ReadIfThere(Path.Combine(folder, ConfigJson.FileName));
        var ends = new List<int>();
        // The tokenizer's end first: it is what the template closes a turn with.
        foreach (int id in (int[])[.. Special(names?["eos_token"], tokenizer), .. Ids(generation?["eos_token_id"] ?? config?["eos_token_id"]), .. tokenizer.EndOfTextId is int end ? (int[])[end] : []])
        {
            if (id >= 0 && id < tokenizer.VocabularySize && !ends.Contains(id))
            {
                ends.Add(id);
            }
        }
        int? begin = tokenizer.BeginOfTextId
            ?? Special(names?["bos_token"], tokenizer).Cast<int?>().FirstOrDefault()
            ?? Ids(generation?["bos_token_id"] ?? config?["bos_token_id"]).Cast<int?>().FirstOrDefault();
        string template = Path.Combine(folder, TemplateName);
        return (new GenerationDefaults
        {
            EndIds = ends,
            BeginId = begin,
            AddsBegin = tokenizer.BeginOfTextId is not null,
            Temperature = JsonObjects.Flag(generation?["do_sample"]) == false ? 0 : InRange(JsonObjects.Real(generation?["temperature"]), 0, double.MaxValue),
            TopK = JsonObjects.Integer(generation?["top_k"]) is int k and >= 0 ? k : null,
            TopP = InRange(JsonObjects.Real(generation?["top_p"]), double.Epsilon, 1),
            MinP = InRange(JsonObjects.Real(generation?["min_p"]), 0, 1),
            RepetitionPenalty = InRange(JsonObjects.Real(generation?["repetition_penalty"]), double.Epsilon, double.MaxValue),
        }, File.Exists(template) ? File.ReadAllText(template) : Template(names?["chat_template"]));
    }

    /// <summary>Writes generation_config.json and tokenizer_config.json into a folder.</summary>
    public static void Write(string folder, GenerationDefaults generation, Tokenizer tokenizer, string? chatTemplate, int contextLength)
    {
        var json = new JsonObject();
        if (generation.BeginId is int begin)
        {
            json["bos_token_id"] = begin;
        }
        if (generation.EndIds.Count > 0)
        {
            json["eos_token_id"] = ConfigJson.Ids(generation.EndIds);
        }
        bool samples = generation.Temperature is not (null or 0) || generation.TopK is not null || generation.TopP is not null || generation.MinP is not null;
        json["do_sample"] = samples;
        void Add(string name, JsonNode? value)
        {
            if (value is not null)
            {
                json[name] = value;
            }
        }
        Add("temperature", generation.Temperature is 0 ? null : generation.Temperature);
        Add("top_k", generation.TopK);
        Add("top_p", generation.TopP);
        Add("min_p", generation.MinP);
        Add("repetition_penalty", generation.RepetitionPenalty);
        Save(Path.Combine(folder, GenerationName), json);

        var names = new JsonObject { ["tokenizer_class"] = "PreTrainedTokenizerFast", ["clean_up_tokenization_spaces"] = false, ["add_bos_token"] = generation.AddsBegin, ["model_max_length"] = contextLength };
        foreach ((string name, int? id) in new[] { ("bos_token", generation.BeginId), ("eos_token", generation.EndIds.Cast<int?>().FirstOrDefault()) })
        {
            if (id is int given && given < tokenizer.VocabularySize && tokenizer.IsSpecial(given))
            {
                names[name] = Encoding.UTF8.GetString(tokenizer.TokenBytes(given));
            }
        }
        if (chatTemplate is not null)
        {
            names["chat_template"] = chatTemplate;
        }
        Save(Path.Combine(folder, TokenizerName), names);
    }

    private static void Save(string path, JsonObject json) =>
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(json.ToJsonString(s_readable) + "\n"));

    private static readonly JsonSerializerOptions s_readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static JsonObject? ReadIfThere(string path) => File.Exists(path) ? JsonObjects.Read(path) : null;

    private static double? InRange(double? value, double least, double greatest) => value >= least && value <= greatest ? value : null;

    /// <summary>A text, or of several named ones the one called "default".</summary>
    private static string? Template(JsonNode? node) => node is JsonArray list
        ? list.OfType<JsonObject>().Where(one => JsonObjects.Text(one["name"]) == "default").Select(one => JsonObjects.Text(one["template"])).FirstOrDefault()
        : JsonObjects.Text(node);

    /// <summary>The id of a token that is named by its spelling, or by an object with one.</summary>
    private static IEnumerable<int> Special(JsonNode? node, Tokenizer tokenizer) =>
        (JsonObjects.Text(node) ?? JsonObjects.Text((node as JsonObject)?["content"])) is string name && tokenizer.SpecialId(name) is int id ? [id] : [];

    private static IEnumerable<int> Ids(JsonNode? node) => node is JsonArray list
        ? list.Select(JsonObjects.Integer).OfType<int>()
        : JsonObjects.Integer(node) is int id ? [id] : [];
}
