using System.Text.Json;
using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Server.Wire;

namespace Foretell.Server.Responses;

/// <summary>What POST /v1/responses asks for, but for its input, read and checked.</summary>
internal sealed record ResponseRequest
{
    public required ChatRequest Chat { get; init; }

    public string? Instructions { get; init; }

    /// <summary>The response that this one continues; null for none.</summary>
    public string? Previous { get; init; }

    public bool Streams { get; init; }

    public bool IsBackground { get; init; }

    public bool Stores { get; init; }

    public int? MaximumTokens { get; init; }

    public string? Effort { get; init; }

    public string? User { get; init; }

    /// <summary>As they were sent, for the response to repeat; null where they were left out.</summary>
    public JsonElement? Text { get; init; }

    public JsonElement? ToolChoice { get; init; }

    public JsonElement? Tools { get; init; }

    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <exception cref="ApiException">A field is unknown, malformed or cannot be honoured.</exception>
    public static ResponseRequest Read(Fields request, ForetellModel model, string? caller)
    {
        request.Accept("model", "input", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "max_tool_calls");
        request.Refuse("conversation", "this server keeps responses; give 'previous_response_id'");
        request.Refuse("prompt", "this server keeps no prompts; send 'instructions' and 'input'");
        request.Refuse("context_management", "send what the model is to read");
        request.Word("service_tier", "auto", "default", "flex", "scale", "priority");
        if (request.Word("truncation", "auto", "disabled") == "auto")
        {
            throw ApiException.Invalid("truncation", "Unsupported value: 'truncation' is 'auto', and this server drops nothing that it is told; leave it out and shorten the input.", "unsupported_value");
        }
        bool stores = request.Flag("store") ?? true;
        bool streams = request.Flag("stream") ?? false;
        bool isBackground = request.Flag("background") ?? false;
        if (isBackground && (streams || !stores))
        {
            throw ApiException.Invalid("background", "A response in the background is kept and read later: 'store' cannot be false, nor 'stream' true.");
        }
        Fields? streaming = request.Object("stream_options");
        streaming?.Accept("include_obfuscation");
        streaming?.RequireAllKnown();
        int alternatives = (int)(request.Integer("top_logprobs", 0, GenerationRequest.MostAlternatives) ?? 0);
        IReadOnlyList<string> include = request.TextOrTexts("include") ?? [];
        Fields? text = request.Object("text");
        AnswerForm? form = text?.Object("format") is Fields format ? FormWire.Read(format, holder => holder) : null;
        if (text?.Word("verbosity", "low", "medium", "high") is not null && request.Any("verbosity") is not null)
        {
            throw ApiException.Invalid("verbosity", "Give 'text.verbosity' alone.");
        }
        text?.RequireAllKnown();
        Fields? reasoning = request.Object("reasoning");
        string? effort = reasoning?.Text("effort");
        reasoning?.Word("summary", "auto", "concise", "detailed");
        reasoning?.Word("generate_summary", "auto", "concise", "detailed");
        reasoning?.RequireAllKnown();
        int? maximum = (int?)request.Integer("max_output_tokens", 1, int.MaxValue);
        ToolWire tools = ToolWire.ReadResponses(request, model.ToolCalls);
        var read = new ResponseRequest
        {
            Chat = new ChatRequest
            {
                Sampling = SamplingWire.Read(request, model.Generation, model.NextSeed) with { MaximumTokens = maximum ?? int.MaxValue },
                ShownTools = tools.Shown,
                Callable = tools.Callable,
                Form = form,
                StreamsCalls = true,
                LogProbabilities = alternatives > 0 || include.Contains("message.output_text.logprobs"),
                Alternatives = alternatives,
                FairnessKey = caller ?? "",
            }.WithThinking(request, effort),
            Instructions = request.Text("instructions"),
            Previous = request.Text("previous_response_id"),
            Streams = streams,
            IsBackground = isBackground,
            Stores = stores,
            MaximumTokens = maximum,
            Effort = effort,
            User = request.Text("user"),
            Text = text?.Json,
            ToolChoice = request.Any("tool_choice"),
            Tools = request.Any("tools"),
            Metadata = request.Texts("metadata"),
        };
        request.RequireAllKnown();
        return read;
    }
}
