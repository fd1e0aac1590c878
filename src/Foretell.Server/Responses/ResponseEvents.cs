using System.Text.Json;
using Foretell.Assistant;
using Foretell.Server.Wire;

namespace Foretell.Server.Responses;

/// <summary>The events of a response that is being written, each with its number, as <see href="https://platform.openai.com/docs/api-reference/responses-streaming"/> defines them.</summary>
internal sealed class ResponseEvents(EventStream stream)
{
    private int _sequence;

    /// <summary>How the whole response stands: created, in_progress, completed, incomplete or failed.</summary>
    public void State(string name, ResponseState state)
    {
        Utf8JsonWriter writer = Begin($"response.{name}");
        writer.WritePropertyName("response");
        state.Write(writer);
        End(writer);
    }

    public void ItemAdded(ResponseItem item)
    {
        Item("response.output_item.added", item);
        if (item.Kind != ResponseItemKind.FunctionCall)
        {
            Part("response.content_part.added", item, "");
        }
    }

    public void Delta(ResponseItem item, string delta, TokenLogProbability? token)
    {
        Utf8JsonWriter writer = BeginOf(item, item.Kind switch
        {
            ResponseItemKind.Message => "response.output_text.delta",
            ResponseItemKind.Reasoning => "response.reasoning_text.delta",
            _ => "response.function_call_arguments.delta",
        });
        writer.WriteString("delta", delta);
        if (item.Kind == ResponseItemKind.Message)
        {
            ResponseItem.WriteLogProbabilities(writer, token is null ? [] : [token]);
        }
        End(writer);
    }

    public void ItemDone(ResponseItem item)
    {
        string text = item.Text.ToString();
        Utf8JsonWriter writer = BeginOf(item, item.Kind switch
        {
            ResponseItemKind.Message => "response.output_text.done",
            ResponseItemKind.Reasoning => "response.reasoning_text.done",
            _ => "response.function_call_arguments.done",
        });
        writer.WriteString(item.Kind == ResponseItemKind.FunctionCall ? "arguments" : "text", text);
        if (item.Kind == ResponseItemKind.FunctionCall)
        {
            writer.WriteString("name", item.Name);
        }
        if (item.Kind == ResponseItemKind.Message)
        {
            ResponseItem.WriteLogProbabilities(writer, item.LogProbabilities);
        }
        End(writer);
        if (item.Kind != ResponseItemKind.FunctionCall)
        {
            Part("response.content_part.done", item, text);
        }
        Item("response.output_item.done", item);
    }

    private void Item(string name, ResponseItem item)
    {
        Utf8JsonWriter writer = Begin(name);
        writer.WriteNumber("output_index", item.Index);
        writer.WritePropertyName("item");
        item.Write(writer);
        End(writer);
    }

    private void Part(string name, ResponseItem item, string text)
    {
        Utf8JsonWriter writer = BeginOf(item, name);
        writer.WritePropertyName("part");
        item.WritePart(writer, text);
        End(writer);
    }

    private Utf8JsonWriter BeginOf(ResponseItem item, string name)
    {
        Utf8JsonWriter writer = Begin(name);
        writer.WriteString("item_id", item.Id);
        writer.WriteNumber("output_index", item.Index);
        if (item.Kind != ResponseItemKind.FunctionCall)
        {
            writer.WriteNumber("content_index", 0);
        }
        return writer;
    }

    private Utf8JsonWriter Begin(string name)
    {
        Utf8JsonWriter writer = stream.Begin(name);
        writer.WriteStartObject();
        writer.WriteString("type", name);
        writer.WriteNumber("sequence_number", _sequence++);
        return writer;
    }

    private void End(Utf8JsonWriter writer)
    {
        writer.WriteEndObject();
        stream.End();
    }
}
