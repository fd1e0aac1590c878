namespace Foretell.Tokenizers;

/// <summary>A chat template that can't be read, or that can't render a conversation.</summary>
public sealed class ChatTemplateException : FormatException
{
    internal ChatTemplateException(string reason, int line, bool isRefusal = false, Exception? inner = null)
        : base(isRefusal ? $"The chat template refuses this conversation: {reason}" : $"The chat template, line {line}: {reason}.", inner) =>
        (Reason, Line, IsRefusal) = (reason, line, isRefusal);

    /// <summary>What was wrong, without the place.</summary>
    public string Reason { get; }

    /// <summary>The line of the template, from 1.</summary>
    public int Line { get; }

    /// <summary>Whether it is the conversation that is refused: by the template itself (raise_exception), with <see cref="Reason"/> in its own words, or because it holds what the template can't be given.</summary>
    public bool IsRefusal { get; }
}
