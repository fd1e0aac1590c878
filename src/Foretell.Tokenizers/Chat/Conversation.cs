using System.Text.Json;

namespace Foretell.Tokenizers;

/// <summary>Everything that a chat template is given.</summary>
/// <param name="Messages">The messages, oldest first.</param>
public sealed record Conversation(IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>Whether the text ends with what an answer of the assistant begins with. Default false.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>The tools, each a JSON object {"type": "function", "function": {"name", "description", "parameters"}}. Default none.</summary>
    public IReadOnlyList<JsonElement> Tools { get; init; } = [];

    /// <summary>Documents to answer from, for templates that know them. Default none.</summary>
    public IReadOnlyList<JsonElement> Documents { get; init; } = [];

    /// <summary>Variables of the template's own, such as Qwen 3's enable_thinking. Default none.</summary>
    public IReadOnlyDictionary<string, JsonElement> Variables { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>The time for templates that write the date (strftime_now); without it that function is not defined for them.</summary>
    public DateTimeOffset? Now { get; init; }
}
