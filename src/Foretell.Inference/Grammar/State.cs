namespace Foretell.Inference;

internal enum StateKind : byte
{
    Nothing,
    Empty,
    Bytes,
    Automaton,
    Sequence,
    Choice,
    Repeat,
    Both,
    Except,
    Terminal,
    Call,
}

/// <summary>
/// What may still follow: a node of an expression whose equal parts are one object, so that equal futures are the same
/// state. Made by <see cref="StateGraph"/> alone. The chain of <see cref="StateKind.Sequence"/> nodes is the stack of a
/// pushdown automaton, and a <see cref="StateKind.Choice"/> among them is a set of stacks.
/// </summary>
internal sealed class State(StateKind kind, int id)
{
    public readonly StateKind Kind = kind;

    public int Id = id;

    /// <summary>Whether the empty text is accepted.</summary>
    public bool IsNullable;

    /// <summary>First part of a sequence, item of a repeat or terminal, left operand.</summary>
    public State? First;

    /// <summary>Rest of a sequence, right operand.</summary>
    public State? Second;

    /// <summary>Alternatives of a choice by ascending id.</summary>
    public State[] Alternatives = [];

    public ByteSet Set;

    /// <summary>Least repeats; state of an automaton; levels left for a call.</summary>
    public int Number;

    /// <summary>Most repeats.</summary>
    public int Maximum;

    /// <summary>The automaton or the rule.</summary>
    public object? Source;

    /// <summary>What a call stands for, once it is known.</summary>
    public State? Expanded;

    /// <summary>[byte class] the state after a byte, null where it isn't known yet.</summary>
    public State?[]? Next;

    /// <summary>The tokens that the state itself decides, once they are known.</summary>
    public TokenFrame? Frame;

    /// <summary>All tokens that may come, once they are known.</summary>
    public TokenMask? Mask;
}
