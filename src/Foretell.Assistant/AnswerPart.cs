using System.Text.Json;

namespace Foretell.Assistant;

/// <summary>A piece of an answer.</summary>
internal abstract record AnswerPart
{
    private AnswerPart()
    {
    }

    /// <summary>What the model says.</summary>
    internal sealed record Text(string Piece) : AnswerPart;

    /// <summary>What the model thinks before it says something.</summary>
    internal sealed record Reasoning(string Piece) : AnswerPart;

    /// <summary>A call of a tool.</summary>
    /// <param name="Arguments">A JSON object.</param>
    internal sealed record ToolCall(string Name, JsonElement Arguments) : AnswerPart;
}
