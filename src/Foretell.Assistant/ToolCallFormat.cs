namespace Foretell.Assistant;

/// <summary>
/// How a family of models writes a call of a tool: a JSON object with the tool's name and its arguments between an opening
/// and a closing marker, or alone as the whole answer where <see cref="Opening"/> is empty.
/// </summary>
public sealed record ToolCallFormat
{
    /// <summary>Hermes and Qwen: <c>&lt;tool_call&gt;</c>, <c>{"name": ..., "arguments": {...}}</c>, <c>&lt;/tool_call&gt;</c>; several calls follow each other.</summary>
    public static ToolCallFormat Hermes { get; } = new() { Name = "hermes", Opening = "<tool_call>\n", Closing = "\n</tool_call>", ArgumentsKey = "arguments", AllowsSeveral = true };

    /// <summary>The default template of models trained here: as <see cref="Hermes"/>, without the line breaks.</summary>
    public static ToolCallFormat Foretell { get; } = Hermes with { Name = "foretell", Opening = "<tool_call>", Closing = "</tool_call>" };

    /// <summary>Llama 3.1 and later: the answer is <c>{"name": ..., "parameters": {...}}</c> and nothing else; one call an answer.</summary>
    public static ToolCallFormat Llama { get; } = new() { Name = "llama", Opening = "", Closing = "", ArgumentsKey = "parameters", AllowsSeveral = false };

    /// <summary>The format's name, for people.</summary>
    public required string Name { get; init; }

    /// <summary>What stands before a call, white space included; empty where a call is the whole answer.</summary>
    public required string Opening { get; init; }

    /// <summary>What stands behind a call, white space included; empty exactly when <see cref="Opening"/> is.</summary>
    public required string Closing { get; init; }

    /// <summary>The key of the arguments beside "name".</summary>
    public required string ArgumentsKey { get; init; }

    /// <summary>Whether an answer may hold several calls.</summary>
    public required bool AllowsSeveral { get; init; }

    /// <summary>The format that a chat template teaches its model, told by the markers in it; <see cref="Hermes"/> where none is found.</summary>
    public static ToolCallFormat Detect(string template) =>
        template.Contains("<tool_call>{\"name\": '", StringComparison.Ordinal) ? Foretell
        : template.Contains("<tool_call>", StringComparison.Ordinal) ? Hermes
        : template.Contains("<|python_tag|>", StringComparison.Ordinal) || template.Contains("\"parameters\": dictionary", StringComparison.Ordinal) ? Llama
        : Hermes;
}
