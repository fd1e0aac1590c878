using System.Text.Json;

namespace Foretell.Server.Wire;

/// <summary>What a completion took.</summary>
/// <param name="Prompt">Tokens read.</param>
/// <param name="Cached">Of them, found in the prefix cache.</param>
/// <param name="Completion">Tokens written.</param>
/// <param name="Reasoning">Of them, before the answer.</param>
internal readonly record struct UsageWire(long Prompt, long Cached, long Completion, long Reasoning)
{
    /// <summary>As completions say it.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", Prompt);
        writer.WriteNumber("completion_tokens", Completion);
        writer.WriteNumber("total_tokens", Prompt + Completion);
        writer.WriteStartObject("prompt_tokens_details");
        writer.WriteNumber("cached_tokens", Cached);
        writer.WriteNumber("audio_tokens", 0);
        writer.WriteEndObject();
        writer.WriteStartObject("completion_tokens_details");
        writer.WriteNumber("reasoning_tokens", Reasoning);
        writer.WriteNumber("audio_tokens", 0);
        writer.WriteNumber("accepted_prediction_tokens", 0);
        writer.WriteNumber("rejected_prediction_tokens", 0);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>As responses say it.</summary>
    public void WriteForResponse(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("input_tokens", Prompt);
        writer.WriteStartObject("input_tokens_details");
        writer.WriteNumber("cached_tokens", Cached);
        writer.WriteEndObject();
        writer.WriteNumber("output_tokens", Completion);
        writer.WriteStartObject("output_tokens_details");
        writer.WriteNumber("reasoning_tokens", Reasoning);
        writer.WriteEndObject();
        writer.WriteNumber("total_tokens", Prompt + Completion);
        writer.WriteEndObject();
    }
}
