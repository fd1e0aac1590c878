namespace Foretell.Inference;

/// <summary>Why generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended the document, a stop string was reached, or the constraint left nothing but the end.</summary>
    Stop,

    /// <summary>As many tokens as were asked for.</summary>
    Length,

    /// <summary>The model's context, or all of the engine's cache, is full.</summary>
    ContextFull,
}
