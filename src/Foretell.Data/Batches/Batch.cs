namespace Foretell.Data;

/// <summary>What a model trains on in one step. All arrays are flattened [row, time], each of Rows x ContextLength.</summary>
public sealed class Batch
{
    /// <summary>Input ids, in [0, vocabulary size).</summary>
    public required int[] Tokens { get; init; }

    /// <summary>The id that follows each token; a valid id without meaning where the weight is 0.</summary>
    public required int[] Targets { get; init; }

    /// <summary>1 where the target is trained; 0 at a document's last token and in padding.</summary>
    public required float[] Weights { get; init; }

    /// <summary>0, 1, 2, ... from the beginning of each segment.</summary>
    public required int[] Positions { get; init; }

    /// <summary>The stretches that see only themselves; in order, without gap or overlap, over the whole axis.</summary>
    public required Segment[] Segments { get; init; }

    public required int Rows { get; init; }

    public required int ContextLength { get; init; }

    /// <summary>The number of targets that are trained.</summary>
    public int TargetCount => Weights.Count(weight => weight > 0);
}
