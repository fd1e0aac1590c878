using System.Text;
using System.Text.Json;
using Foretell.Assistant;
using Foretell.Server.Wire;

namespace Foretell.Server.Responses;

/// <summary>What an item of a response's output is.</summary>
internal enum ResponseItemKind
{
    Message,
    Reasoning,
    FunctionCall,
}

/// <summary>An item of a response's output, put together piece by piece.</summary>
/// <param name="Id">Tells the response that it belongs to: see <see cref="ResponseIdentifiers"/>.</param>
/// <param name="Index">Its place in the output.</param>
internal sealed record ResponseItem(ResponseItemKind Kind, string Id, int Index)
{
    /// <summary>A call's tool.</summary>
    public string? Name { get; init; }

    /// <summary>What the result of a call refers to.</summary>
    public string? CallId { get; init; }

    /// <summary>The words, the thoughts, or the arguments.</summary>
    public StringBuilder Text { get; } = new();

    /// <summary>How likely the tokens of a message were; empty where that was not asked for.</summary>
    public List<TokenLogProbability> LogProbabilities { get; } = [];

    /// <summary>in_progress, completed or incomplete.</summary>
    public string Status { get; set; } = "in_progress";

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id);
        switch (Kind)
        {
            case ResponseItemKind.Message:
                writer.WriteString("type", "message");
                writer.WriteString("status", Status);
                writer.WriteString("role", "assistant");
                writer.WriteStartArray("content");
                if (Status != "in_progress")
                {
                    WritePart(writer, Text.ToString());
                }
                writer.WriteEndArray();
                break;
            case ResponseItemKind.Reasoning:
                writer.WriteString("type", "reasoning");
                writer.WriteString("status", Status);
                writer.WriteStartArray("summary");
                writer.WriteEndArray();
                writer.WriteStartArray("content");
                if (Status != "in_progress")
                {
                    WritePart(writer, Text.ToString());
                }
                writer.WriteEndArray();
                break;
            case ResponseItemKind.FunctionCall:
                writer.WriteString("type", "function_call");
                writer.WriteString("status", Status);
                writer.WriteString("call_id", CallId);
                writer.WriteString("name", Name);
                writer.WriteString("arguments", Status == "in_progress" ? "" : Text.ToString());
                break;
        }
        writer.WriteEndObject();
    }

    /// <summary>The one part of a message or of reasoning.</summary>
    public void WritePart(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("type", Kind == ResponseItemKind.Message ? "output_text" : "reasoning_text");
        writer.WriteString("text", text);
        if (Kind == ResponseItemKind.Message)
        {
            writer.WriteStartArray("annotations");
            writer.WriteEndArray();
            WriteLogProbabilities(writer, text.Length > 0 ? LogProbabilities : []);
        }
        writer.WriteEndObject();
    }

    public static void WriteLogProbabilities(Utf8JsonWriter writer, IReadOnlyList<TokenLogProbability> tokens)
    {
        writer.WriteStartArray("logprobs");
        foreach (TokenLogProbability token in tokens)
        {
            TokenWire.Write(writer, token);
        }
        writer.WriteEndArray();
    }
}
