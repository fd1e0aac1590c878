using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foretell.Models;

/// <summary>The small JSON files beside published weights, read with bounds on what they may be: they come from anywhere.</summary>
internal static class JsonObjects
{
    private const long LargestBytes = 64 << 20;

    /// <summary>System.Text.Json refuses deeper files by itself; no published one is deeper than 10.</summary>
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 64 };

    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="InvalidDataException">It is no JSON object, too large, or names a key twice; the message says where.</exception>
    public static JsonObject Read(string path)
    {
        long length = new FileInfo(path).Length;
        if (length > LargestBytes)
        {
            throw Bad(path, string.Create(CultureInfo.InvariantCulture, $"it has {length} bytes, and files of this kind at most {LargestBytes}"));
        }
        try
        {
            JsonObject json = JsonNode.Parse(File.ReadAllBytes(path), documentOptions: s_options) as JsonObject ?? throw Bad(path, "it is not a JSON object");
            Materialize(json);
            return json;
        }
        catch (JsonException error)
        {
            throw Bad(path, string.Create(CultureInfo.InvariantCulture, $"it is not valid JSON (line {error.LineNumber + 1})"));
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw Bad(path, "it names a key twice, or a text in it is not valid Unicode");
        }
    }

    public static InvalidDataException Bad(string path, string complaint) => new($"{path}: {complaint}.");

    /// <summary>A whole number that fits in 32 bits, or null.</summary>
    public static int? Integer(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;

    public static double? Real(JsonNode? node) => node is JsonValue value && value.TryGetValue(out double number) && double.IsFinite(number) ? number : null;

    public static bool? Flag(JsonNode? node) => node is JsonValue value && value.TryGetValue(out bool flag) ? flag : null;

    public static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>JsonNode finds duplicate keys and broken texts only when they are asked for: asks for all of them.</summary>
    private static void Materialize(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject nested:
                foreach ((_, JsonNode? child) in nested)
                {
                    Materialize(child);
                }
                break;
            case JsonArray list:
                foreach (JsonNode? child in list)
                {
                    Materialize(child);
                }
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                value.GetValue<string>();
                break;
        }
    }
}
