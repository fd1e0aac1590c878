using System.Text.Json;
using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Tokenizers;

namespace Foretell.Server.Wire;

/// <summary>What POST /v1/chat/completions asks for, read and checked.</summary>
internal sealed record ChatCompletionRequest
{
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>How it is to be answered.</summary>
    public required ChatRequest Chat { get; init; }

    public bool Streams { get; init; }

    /// <summary>Whether a stream ends with what it took.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary>Whether the completion is kept.</summary>
    public bool Stores { get; init; }

    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>The messages as they were sent.</summary>
    public required JsonElement RawMessages { get; init; }

    /// <exception cref="ApiException">A field is unknown, malformed or cannot be honoured.</exception>
    public static ChatCompletionRequest Read(Fields request, ForetellModel model, string? caller)
    {
        request.Accept("model", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "prediction");
        request.Refuse("functions", "use 'tools'");
        request.Refuse("function_call", "use 'tool_choice'");
        request.Refuse("audio", "this server's models write text");
        request.Refuse("web_search_options", "this server searches nothing; offer a tool of your own");
        request.Refuse("moderation", "ask POST /v1/moderations");
        Words(request);
        bool streams = request.Flag("stream") ?? false;
        Fields? streaming = request.Object("stream_options");
        if (streaming is not null && !streams)
        {
            throw ApiException.Invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
        }
        bool usage = streaming?.Flag("include_usage") ?? false;
        streaming?.Accept("include_obfuscation", "continuous_usage_stats");
        streaming?.RequireAllKnown();
        bool logProbabilities = request.Flag("logprobs") ?? false;
        int alternatives = (int)(request.Integer("top_logprobs", 0, GenerationRequest.MostAlternatives) ?? 0);
        if (alternatives > 0 && !logProbabilities)
        {
            throw ApiException.Invalid("top_logprobs", "Invalid 'top_logprobs': it needs 'logprobs' to be true.");
        }
        IReadOnlyList<JsonElement>? messages = request.Array("messages");
        ToolWire tools = ToolWire.ReadChat(request, model.ToolCalls);
        var read = new ChatCompletionRequest
        {
            Messages = MessageWire.Read(messages),
            Chat = new ChatRequest
            {
                Sampling = SamplingWire.Read(request, model.Generation, model.NextSeed) with { MaximumTokens = MaximumTokens(request) },
                ShownTools = tools.Shown,
                Callable = tools.Callable,
                Form = FormWire.ReadChat(request),
                ReturnsReasoning = request.Flag("include_reasoning") ?? true,
                StreamsCalls = true,
                Choices = (int)(request.Integer("n", 1, GenerationRequest.MostChoices) ?? 1),
                LogProbabilities = logProbabilities,
                Alternatives = alternatives,
                FairnessKey = caller ?? "",
            }.WithThinking(request, request.Text("reasoning_effort")),
            Streams = streams,
            IncludesUsage = usage,
            Stores = request.Flag("store") ?? false,
            Metadata = request.Texts("metadata"),
            RawMessages = request.Any("messages")!.Value,
        };
        request.RequireAllKnown();
        return read;
    }

    private static int MaximumTokens(Fields request)
    {
        long? completion = request.Integer("max_completion_tokens", 1, int.MaxValue);
        long? old = request.Integer("max_tokens", 1, int.MaxValue);
        return completion is not null && old is not null
            ? throw ApiException.Invalid("max_tokens", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
            : (int)(completion ?? old ?? int.MaxValue);
    }

    private static void Words(Fields request)
    {
        request.Word("service_tier", "auto", "default", "flex", "scale", "priority");
        foreach (string modality in request.TextOrTexts("modalities") ?? [])
        {
            if (modality != "text")
            {
                throw ApiException.Invalid("modalities", $"Invalid value: '{modality}'. This server's models write 'text'.");
            }
        }
    }
}
