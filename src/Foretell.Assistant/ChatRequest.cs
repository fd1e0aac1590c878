using System.Text.Json;
using Foretell.Inference;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant;

/// <summary>Which tools an answer may or must call.</summary>
/// <param name="Tools">The tools that may be called; none when no call is possible.</param>
/// <param name="IsRequired">Whether the answer must be a call.</param>
/// <param name="AllowsSeveral">Whether it may be several.</param>
public sealed record CallableTools(IReadOnlyList<ToolDefinition> Tools, bool IsRequired, bool AllowsSeveral)
{
    /// <summary>No call is possible.</summary>
    public static CallableTools None { get; } = new([], false, false);
}

/// <summary>How a conversation is to be answered: see <see cref="ConversationAnswer"/>.</summary>
public sealed record ChatRequest
{
    /// <summary>How tokens are drawn, how many, and the texts that end an answer.</summary>
    public required SamplingOptions Sampling { get; init; }

    /// <summary>The tools that the model is told of, as chat templates know them: {"type": "function", "function": {"name", "description", "parameters"}}. Default none.</summary>
    public IReadOnlyList<JsonElement> ShownTools { get; init; } = [];

    /// <summary>Of them, those that may or must be called. Default none.</summary>
    public CallableTools Callable { get; init; } = CallableTools.None;

    /// <summary>What the text of the answer must be; null (the default) for anything.</summary>
    public AnswerForm? Form { get; init; }

    /// <summary>What the chat template is given beside the messages, such as enable_thinking. Default none.</summary>
    public IReadOnlyDictionary<string, JsonElement> TemplateVariables { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>The most tokens of thought; null (the default) where the request does not say.</summary>
    public int? ThinkingBudget { get; init; }

    /// <summary>The fewest tokens of thought once it has begun. Default 0.</summary>
    public int ThinkingMinimum { get; init; }

    /// <summary>How hard to think, where the request says only that; null (the default) where it does not.</summary>
    public ReasoningEffort? Effort { get; init; }

    /// <summary>Whether reasoning is part of the answer that the caller gets. Default true.</summary>
    public bool ReturnsReasoning { get; init; } = true;

    /// <summary>Whether calls of tools come as they are written (<see cref="AnswerPart.ToolCallStart"/> and <see cref="AnswerPart.ToolCallArguments"/>) and not whole. Default false.</summary>
    public bool StreamsCalls { get; init; }

    /// <summary>Answers to the conversation, in [1, <see cref="GenerationRequest.MostChoices"/>]. Default 1.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Whether tokens come with the logarithm of their probability. Default false.</summary>
    public bool LogProbabilities { get; init; }

    /// <summary>The likeliest tokens to be told at each place, in [0, <see cref="GenerationRequest.MostAlternatives"/>]. Default 0.</summary>
    public int Alternatives { get; init; }

    /// <summary>Requests of one key share its turns. Default: one key for all.</summary>
    public string FairnessKey { get; init; } = "";
}
