using System.Text.Json;

namespace Foretell.Assistant;

/// <summary>A piece of an answer.</summary>
public abstract record AnswerPart
{
    private AnswerPart()
    {
    }

    /// <summary>What the model says.</summary>
    public sealed record Text(string Piece) : AnswerPart;

    /// <summary>What the model thinks before it says something.</summary>
    public sealed record Reasoning(string Piece) : AnswerPart;

    /// <summary>A call of a tool.</summary>
    /// <param name="Arguments">A JSON object.</param>
    public sealed record ToolCall(string Name, JsonElement Arguments) : AnswerPart;

    /// <summary>A call of a tool begins, where calls are wanted as they are written; its arguments follow.</summary>
    public sealed record ToolCallStart(string Name) : AnswerPart;

    /// <summary>More of the arguments of the call that began last; the pieces together are a JSON object, unless the answer was cut short.</summary>
    public sealed record ToolCallArguments(string Piece) : AnswerPart;
}
