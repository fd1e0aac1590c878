namespace Foretell.World;

/// <summary>Which part of the world a document is drawn from.</summary>
public enum WorldSplit
{
    /// <summary>Never contains a held-out name, number, number pair, or colour and thing together.</summary>
    Training,

    /// <summary>
    /// Known names in unseen combinations: every document has a colour and thing (a sum: a number or number pair) that
    /// training never has. The fair ground for scoring a model on what it learned.
    /// </summary>
    HeldOut,

    /// <summary>Every person bears a name that training never mentions; combinations and numbers are as in training.</summary>
    HeldOutNames,
}
