using System.Text.Json;
using Foretell.Server.Wire;

namespace Foretell.Server.Responses;

/// <summary>A response as it stands: what was asked for, and what there is of the answer.</summary>
/// <param name="created">Unix seconds.</param>
internal sealed class ResponseState(string id, long created, string model, ResponseRequest request)
{
    public string Id { get; } = id;

    public List<ResponseItem> Output { get; } = [];

    /// <summary>queued, in_progress, completed, incomplete, failed or cancelled.</summary>
    public string Status { get; set; } = "in_progress";

    /// <summary>Why it is incomplete; null where it is not.</summary>
    public string? IncompleteReason { get; set; }

    /// <summary>What went wrong; null where nothing did.</summary>
    public ApiException? Error { get; set; }

    /// <summary>What it took; null before its end.</summary>
    public UsageWire? Usage { get; set; }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id);
        writer.WriteString("object", "response");
        writer.WriteNumber("created_at", created);
        writer.WriteString("status", Status);
        writer.WriteBoolean("background", request.IsBackground);
        WriteEnds(writer);
        writer.WriteString("instructions", request.Instructions);
        WriteNumber(writer, "max_output_tokens", request.MaximumTokens);
        writer.WriteNull("max_tool_calls");
        writer.WriteString("model", model);
        writer.WriteStartArray("output");
        Output.ForEach(item => item.Write(writer));
        writer.WriteEndArray();
        writer.WriteBoolean("parallel_tool_calls", request.Chat.Callable.AllowsSeveral || request.Chat.Callable.Tools.Count == 0);
        writer.WriteString("previous_response_id", request.Previous);
        writer.WriteStartObject("reasoning");
        writer.WriteString("effort", request.Effort);
        writer.WriteNull("summary");
        writer.WriteEndObject();
        writer.WriteString("service_tier", ChatCompletionWriter.ServiceTier);
        writer.WriteBoolean("store", request.Stores);
        writer.WriteNumber("temperature", request.Chat.Sampling.Temperature);
        WriteRaw(writer, "text", request.Text, """{"format":{"type":"text"}}""");
        WriteRaw(writer, "tool_choice", request.ToolChoice, "\"auto\"");
        WriteRaw(writer, "tools", request.Tools, "[]");
        writer.WriteNumber("top_logprobs", request.Chat.Alternatives);
        writer.WriteNumber("top_p", request.Chat.Sampling.TopP);
        writer.WriteString("truncation", "disabled");
        if (Usage is UsageWire usage)
        {
            usage.WriteForResponse(writer);
        }
        else
        {
            writer.WriteNull("usage");
        }
        writer.WriteString("user", request.User);
        writer.WriteStartObject("metadata");
        foreach ((string name, string value) in request.Metadata)
        {
            writer.WriteString(name, value);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteEnds(Utf8JsonWriter writer)
    {
        if (Error is ApiException error)
        {
            writer.WriteStartObject("error");
            writer.WriteString("code", error.Status is 429 ? "rate_limit_exceeded" : error.Status < 500 ? "invalid_prompt" : "server_error");
            writer.WriteString("message", error.Message);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("error");
        }
        if (IncompleteReason is not null)
        {
            writer.WriteStartObject("incomplete_details");
            writer.WriteString("reason", IncompleteReason);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("incomplete_details");
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, int? value)
    {
        if (value is int number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static void WriteRaw(Utf8JsonWriter writer, string name, JsonElement? value, string usual)
    {
        writer.WritePropertyName(name);
        if (value is JsonElement given)
        {
            given.WriteTo(writer);
        }
        else
        {
            writer.WriteRawValue(usual);
        }
    }
}
