namespace Foretell.Tokenizers.Jinja;

/// <summary>What went wrong inside a template, before the line is known.</summary>
internal sealed class TemplateFault(string message, bool isRefusal = false) : Exception(message)
{
    /// <summary>Whether the template itself refused the conversation, with raise_exception.</summary>
    public bool IsRefusal { get; } = isRefusal;
}
