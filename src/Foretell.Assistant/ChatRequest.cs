using System.Text.Json;
using Foretell.Inference;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant;

/// <summary>Which tools an answer may or must call.</summary>
/// <param name="Tools">The tools that may be called; none when no call is possible.</param>
/// <param name="IsRequired">Whether the answer must be a call.</param>
/// <param name="AllowsSeveral">Whether it may be several.</param>
internal sealed record CallableTools(IReadOnlyList<AIFunctionDeclaration> Tools, bool IsRequired, bool AllowsSeveral)
{
    public static CallableTools None { get; } = new([], false, false);
}

/// <summary>What <see cref="ChatOptions"/> ask for, read and checked.</summary>
internal sealed record ChatRequest
{
    public required SamplingOptions Sampling { get; init; }

    /// <summary>The tools that the model is told of.</summary>
    public required IReadOnlyList<AIFunctionDeclaration> ShownTools { get; init; }

    public required CallableTools Callable { get; init; }

    /// <summary>What the text of the answer must be; null for anything.</summary>
    public AnswerForm? Form { get; init; }

    public required IReadOnlyDictionary<string, JsonElement> TemplateVariables { get; init; }

    /// <summary>The most tokens of thought; null where the request does not say.</summary>
    public int? ThinkingBudget { get; init; }

    /// <summary>The fewest tokens of thought once it has begun.</summary>
    public int ThinkingMinimum { get; init; }

    /// <summary>How hard to think, where the request says only that.</summary>
    public ReasoningEffort? Effort { get; init; }

    /// <summary>Whether reasoning is part of the answer that the caller gets.</summary>
    public required bool ReturnsReasoning { get; init; }

    public bool LogProbabilities { get; init; }

    public int Alternatives { get; init; }

    public string FairnessKey { get; init; } = "";
}
