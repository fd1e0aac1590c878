using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant;

/// <summary>Tools in the form that chat templates know.</summary>
internal static class ToolJson
{
    /// <summary>{"type": "function", "function": {"name", "description", "parameters"}}.</summary>
    public static JsonElement Of(AIFunctionDeclaration tool)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "function");
            writer.WriteStartObject("function");
            writer.WriteString("name", tool.Name);
            writer.WriteString("description", tool.Description);
            writer.WritePropertyName("parameters");
            tool.JsonSchema.WriteTo(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }
}
