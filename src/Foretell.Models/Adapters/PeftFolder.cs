using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Models;

/// <summary>
/// An adapter in the layout of Hugging Face's PEFT (<see href="https://huggingface.co/docs/peft/developer_guides/checkpoint"/>):
/// adapter_config.json and adapter_model.safetensors, whose names are the model's behind "base_model.model.".
/// </summary>
public static class PeftFolder
{
    private const string ConfigName = "adapter_config.json";
    private const string WeightsName = "adapter_model.safetensors";
    private const string Prefix = "base_model.model.";
    private const string Down = ".lora_A.weight";
    private const string Up = ".lora_B.weight";

    private static readonly JsonSerializerOptions s_readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether a folder holds an adapter and no model of its own.</summary>
    public static bool Looks(string folder) => File.Exists(Path.Combine(folder, ConfigName)) && !File.Exists(Path.Combine(folder, ConfigJson.FileName));

    /// <summary>Writes an adapter.</summary>
    /// <param name="basePath">The folder or file of the model that it was trained on.</param>
    /// <param name="config">Of that model.</param>
    /// <exception cref="ArgumentException">PEFT has no names for the model's projections.</exception>
    public static void Save(LoraAdapter adapter, TransformerConfig config, string basePath, string folder)
    {
        if (config.Architecture == "gpt2")
        {
            throw new ArgumentException("PEFT knows GPT-2's queries, keys and values as one projection, which adapters of their own do not fit; use the merged model.");
        }
        Directory.CreateDirectory(folder);
        SafeTensorsWriter.Write(Path.Combine(folder, WeightsName), adapter.Parameters.All.Select(parameter => ModelFolder.Source(Prefix + parameter.Name, parameter.Value)), new Dictionary<string, string> { ["format"] = "pt" });
        var json = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["base_model_name_or_path"] = Path.GetFullPath(basePath),
            ["r"] = adapter.Options.Rank,
            ["lora_alpha"] = adapter.Options.Alpha == Math.Floor(adapter.Options.Alpha) ? (long)adapter.Options.Alpha : adapter.Options.Alpha,
            ["lora_dropout"] = Math.Round(adapter.Options.Dropout, 6),
            ["use_rslora"] = adapter.Options.IsRankStabilized,
            ["use_dora"] = false,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["modules_to_save"] = null,
            ["target_modules"] = new JsonArray([.. adapter.Adapted.Select(site => site.Kind).Distinct().Select(kind => (JsonNode)JsonValue.Create(kind))]),
        };
        AtomicFile.Write(Path.Combine(folder, ConfigName), Encoding.UTF8.GetBytes(json.ToJsonString(s_readable) + "\n"));
    }

    /// <summary>The model that a folder's adapter was trained on.</summary>
    /// <returns>A folder or file that exists; a relative name is looked for beside the adapter too.</returns>
    /// <exception cref="InvalidDataException">The configuration names none, or one that is not on this machine.</exception>
    public static string BasePath(string folder)
    {
        string path = Path.Combine(folder, ConfigName);
        string name = JsonObjects.Text(JsonObjects.Read(path)["base_model_name_or_path"]) ?? throw JsonObjects.Bad(path, "it has no \"base_model_name_or_path\", so its model is not known");
        foreach (string candidate in new[] { Path.Combine(Path.GetFullPath(folder), name), name })
        {
            if (File.Exists(candidate) || Directory.Exists(candidate))
            {
                return candidate;
            }
        }
        throw JsonObjects.Bad(path, $"its model \"{name}\" is not on this machine; fetch it and write its folder as \"base_model_name_or_path\"");
    }

    /// <summary>Reads an adapter for a model.</summary>
    /// <param name="sites">The model's <see cref="Transformer.Projections"/>.</param>
    /// <param name="training">Whether it is to be trained on.</param>
    /// <exception cref="InvalidDataException">It is of a kind that is not supported, damaged, or of another model; the message says how.</exception>
    public static LoraAdapter Load(string folder, string name, IReadOnlyList<ProjectionSite> sites, Device device, bool training = false)
    {
        string path = Path.Combine(folder, ConfigName);
        JsonObject json = JsonObjects.Read(path);
        if (JsonObjects.Text(json["peft_type"]) is var kind && kind != "LORA")
        {
            throw JsonObjects.Bad(path, $"peft_type \"{kind ?? "null"}\" is not supported (LORA is)");
        }
        foreach ((string key, Func<JsonNode?, bool> isPlain) in new (string, Func<JsonNode?, bool>)[]
        {
            ("use_dora", node => JsonObjects.Flag(node) != true),
            ("fan_in_fan_out", node => JsonObjects.Flag(node) != true),
            ("bias", node => node is null || JsonObjects.Text(node) == "none"),
            ("modules_to_save", node => node is null or JsonArray { Count: 0 }),
            ("rank_pattern", node => node is null or JsonObject { Count: 0 }),
            ("alpha_pattern", node => node is null or JsonObject { Count: 0 }),
        })
        {
            if (!isPlain(json[key]))
            {
                throw JsonObjects.Bad(path, $"\"{key}\" is {json[key]!.ToJsonString()}, which is not supported; merge the adapter with PEFT and load the merged model");
            }
        }
        var options = new LoraOptions
        {
            Rank = JsonObjects.Integer(json["r"]) is int rank and > 0 ? rank : throw JsonObjects.Bad(path, "\"r\" is not a positive integer"),
            Alpha = JsonObjects.Real(json["lora_alpha"]) is double alpha and > 0 ? alpha : throw JsonObjects.Bad(path, "\"lora_alpha\" is not above 0"),
            IsRankStabilized = JsonObjects.Flag(json["use_rslora"]) == true,
            Dropout = JsonObjects.Real(json["lora_dropout"]) is double dropout and >= 0 and < 1 ? (float)dropout : 0,
        };
        return Fill(folder, name, options, sites, device, training);
    }

    private static LoraAdapter Fill(string folder, string name, LoraOptions options, IReadOnlyList<ProjectionSite> sites, Device device, bool training)
    {
        string path = Path.Combine(folder, WeightsName);
        using ISafeTensors file = SafeTensors.Open(path);
        var adapted = new HashSet<string>(StringComparer.Ordinal);
        foreach (string tensor in file.Names)
        {
            string site = tensor.StartsWith(Prefix, StringComparison.Ordinal) && (tensor.EndsWith(Down, StringComparison.Ordinal) || tensor.EndsWith(Up, StringComparison.Ordinal)) ? tensor[Prefix.Length..^Down.Length] : "";
            adapted.Add(sites.Any(one => one.Name == site) ? site : throw new InvalidDataException($"{path}: the model has no projection for the tensor \"{tensor}\"; the adapter belongs to another model, or is of a kind that is not supported."));
        }
        var adapter = new LoraAdapter(name, options, sites, device, training, adapted);
        try
        {
            foreach (Parameter parameter in adapter.Parameters.All)
            {
                SafeTensorInfo info = file.Contains(Prefix + parameter.Name) ? file.Info(Prefix + parameter.Name) : throw new InvalidDataException($"{path}: there is no tensor \"{Prefix + parameter.Name}\".");
                if (!info.Shape.SequenceEqual(ModelFolder.Lengths(parameter.Value)))
                {
                    throw new InvalidDataException($"{path}: \"{info.Name}\" is [{string.Join(", ", info.Shape)}]; the model and the rank want {parameter.Value.Shape}.");
                }
                ModelFolder.Read(file, info, parameter.Value);
                if (!double.IsFinite(device.SquaredNorm(parameter.Value)))
                {
                    throw new InvalidDataException($"{path}: \"{info.Name}\" holds a NaN or infinite number; the file is damaged.");
                }
            }
            return adapter;
        }
        catch
        {
            adapter.Dispose();
            throw;
        }
    }
}
