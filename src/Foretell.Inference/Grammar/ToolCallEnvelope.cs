namespace Foretell.Inference;

/// <summary>The text around a tool's name and arguments, as a family of models was taught to write it.</summary>
public sealed record ToolCallEnvelope
{
    /// <summary>What stands before the name (with its opening quote).</summary>
    public required string BeforeName { get; init; }

    /// <summary>What stands between the name and the JSON of the arguments, the name's closing quote first.</summary>
    public required string BetweenNameAndArguments { get; init; }

    /// <summary>What stands behind the arguments.</summary>
    public required string AfterArguments { get; init; }

    /// <summary>What stands between two calls; null where the family has no form for several.</summary>
    public string? BetweenCalls { get; init; }

    /// <summary>The text that can only be a call's beginning: <see cref="BeforeName"/> starts with it, and free text never holds it.</summary>
    public required string Marker { get; init; }

    /// <summary>Whether calls make up the whole answer or none of it, so that only its beginning tells.</summary>
    public bool CallsOnlyAtStart { get; init; }

    /// <summary>Qwen 2.5, Qwen 3 and the Hermes models: JSON between &lt;tool_call&gt; and &lt;/tool_call&gt;.</summary>
    public static ToolCallEnvelope Hermes { get; } = new()
    {
        BeforeName = "<tool_call>\n{\"name\": \"",
        BetweenNameAndArguments = "\", \"arguments\": ",
        AfterArguments = "}\n</tool_call>",
        BetweenCalls = "\n",
        Marker = "<tool_call>",
    };

    /// <summary>Llama 3.1 and 3.2: the answer is the JSON of one call.</summary>
    public static ToolCallEnvelope Llama3 { get; } = new()
    {
        BeforeName = "{\"name\": \"",
        BetweenNameAndArguments = "\", \"parameters\": ",
        AfterArguments = "}",
        Marker = "{\"name\": \"",
        CallsOnlyAtStart = true,
    };

    /// <exception cref="GrammarException">The marker is empty, or calls don't begin with it.</exception>
    public void Validate()
    {
        if (Marker.Length == 0 || !BeforeName.StartsWith(Marker, StringComparison.Ordinal))
        {
            throw new GrammarException($"The tool calls' marker '{Marker}' must have a character and begin what stands before a name, '{BeforeName}'.");
        }
    }
}
