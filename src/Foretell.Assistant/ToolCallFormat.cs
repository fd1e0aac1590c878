using Foretell.Inference;

namespace Foretell.Assistant;

/// <summary>How a family of models writes calls of tools.</summary>
public sealed record ToolCallFormat
{
    /// <summary>Hermes and Qwen: <c>{"name": ..., "arguments": {...}}</c> between &lt;tool_call&gt; and &lt;/tool_call&gt;, each on a line; several calls may follow each other.</summary>
    public static ToolCallFormat Hermes { get; } = new() { Name = "hermes", Envelope = ToolCallEnvelope.Hermes, ArgumentsKey = "arguments" };

    /// <summary>The default template of models trained here: as <see cref="Hermes"/>, without the line breaks.</summary>
    public static ToolCallFormat Foretell { get; } = Hermes with
    {
        Name = "foretell",
        Envelope = ToolCallEnvelope.Hermes with { BeforeName = "<tool_call>{\"name\": \"", AfterArguments = "}</tool_call>" },
    };

    /// <summary>Llama 3.1 and later: the answer is <c>{"name": ..., "parameters": {...}}</c> and nothing else; one call an answer.</summary>
    public static ToolCallFormat Llama { get; } = new() { Name = "llama", Envelope = ToolCallEnvelope.Llama3, ArgumentsKey = "parameters" };

    /// <summary>The format's name, for people.</summary>
    public required string Name { get; init; }

    /// <summary>The text around a call's name and arguments: an object with "name" and <see cref="ArgumentsKey"/>, between markers unless calls make up the whole answer.</summary>
    public required ToolCallEnvelope Envelope { get; init; }

    /// <summary>The key of the arguments beside "name".</summary>
    public required string ArgumentsKey { get; init; }

    /// <summary>Whether an answer may hold several calls.</summary>
    public bool AllowsSeveral => Envelope.BetweenCalls is not null;

    /// <summary>What a call's object stands behind; empty where calls make up the whole answer.</summary>
    internal string Opening => Envelope.CallsOnlyAtStart ? "" : Envelope.Marker.Trim();

    /// <summary>What stands behind a call's object.</summary>
    internal string Closing => Envelope.AfterArguments.TrimStart('}').Trim();

    /// <summary>The format that a chat template teaches its model, told by the markers in it; <see cref="Hermes"/> where none is found.</summary>
    public static ToolCallFormat Detect(string template) =>
        template.Contains("<tool_call>{\"name\": '", StringComparison.Ordinal) ? Foretell
        : template.Contains("<tool_call>", StringComparison.Ordinal) ? Hermes
        : template.Contains("<|python_tag|>", StringComparison.Ordinal) || template.Contains("\"parameters\": dictionary", StringComparison.Ordinal) ? Llama
        : Hermes;
}
