using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foretell.Cli;

/// <summary>JSON on the standard output, for machines: one document, text as it is rather than escaped.</summary>
internal static class JsonText
{
    public static void Print(JsonNode node)
    {
        using (Stream output = Console.OpenStandardOutput())
        {
            using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            node.WriteTo(writer);
        }
        Console.WriteLine();
    }

    /// <summary>A number to so many digits behind the point; null where it is none, which JSON cannot say otherwise.</summary>
    public static JsonNode? Number(double value, int digits = 6) => double.IsFinite(value) ? JsonValue.Create(Math.Round(value, digits)) : null;

    public static JsonArray Array(IEnumerable<int> values) => new([.. values.Select(value => (JsonNode)JsonValue.Create(value))]);
}
