using Foretell.Nn;

namespace Foretell.Inference;

/// <summary>
/// Where one sequence's keys and values lie. A draft model's lie in a pool of its own in the blocks of the same ids, so
/// that who holds what is decided once.
/// </summary>
/// <param name="hasDraft">Whether a draft model reads the sequence too.</param>
internal sealed class SequenceBlocks(bool hasDraft = false)
{
    /// <summary>The model's table.</summary>
    public BlockTable Table { get; private set; } = new();

    /// <summary>The draft model's table over the same blocks, of a length of its own; null without such a model.</summary>
    public BlockTable? Draft { get; private set; } = hasDraft ? new() : null;

    /// <summary>Ids of the blocks, in the order of the tokens; the last ones may be reserved and still empty.</summary>
    public ReadOnlySpan<int> Ids => Table.Blocks;

    /// <summary>Tokens whose keys and values the model has.</summary>
    public int Length => Table.Length;

    /// <summary>Tokens whose keys and values every model has.</summary>
    public int CompleteLength => Math.Min(Table.Length, Draft?.Length ?? int.MaxValue);

    /// <summary>Blocks from the first on that the prefix cache knows.</summary>
    public int Registered { get; set; }

    public void Add(int block)
    {
        Table.Add(block);
        Draft?.Add(block);
    }

    public void Replace(int index, int block)
    {
        Table.Replace(index, block);
        Draft?.Replace(index, block);
    }

    /// <summary>Forgets what was read behind the first tokens; the blocks stay.</summary>
    public void Truncate(int length)
    {
        Table.Truncate(Math.Min(length, Table.Length));
        Draft?.Truncate(Math.Min(length, Draft.Length));
    }

    /// <summary>Begins anew with blocks whose contents are there.</summary>
    /// <param name="registered">How many of them the prefix cache knows.</param>
    public void Begin(ReadOnlySpan<int> blocks, int length, int draftLength, int registered)
    {
        Table = new BlockTable(blocks, length);
        Draft = Draft is null ? null : new BlockTable(blocks, draftLength);
        Registered = registered;
    }

    public void Clear() => Begin([], 0, 0, 0);
}
