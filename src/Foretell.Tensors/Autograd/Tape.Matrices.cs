using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Autograd;

/// <content>Products of matrices, embeddings and attention.</content>
public sealed partial class Tape
{
    /// <summary>x Wᵀ + b.</summary>
    /// <param name="x">[..., in].</param>
    /// <param name="weight">[out, in], as published models store it, of any type but integers; without derivatives through it when quantized, and x is then rounded to bytes by blocks of 32.</param>
    /// <param name="bias">[out], or null.</param>
    /// <returns>[..., out].</returns>
    public Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null)
    {
        NeedNumbers("linear", x, bias);
        NeedWeight("linear", weight, x);
        if (weight.Shape.Rank != 2 || x.Shape.Last != weight.Shape[1] || (bias is not null && bias.Shape != [weight.Shape[0]]))
        {
            throw new ArgumentException($"linear: x {x.Shape}, weight {weight.Shape}, bias {bias?.Shape.ToString() ?? "none"} do not fit; wanted x [..., in], weight [out, in], bias [out].");
        }
        Tensor result = New(x.Shape.WithLast(weight.Shape[0]), ComputeType(x));
        Backend.Multiply(Rows(x), false, Rows(weight), true, KeptFor(weight), Rows(bias), Rows(result), accumulate: false);
        return Record(result, [x, weight, bias], () => Derivatives.Linear(this, x, weight, bias, result));
    }

    /// <summary>a b for a [m, k] and b [k, n].</summary>
    public Tensor MatrixProduct(Tensor a, Tensor b)
    {
        NeedNumbers("matrix product", a, b);
        if (a.Shape.Rank != 2 || b.Shape.Rank != 2 || a.Shape[1] != b.Shape[0])
        {
            throw new ArgumentException($"matrix product: {a.Shape} times {b.Shape} does not fit; wanted [m, k] times [k, n].");
        }
        Tensor result = New([a.Shape[0], b.Shape[1]], ComputeType(a));
        Backend.Multiply(Rows(a), false, Rows(b), false, null, MatrixView.None, Rows(result), accumulate: false);
        return Record(result, [a, b], () => Derivatives.MatrixProduct(this, a, b, result));
    }

    /// <summary>Row ids[i] of the weight for each i.</summary>
    /// <param name="ids">[...], integers in [0, rows of weight).</param>
    /// <param name="weight">[vocabulary, channels].</param>
    /// <returns>[..., channels].</returns>
    public Tensor Embedding(Tensor ids, Tensor weight)
    {
        NeedWeight("embedding", weight);
        if (weight.Shape.Rank != 2)
        {
            throw new ArgumentException($"embedding: the weight must be [vocabulary, channels]; it was {weight.Shape}.");
        }
        NeedType("embedding", "ids", ids, DType.Int32);
        foreach (int id in ids.Span<int>())
        {
            if ((uint)id >= (uint)weight.Shape[0])
            {
                throw new ArgumentOutOfRangeException(nameof(ids), $"embedding: id {id} lies outside a table of {weight.Shape[0]} rows.");
            }
        }
        Tensor result = New([.. ids.Shape, weight.Shape[1]], ComputeType(weight));
        Backend.Embedding(Column(ids), Rows(weight), Rows(result));
        return Record(result, [weight], () => Derivatives.Embedding(this, ids, weight, result));
    }

    /// <summary>
    /// Causal attention with grouped queries: softmax(q kᵀ · scale) v for every head, each segment for itself, so that packed
    /// documents do not see each other and a document's result does not depend on where it lies.
    /// </summary>
    /// <param name="q">[queries, heads × headSize].</param>
    /// <param name="k">[keys, keyValueHeads × headSize].</param>
    /// <param name="v">[keys, keyValueHeads × headSize].</param>
    /// <param name="plan">Heads and segments; when derivatives are wanted, segments share no keys and cover all rows.</param>
    /// <returns>[queries, heads × headSize].</returns>
    public Tensor Attention(Tensor q, Tensor k, Tensor v, AttentionPlan plan)
    {
        NeedAlike("attention", q, k, v);
        if (plan.KeyValueHeads < 1 || q.Shape.Last != plan.Heads * plan.HeadSize || k.Shape.Last != plan.KeyValueHeads * plan.HeadSize || k.Shape != v.Shape || plan.Heads % plan.KeyValueHeads != 0)
        {
            throw new ArgumentException($"attention: q {q.Shape}, k {k.Shape}, v {v.Shape} do not fit {plan.Heads} heads over {plan.KeyValueHeads} key-value heads of size {plan.HeadSize}.");
        }
        foreach (AttentionSegment segment in plan.Segments)
        {
            if (segment.QueryStart < 0 || segment.QueryCount < 0 || segment.QueryStart + segment.QueryCount > q.Shape.RowCount
                || segment.KeyStart < 0 || segment.KeyCount < segment.QueryCount || segment.KeyStart + segment.KeyCount > k.Shape.RowCount)
            {
                throw new ArgumentException($"attention: {segment} lies outside {q.Shape.RowCount} queries and {k.Shape.RowCount} keys.");
            }
        }
        if (Recording && (Wants(q) || Wants(k) || Wants(v)))
        {
            NeedTiling("queries", q.Shape.RowCount, plan.Segments.Select(segment => (segment.QueryStart, segment.QueryCount)));
            NeedTiling("keys", k.Shape.RowCount, plan.Segments.Select(segment => (segment.KeyStart, segment.KeyCount)));
        }
        Tensor result = New(q.Shape, ComputeType(q));
        Tensor logSumExp = New([q.Shape.RowCount, plan.Heads], ComputeType(q));
        Backend.Attention(plan, Rows(q), Rows(k), Rows(v), Rows(result), Rows(logSumExp));
        return Record(result, [q, k, v], () => Derivatives.Attention(this, plan, q, k, v, logSumExp, result));
    }

    /// <summary>
    /// Mean cross-entropy of the next tokens under softmax(x Wᵀ), without ever holding all logits: rows go through in chunks.
    /// The gradients are computed on the way forward (while a chunk's logits exist), the weight's straight into its gradient,
    /// so this must be the loss itself or a term of it (to scale it, scale the weights), and a tape that only evaluates must
    /// not record.
    /// </summary>
    /// <param name="x">[rows, channels].</param>
    /// <param name="weight">[vocabulary, channels].</param>
    /// <param name="targets">[rows], integers; ignored where the weight is 0.</param>
    /// <param name="weights">[rows], how much each row's loss counts.</param>
    /// <param name="scale">What the weighted sum is multiplied by: 1 / (sum of the weights over the whole step), so that micro-batches add up to the large batch.</param>
    /// <returns>The loss [1] (scale × Σ weight × nats) and each row's nats [rows] (0 where the weight is 0).</returns>
    public (Tensor Loss, Tensor Nats) HeadCrossEntropy(Tensor x, Tensor weight, Tensor targets, Tensor weights, float scale)
    {
        NeedNumbers("head cross-entropy", x);
        NeedWeight("head cross-entropy", weight, x);
        int rows = x.Shape.RowCount;
        int vocabulary = weight.Shape[0];
        if (weight.Shape.Rank != 2 || x.Shape.Last != weight.Shape[1] || targets.Shape.ElementCount != rows || weights.Shape.ElementCount != rows)
        {
            throw new ArgumentException($"head cross-entropy: x {x.Shape}, weight {weight.Shape}, targets {targets.Shape}, weights {weights.Shape} do not fit; wanted [rows, channels], [vocabulary, channels], [rows], [rows].");
        }
        NeedType("head cross-entropy", "targets", targets, DType.Int32);
        NeedType("head cross-entropy", "weights", weights, DType.Float32);
        ReadOnlySpan<int> targetIds = targets.Span<int>();
        ReadOnlySpan<float> rowWeights = weights.Span<float>();
        for (int r = 0; r < rows; r++)
        {
            if (rowWeights[r] != 0 && (uint)targetIds[r] >= (uint)vocabulary)
            {
                throw new ArgumentOutOfRangeException(nameof(targets), $"head cross-entropy: target {targetIds[r]} of row {r} lies outside a vocabulary of {vocabulary}.");
            }
        }
        DType type = ComputeType(x);
        Tensor nats = New([rows], type);
        bool gradientOfX = Recording && Wants(x);
        bool gradientOfWeight = Recording && Wants(weight);
        Tensor? dX = gradientOfX ? New(x.Shape, type) : null;
        Tensor? dWeight = gradientOfWeight ? IntoZeroed(weight) : null;
        int chunk = HeadRowsAtOnce ?? HeadChunkRows(vocabulary);
        Tensor logits = New([Math.Min(chunk, rows), vocabulary], type);
        MatrixView xRows = Rows(x);
        MatrixView weightRows = Rows(weight);
        for (int start = 0; start < rows; start += chunk)
        {
            int count = Math.Min(chunk, rows - start);
            MatrixView xChunk = xRows.RowRange(start, count);
            MatrixView logitsChunk = Rows(logits).RowRange(0, count);
            Backend.Multiply(xChunk, false, weightRows, true, KeptFor(weight), MatrixView.None, logitsChunk, accumulate: false);
            Backend.CrossEntropy(logitsChunk, Column(targets).RowRange(start, count), Column(weights).RowRange(start, count), scale, Column(nats).RowRange(start, count), gradientOfX || gradientOfWeight);
            if (dX is not null)
            {
                Backend.Multiply(logitsChunk, false, weightRows, false, KeptFor(weight), MatrixView.None, Rows(dX).RowRange(start, count), accumulate: false);
            }
            if (dWeight is not null)
            {
                Backend.Multiply(logitsChunk, true, xChunk, false, null, MatrixView.None, Rows(dWeight), accumulate: true);
            }
        }
        _scope.Release(logits);
        Tensor loss = New([1], type);
        double total = 0;
        for (int r = 0; r < rows; r++)
        {
            total += rowWeights[r] * (type == DType.Float64 ? nats.Span<double>()[r] : nats.Span<float>()[r]);
        }
        if (type == DType.Float64)
        {
            loss.Span<double>()[0] = total * scale;
        }
        else
        {
            loss.Span<float>()[0] = (float)(total * scale);
        }
        if (dWeight is not null)
        {
            _contributedForward.Add(loss);
        }
        Record(loss, [x, weight], () => Derivatives.HeadCrossEntropy(this, x, dX, loss));
        return (loss, nats);
    }

    /// <summary>Attention's derivative writes each segment's rows once: they must cover all rows and share none.</summary>
    private static void NeedTiling(string what, int rows, IEnumerable<(int Start, int Count)> segments)
    {
        int next = 0;
        foreach ((int start, int count) in segments.Where(segment => segment.Count > 0).OrderBy(segment => segment.Start))
        {
            if (start != next)
            {
                break;
            }
            next += count;
        }
        if (next != rows || segments.Sum(segment => segment.Count) != rows)
        {
            throw new ArgumentException($"attention: with derivatives, the segments must cover each of the {rows} {what} once; they do not from row {next} on.");
        }
    }

    /// <summary>For tests: rows of logits held at once, instead of <see cref="HeadChunkRows"/>.</summary>
    internal int? HeadRowsAtOnce { get; set; }

    /// <summary>Rows of logits held at once: about 8 MiB of singles, a multiple of 64, whatever the batch.</summary>
    public static int HeadChunkRows(int vocabulary) => Math.Clamp((2 << 20) / Math.Max(vocabulary, 1) / 64 * 64, 64, 4096);

    /// <summary>What products of a tensor are computed and kept in: double for double, else single.</summary>
    private static DType ComputeType(Tensor x) => x.Type == DType.Float64 ? DType.Float64 : DType.Float32;

    /// <summary>A vector as a matrix of one column.</summary>
    internal MatrixView Column(Tensor vector) => Rows(vector.Reshaped([checked((int)vector.Shape.ElementCount), 1]));

    /// <summary>The storage of a whole weight, beside which its packed form may be kept.</summary>
    internal static Storage? KeptFor(Tensor weight) => weight.IsContiguous && weight.Storage.Bytes == weight.Type.Bytes(weight.Shape.ElementCount) && weight.Storage.IsPersistent ? weight.Storage : null;
}
