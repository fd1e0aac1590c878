using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Inference;

/// <summary>One sequence's tokens in a pass.</summary>
/// <param name="Table">What was read before; the pass advances it.</param>
/// <param name="Tokens">What is read.</param>
/// <param name="ScoredRows">How many of the last tokens need the scores of what comes next.</param>
internal readonly record struct ReadPart(BlockTable Table, int[] Tokens, int ScoredRows);

/// <summary>A model and its pool of keys and values: reads tokens of many sequences in one pass.</summary>
internal sealed class ModelRunner(Transformer model, int blocks) : IDisposable
{
    private readonly KeyValuePool _pool = model.NewPool(blocks);

    public Transformer Model { get; } = model;

    public void Copy(BlockCopy copy) => _pool.CopyBlock(copy.From, copy.To);

    /// <summary>Reads tokens and scores what comes next.</summary>
    /// <returns>[scored rows, vocabulary], the parts' rows one after another; null when none is wanted.</returns>
    public Tensor? Read(Tape tape, IReadOnlyList<ReadPart> parts)
    {
        int total = 0;
        int scored = 0;
        foreach (ReadPart part in parts)
        {
            total += part.Tokens.Length;
            scored += part.ScoredRows;
        }
        int[] ids = new int[total];
        int[] positions = new int[total];
        int[] rows = new int[scored];
        var segments = new (int Start, int Length)[parts.Count];
        var tables = new BlockTable[parts.Count];
        int start = 0;
        int row = 0;
        for (int i = 0; i < parts.Count; i++)
        {
            ReadPart part = parts[i];
            part.Tokens.CopyTo(ids, start);
            for (int j = 0; j < part.Tokens.Length; j++)
            {
                positions[start + j] = part.Table.Length + j;
            }
            segments[i] = (start, part.Tokens.Length);
            tables[i] = part.Table;
            start += part.Tokens.Length;
            for (int j = part.ScoredRows; j > 0; j--)
            {
                rows[row++] = start - j;
            }
        }
        Tensor hidden = Model.Hidden(tape, new TokenBatch(ids, positions, segments), _pool, tables);
        if (scored == 0)
        {
            return null;
        }
        Tensor last = scored == total ? hidden : tape.Embedding(tape.Scope.From(rows, [scored]), hidden);
        return Model.Logits(tape, last);
    }

    public void Dispose() => _pool.Dispose();
}
