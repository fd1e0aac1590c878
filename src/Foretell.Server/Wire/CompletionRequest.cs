using Foretell.Assistant;
using Foretell.Inference;

namespace Foretell.Server.Wire;

/// <summary>What POST /v1/completions asks for, read and checked.</summary>
internal sealed record CompletionRequest
{
    /// <summary>The API's own default.</summary>
    private const int UsualTokens = 16;

    /// <summary>Token ids of each prompt, as the model reads them.</summary>
    public required IReadOnlyList<int[]> Prompts { get; init; }

    /// <summary>How many ids at the beginning of each prompt the caller did not write.</summary>
    public required int Leading { get; init; }

    public required SamplingOptions Sampling { get; init; }

    /// <summary>Answers to each prompt.</summary>
    public required int Choices { get; init; }

    /// <summary>The likeliest tokens to be told at each place; null where no likelihoods are wanted.</summary>
    public int? Alternatives { get; init; }

    public bool Echoes { get; init; }

    public bool Streams { get; init; }

    public bool IncludesUsage { get; init; }

    public bool IgnoresEndOfText { get; init; }

    /// <exception cref="ApiException">A field is unknown, malformed or cannot be honoured.</exception>
    public static CompletionRequest Read(Fields request, ForetellModel model)
    {
        request.Accept("model", "user");
        request.Refuse("suffix", "this server's models write from the left to the right");
        bool streams = request.Flag("stream") ?? false;
        Fields? streaming = request.Object("stream_options");
        bool usage = streaming?.Flag("include_usage") ?? false;
        streaming?.Accept("include_obfuscation", "continuous_usage_stats");
        streaming?.RequireAllKnown();
        if (streaming is not null && !streams)
        {
            throw ApiException.Invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
        }
        int choices = (int)(request.Integer("n", 1, GenerationRequest.MostChoices) ?? 1);
        if (request.Integer("best_of", 0) is long best && best != choices && best > 1)
        {
            throw ApiException.Invalid("best_of", "Unsupported parameter: 'best_of': ask for 'n' answers and choose among them by their 'logprobs'.", "unsupported_parameter");
        }
        int[] leading = model.Generation is { AddsBegin: true, BeginId: int begin } ? [begin] : [];
        bool isText = IsText(request);
        var read = new CompletionRequest
        {
            Prompts = [.. PromptWire.Read(request, "prompt", model).Select(ids => WithBeginning(isText ? [.. leading, .. ids] : ids, model))],
            Leading = isText ? leading.Length : 0,
            Sampling = SamplingWire.Read(request, model.Generation, model.NextSeed) with { MaximumTokens = (int)(request.Integer("max_tokens", 0, int.MaxValue) ?? UsualTokens) },
            Choices = choices,
            Alternatives = (int?)request.Integer("logprobs", 0, GenerationRequest.MostAlternatives),
            Echoes = request.Flag("echo") ?? false,
            Streams = streams,
            IncludesUsage = usage,
            IgnoresEndOfText = request.Flag("ignore_eos") ?? false,
        };
        request.RequireAllKnown();
        int longest = read.Prompts.Max(prompt => prompt.Length);
        return longest < model.Engine.ContextLength || (longest == model.Engine.ContextLength && read.Sampling.MaximumTokens == 0) ? read
            : throw ApiException.Invalid("prompt", FormattableString.Invariant($"This model's maximum context length is {model.Engine.ContextLength} tokens. However, your prompt has {longest} tokens, which leaves no room for an answer; shorten it."), "context_length_exceeded");
    }

    private static bool IsText(Fields request) => request.Any("prompt") is { } prompt
        && (prompt.ValueKind == System.Text.Json.JsonValueKind.String
            || (prompt.ValueKind == System.Text.Json.JsonValueKind.Array && prompt.GetArrayLength() > 0 && prompt[0].ValueKind == System.Text.Json.JsonValueKind.String));

    /// <summary>An empty prompt is the beginning of a text.</summary>
    private static int[] WithBeginning(int[] ids, ForetellModel model) => ids.Length > 0 ? ids : [model.Tokenizer.EndOfTextId ?? 0];
}
