using System.Text.Json;

namespace Foretell.Tokenizers;

/// <summary>Finds templates and special tokens in a model's folder.</summary>
internal static class ChatTemplateFiles
{
    private static readonly string[] TokenNames = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>Templates by name, from one file or from what a folder has; "default" where there is but one.</summary>
    public static Dictionary<string, string> Sources(string? file, string folder)
    {
        if (file is not null && !File.Exists(file))
        {
            throw new FileNotFoundException($"There is no chat template at {file}; give a model's folder, a chat_template.jinja or a tokenizer_config.json.", file);
        }
        if (file is not null)
        {
            return Path.GetExtension(file) == ".json" ? FromJson(file) : One(File.ReadAllText(file));
        }
        string jinja = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(jinja))
        {
            Dictionary<string, string> sources = One(File.ReadAllText(jinja));
            string more = Path.Combine(folder, "additional_chat_templates");
            foreach (string path in Directory.Exists(more) ? Directory.EnumerateFiles(more, "*.jinja").Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
            {
                sources.TryAdd(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path));
            }
            return sources;
        }
        foreach (string name in new[] { "tokenizer_config.json", "chat_template.json" })
        {
            string path = Path.Combine(folder, name);
            if (File.Exists(path) && FromJson(path) is { Count: > 0 } found)
            {
                return found;
            }
        }
        return [];
    }

    /// <summary>bos_token and such from tokenizer_config.json, or from special_tokens_map.json what that lacks.</summary>
    public static Dictionary<string, string> SpecialTokens(string folder)
    {
        var tokens = new Dictionary<string, string>();
        foreach (string name in new[] { "tokenizer_config.json", "special_tokens_map.json" })
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                continue;
            }
            JsonElement json = Read(path);
            foreach (string token in TokenNames)
            {
                if (json.TryGetProperty(token, out JsonElement value) && Content(value) is string text)
                {
                    tokens.TryAdd(token, text);
                }
            }
        }
        return tokens;
    }

    private static Dictionary<string, string> FromJson(string path)
    {
        if (!Read(path).TryGetProperty("chat_template", out JsonElement template) || template.ValueKind == JsonValueKind.Null)
        {
            return [];
        }
        if (template.ValueKind == JsonValueKind.String)
        {
            return One(template.GetString()!);
        }
        var sources = new Dictionary<string, string>();
        if (template.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement entry in template.EnumerateArray())
            {
                if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("name", out JsonElement name) || !entry.TryGetProperty("template", out JsonElement text)
                    || name.ValueKind != JsonValueKind.String || text.ValueKind != JsonValueKind.String)
                {
                    throw new FormatException($"{path}: A chat template in the list has no \"name\" or no \"template\"; expected {{\"name\": ..., \"template\": ...}}.");
                }
                sources[name.GetString()!] = text.GetString()!;
            }
            return sources;
        }
        throw new FormatException($"{path}: \"chat_template\" is neither text nor a list; expected the template or a list of named ones.");
    }

    private static JsonElement Read(string path) => InFile.Read(path, bytes =>
    {
        var reader = new Utf8JsonReader(bytes);
        JsonElement json = JsonElement.ParseValue(ref reader);
        return json.ValueKind == JsonValueKind.Object ? json : throw new FormatException("The file does not hold a JSON object.");
    });

    private static string? Content(JsonElement token) => token.ValueKind switch
    {
        JsonValueKind.String => token.GetString(),
        JsonValueKind.Object when token.TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String => content.GetString(),
        _ => null,
    };

    private static Dictionary<string, string> One(string template) => new() { ["default"] = template };
}
