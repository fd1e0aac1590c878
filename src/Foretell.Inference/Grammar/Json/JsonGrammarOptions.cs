namespace Foretell.Inference;

/// <summary>What may stand behind the commas and colons of JSON. No form has other white space, so that a model can't write blanks for ever.</summary>
public enum JsonSeparators
{
    /// <summary>Nothing or one space, as the model likes.</summary>
    OptionalSpace,

    /// <summary>Nothing.</summary>
    Compact,

    /// <summary>One space, as Python's json.dumps writes.</summary>
    Spaced,
}

/// <summary>The form of constrained JSON.</summary>
public sealed record JsonGrammarOptions
{
    /// <summary>White space behind commas and colons; default <see cref="JsonSeparators.OptionalSpace"/>.</summary>
    public JsonSeparators Separators { get; init; } = JsonSeparators.OptionalSpace;

    /// <summary>The deepest that objects and arrays nest, the outermost counted: 1 to 512, default <see cref="Grammar.DefaultMaximumDepth"/>.</summary>
    public int MaximumDepth { get; init; } = Grammar.DefaultMaximumDepth;

    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public void Validate()
    {
        if (!Enum.IsDefined(Separators))
        {
            throw new ArgumentOutOfRangeException(nameof(Separators), $"There is no form of separators {(int)Separators}; use one of {string.Join(", ", Enum.GetNames<JsonSeparators>())}.");
        }
        if (MaximumDepth is < 1 or > 512)
        {
            throw new ArgumentOutOfRangeException(nameof(MaximumDepth), $"The maximum depth is {MaximumDepth}; it must be from 1 to 512.");
        }
    }
}
