namespace Foretell.Tokenizers;

/// <summary>What one rendering may take: templates come with models from anywhere, and none may hang or fill the memory.</summary>
public sealed record ChatTemplateLimits
{
    /// <summary>The limits used where none are given.</summary>
    public static ChatTemplateLimits Default { get; } = new();

    /// <summary>Evaluated expressions and statements, plus one for 16 characters of every text made. Default 20,000,000: a few seconds at most.</summary>
    public long MaximumSteps { get; init; } = 20_000_000;

    /// <summary>The longest text, the rendering itself included, in UTF-16 characters. Default 16 Mi.</summary>
    public int MaximumCharacters { get; init; } = 16 << 20;

    /// <summary>How deep expressions, blocks and macro calls may nest while they run. Default 1,000; a smaller stack ends it sooner.</summary>
    public int MaximumDepth { get; init; } = 1000;
}
