using System.Reflection;
using System.Text.Json;
using Foretell.Assistant;

namespace Foretell.Server.Wire;

/// <summary>Writes chat completions, whole and in chunks.</summary>
/// <param name="id">One for the completion and all its chunks.</param>
/// <param name="created">Unix seconds.</param>
internal sealed class ChatCompletionWriter(string id, long created, string model)
{
    /// <summary>Changes when the same request may get another answer: with the program.</summary>
    public static string Fingerprint { get; } = $"fp_foretell_{typeof(ChatCompletionWriter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}";

    /// <summary>The tier of all answers: there is but one.</summary>
    public const string ServiceTier = "default";

    public void WriteWhole(Utf8JsonWriter writer, IReadOnlyList<ChatChoice> choices, bool withLogProbabilities, UsageWire usage, IReadOnlyDictionary<string, string>? metadata = null)
    {
        Begin(writer, "chat.completion");
        writer.WriteStartArray("choices");
        for (int index = 0; index < choices.Count; index++)
        {
            ChatChoice choice = choices[index];
            writer.WriteStartObject();
            writer.WriteNumber("index", index);
            WriteMessage(writer, choice);
            WriteLogProbabilities(writer, withLogProbabilities ? choice.LogProbabilities : null);
            writer.WriteString("finish_reason", choice.FinishReason);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        usage.Write(writer);
        if (metadata is not null)
        {
            writer.WriteStartObject("metadata");
            foreach ((string name, string value) in metadata)
            {
                writer.WriteString(name, value);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    /// <summary>The first chunk of a choice: who speaks.</summary>
    public void WriteRole(Utf8JsonWriter writer, int choice, bool withUsage)
    {
        BeginChunk(writer, choice);
        writer.WriteString("role", "assistant");
        writer.WriteString("content", "");
        writer.WriteNull("refusal");
        EndChunk(writer, null, null, withUsage);
    }

    /// <summary>A chunk that adds something to a choice.</summary>
    /// <param name="part">Null where only a likelihood comes, while characters are held back.</param>
    /// <param name="callIndex">The place among the choice's calls, for parts of one.</param>
    /// <param name="callId">Its id, where it begins.</param>
    public void WriteDelta(Utf8JsonWriter writer, int choice, AnswerPart? part, int callIndex, string? callId, TokenLogProbability? token, bool withUsage)
    {
        BeginChunk(writer, choice);
        switch (part)
        {
            case null:
                writer.WriteString("content", "");
                break;
            case AnswerPart.Text text:
                writer.WriteString("content", text.Piece);
                break;
            case AnswerPart.Reasoning reasoning:
                writer.WriteString("reasoning_content", reasoning.Piece);
                break;
            case AnswerPart.ToolCallStart start:
                writer.WriteStartArray("tool_calls");
                writer.WriteStartObject();
                writer.WriteNumber("index", callIndex);
                writer.WriteString("id", callId);
                writer.WriteString("type", "function");
                writer.WriteStartObject("function");
                writer.WriteString("name", start.Name);
                writer.WriteString("arguments", "");
                writer.WriteEndObject();
                writer.WriteEndObject();
                writer.WriteEndArray();
                break;
            case AnswerPart.ToolCallArguments arguments:
                writer.WriteStartArray("tool_calls");
                writer.WriteStartObject();
                writer.WriteNumber("index", callIndex);
                writer.WriteStartObject("function");
                writer.WriteString("arguments", arguments.Piece);
                writer.WriteEndObject();
                writer.WriteEndObject();
                writer.WriteEndArray();
                break;
        }
        EndChunk(writer, token, null, withUsage);
    }

    /// <summary>The last chunk of a choice: why it ended.</summary>
    public void WriteEnd(Utf8JsonWriter writer, int choice, string finishReason, bool withUsage)
    {
        BeginChunk(writer, choice);
        EndChunk(writer, null, finishReason, withUsage);
    }

    /// <summary>The last chunk of a stream that tells what it took.</summary>
    public void WriteUsage(Utf8JsonWriter writer, UsageWire usage)
    {
        Begin(writer, "chat.completion.chunk");
        writer.WriteStartArray("choices");
        writer.WriteEndArray();
        usage.Write(writer);
        writer.WriteEndObject();
    }

    private void Begin(Utf8JsonWriter writer, string kind)
    {
        writer.WriteStartObject();
        writer.WriteString("id", id);
        writer.WriteString("object", kind);
        writer.WriteNumber("created", created);
        writer.WriteString("model", model);
        writer.WriteString("service_tier", ServiceTier);
        writer.WriteString("system_fingerprint", Fingerprint);
    }

    private void BeginChunk(Utf8JsonWriter writer, int choice)
    {
        Begin(writer, "chat.completion.chunk");
        writer.WriteStartArray("choices");
        writer.WriteStartObject();
        writer.WriteNumber("index", choice);
        writer.WriteStartObject("delta");
    }

    private static void EndChunk(Utf8JsonWriter writer, TokenLogProbability? token, string? finishReason, bool withUsage)
    {
        writer.WriteEndObject();
        WriteLogProbabilities(writer, token is null ? null : [token]);
        writer.WriteString("finish_reason", finishReason);
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (withUsage)
        {
            writer.WriteNull("usage");
        }
        writer.WriteEndObject();
    }

    private static void WriteMessage(Utf8JsonWriter writer, ChatChoice choice)
    {
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        string content = choice.Content;
        writer.WriteString("content", content.Length == 0 && choice.Calls.Count > 0 ? null : content);
        writer.WriteNull("refusal");
        writer.WriteStartArray("annotations");
        writer.WriteEndArray();
        if (choice.Reasoning is { Length: > 0 } reasoning)
        {
            writer.WriteString("reasoning_content", reasoning);
        }
        if (choice.Calls.Count > 0)
        {
            writer.WriteStartArray("tool_calls");
            foreach (ChatCall call in choice.Calls)
            {
                writer.WriteStartObject();
                writer.WriteString("id", call.Id);
                writer.WriteString("type", "function");
                writer.WriteStartObject("function");
                writer.WriteString("name", call.Name);
                writer.WriteString("arguments", call.Arguments.ToString());
                writer.WriteEndObject();
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteLogProbabilities(Utf8JsonWriter writer, IReadOnlyList<TokenLogProbability>? tokens)
    {
        if (tokens is null)
        {
            writer.WriteNull("logprobs");
            return;
        }
        writer.WriteStartObject("logprobs");
        writer.WriteStartArray("content");
        foreach (TokenLogProbability token in tokens)
        {
            TokenWire.Write(writer, token);
        }
        writer.WriteEndArray();
        writer.WriteNull("refusal");
        writer.WriteEndObject();
    }
}
