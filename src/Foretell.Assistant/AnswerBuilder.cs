using System.Globalization;
using System.Text.Json;
using Foretell.Inference;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant;

/// <summary>Makes updates of what a model answers. One answer, one thread at a time.</summary>
internal sealed class AnswerBuilder
{
    private readonly ForetellModel _model;
    private readonly ChatRequest _request;
    private readonly DateTimeOffset _created;
    private readonly string _id;
    private readonly List<TokenLogProbability> _described = [];
    private int _calls;

    public AnswerBuilder(ForetellModel model, ChatRequest request)
    {
        _model = model;
        _request = request;
        _created = model.Clock.GetUtcNow();
        _id = Guid.CreateVersion7(_created).ToString("N", CultureInfo.InvariantCulture);
    }

    /// <summary>The next update, or null when there is nothing to say yet.</summary>
    public ChatResponseUpdate? Take(AnswerPiece piece)
    {
        List<AIContent> contents = Contents(piece.Parts);
        if (contents.Count == 0 && piece.Token?.LogProbability is null)
        {
            return null;
        }
        ChatResponseUpdate next = Update(contents);
        if (piece.Token is { LogProbability: not null } token)
        {
            TokenLogProbability described = _model.Describe(token);
            _described.Add(described);
            next.AdditionalProperties = new() { [ForetellChatClient.LogProbabilitiesKey] = (IReadOnlyList<TokenLogProbability>)[described] };
        }
        return next;
    }

    /// <summary>The last update: why the answer ended, and what it took.</summary>
    /// <param name="thinkingTokens">Of the tokens, those of thought.</param>
    public ChatResponseUpdate End(FinishReason reason, GenerationUsage usage, int thinkingTokens)
    {
        ChatResponseUpdate end = Update([new UsageContent(new UsageDetails
        {
            InputTokenCount = usage.PromptTokens,
            OutputTokenCount = usage.GeneratedTokens,
            TotalTokenCount = usage.PromptTokens + usage.GeneratedTokens,
            CachedInputTokenCount = usage.CachedPromptTokens,
            ReasoningTokenCount = thinkingTokens,
        })]);
        end.FinishReason = reason != FinishReason.Stop ? ChatFinishReason.Length : _calls > 0 ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop;
        end.AdditionalProperties = new() { [ForetellChatClient.SeedKey] = _request.Sampling.Seed };
        if (_described.Count > 0)
        {
            // All of them: who puts updates together keeps the last value of a property.
            end.AdditionalProperties[ForetellChatClient.LogProbabilitiesKey] = (IReadOnlyList<TokenLogProbability>)_described;
        }
        if (reason == FinishReason.ContextFull)
        {
            end.AdditionalProperties[ForetellChatClient.ContextFullKey] = true;
        }
        return end;
    }

    private ChatResponseUpdate Update(List<AIContent> contents) => new(ChatRole.Assistant, contents)
    {
        ResponseId = _id,
        MessageId = _id,
        ModelId = _model.Id,
        CreatedAt = _created,
    };

    private List<AIContent> Contents(IReadOnlyList<AnswerPart> parts)
    {
        var contents = new List<AIContent>();
        foreach (AnswerPart part in parts)
        {
            switch (part)
            {
                case AnswerPart.Text text:
                    contents.Add(new TextContent(text.Piece));
                    break;
                case AnswerPart.Reasoning reasoning:
                    contents.Add(new TextReasoningContent(reasoning.Piece));
                    break;
                case AnswerPart.ToolCall call:
                    contents.Add(new FunctionCallContent(string.Create(CultureInfo.InvariantCulture, $"call_{_id}_{_calls++}"), call.Name, Arguments(call.Arguments)));
                    break;
            }
        }
        return contents;
    }

    private static Dictionary<string, object?> Arguments(JsonElement arguments)
    {
        var values = new Dictionary<string, object?>();
        foreach (JsonProperty argument in arguments.EnumerateObject())
        {
            values[argument.Name] = argument.Value.ValueKind == JsonValueKind.Null ? null : argument.Value;
        }
        return values;
    }
}
