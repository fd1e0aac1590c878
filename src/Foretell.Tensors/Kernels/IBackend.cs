namespace Foretell.Tensors.Kernels;

/// <summary>
/// The operations' kernels on one kind of device. Every kernel obeys one rule: an output element depends only on its
/// operands, by reductions in a fixed order, whatever the batch around it or the number of threads.
/// Gradient destinations are added to when <c>accumulate</c>, else overwritten; destinations named d…Gain, …Bias and
/// …Weight are always added to, rows in order, so that micro-batches add up to the bits of the large batch.
/// </summary>
public interface IBackend : IDisposable
{
    /// <summary>The kernels in use, for people: "portable float32", "amx bfloat16".</summary>
    string Name { get; }

    /// <summary><see cref="Name"/> and what else people want to know but results do not depend on: "avx512 bfloat16, 2 threads".</summary>
    string Description { get; }

    /// <summary>The multiple of rows that micro-batches must have for <see cref="Multiply"/> over rows to add up to the large batch's bits.</summary>
    int DepthStep { get; }

    /// <summary>result [m, n] = left [m, k] × right [k, n] (+ bias [n]); <paramref name="leftTransposed"/>: left is stored [k, m]; <paramref name="rightTransposed"/>: right is stored [n, k].</summary>
    /// <param name="rightOwner">Storage that right fills and that stays the same over many calls (a weight), beside which a packed form may be kept; else null.</param>
    void Multiply(MatrixView left, bool leftTransposed, MatrixView right, bool rightTransposed, Storage? rightOwner, MatrixView bias, MatrixView result, bool accumulate);

    /// <summary>result [1, n] += the sum of x's rows [m, n], in order.</summary>
    void AddColumnSums(MatrixView x, MatrixView result);

    /// <summary>softmax(q kᵀ · scale) v for each head of each segment; logSumExp [rows, heads] keeps each softmax's normaliser.</summary>
    void Attention(AttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView result, MatrixView logSumExp);

    /// <summary>Gradients of <see cref="Attention"/>, overwritten.</summary>
    void AttentionBackward(AttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView result, MatrixView logSumExp, MatrixView dResult, MatrixView dQ, MatrixView dK, MatrixView dV);

    /// <summary>Bytes of one block of one layer's keys and values: <see cref="PagedAttentionPlan.BlockTokens"/> tokens in this backend's own order; a multiple of 64.</summary>
    /// <param name="keyValueHeads">Key and value heads.</param>
    /// <param name="headSize">Elements of a head.</param>
    /// <param name="type">What is computed in: Float32 or Float64.</param>
    long KeyValueBlockBytes(int keyValueHeads, int headSize, DType type);

    /// <summary>Writes the new tokens' keys and values into their blocks, then softmax(q kᵀ · scale) v over each segment's blocks: the bits of <see cref="Attention"/> over whole sequences.</summary>
    /// <param name="cache">[blocks of the pool, <see cref="KeyValueBlockBytes"/> / 4] integers: one layer's blocks, 64-byte aligned.</param>
    void PagedAttention(PagedAttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView cache, MatrixView result);

    /// <summary>x / sqrt(mean(x²) + epsilon) · gain over each row; inverse [rows, 1] keeps the factor.</summary>
    void RmsNorm(MatrixView x, MatrixView gain, float epsilon, MatrixView result, MatrixView inverse);

    void RmsNormBackward(MatrixView x, MatrixView gain, MatrixView inverse, MatrixView dResult, MatrixView dX, bool accumulate, MatrixView dGain);

    /// <summary>(x - mean) / sqrt(variance + epsilon) · gain + bias over each row; statistics [rows, 2] keeps mean and factor.</summary>
    void LayerNorm(MatrixView x, MatrixView gain, MatrixView bias, float epsilon, MatrixView result, MatrixView statistics);

    void LayerNormBackward(MatrixView x, MatrixView gain, MatrixView statistics, MatrixView dResult, MatrixView dX, bool accumulate, MatrixView dGain, MatrixView dBias);

    /// <summary>Turns each pair of each head by its position's angle; <paramref name="inverse"/> turns back. cosines and sines are [positions, headSize / 2].</summary>
    void Rotary(MatrixView x, MatrixView positions, MatrixView cosines, MatrixView sines, bool interleaved, bool inverse, MatrixView result);

    void Map(UnaryFunction function, MatrixView x, MatrixView result);

    void MapBackward(UnaryFunction function, MatrixView x, MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate);

    /// <summary>silu(gate) · up.</summary>
    void SwiGlu(MatrixView gate, MatrixView up, MatrixView result);

    /// <summary>Gradients of <see cref="SwiGlu"/>, overwritten.</summary>
    void SwiGluBackward(MatrixView gate, MatrixView up, MatrixView dResult, MatrixView dGate, MatrixView dUp);

    /// <summary>a ∘ b element by element, all of one shape (repeated axes have stride 0).</summary>
    void Combine(BinaryFunction function, StridedView a, StridedView b, StridedView result);

    /// <summary>result (+)= scale · x, converting between types; x and result have one shape.</summary>
    void Copy(StridedView x, StridedView result, float scale, bool accumulate);

    /// <summary>result += x where several elements of x fall on one of result (result has stride 0 along the summed axes).</summary>
    void AddReduced(StridedView x, StridedView result);

    /// <summary>Row r of result = row ids[r] of weight.</summary>
    void Embedding(MatrixView ids, MatrixView weight, MatrixView result);

    void EmbeddingBackward(MatrixView ids, MatrixView dResult, MatrixView dWeight);

    /// <summary>losses[r] = -log softmax(logits[r])[targets[r]], and logits become their gradient (softmax - onehot) · weights[r] · scale when <paramref name="gradient"/>. A row of weight 0 has loss 0.</summary>
    void CrossEntropy(MatrixView logits, MatrixView targets, MatrixView weights, float scale, MatrixView losses, bool gradient);

    void Softmax(MatrixView x, MatrixView result);

    void SoftmaxBackward(MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate);

    void LogSoftmax(MatrixView x, MatrixView result);

    void LogSoftmaxBackward(MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate);

    /// <summary>result[r, 0] = x[r, indices[r]].</summary>
    void Gather(MatrixView x, MatrixView indices, MatrixView result);

    /// <summary>dX[r, indices[r]] += dResult[r, 0].</summary>
    void GatherBackward(MatrixView indices, MatrixView dResult, MatrixView dX);

    /// <summary>result[r, 0] = the largest of row r; where [rows, 1] keeps the first column that has it.</summary>
    void RowMaximum(MatrixView x, MatrixView result, MatrixView where);

    /// <summary>Keeps each element with probability 1 - p and scales it by 1 / (1 - p); which are kept is a pure function of the seed, the row (counted from the draw's first) and the column. Its own derivative.</summary>
    void Dropout(MatrixView x, DropoutDraw draw, float probability, MatrixView result, bool accumulate);

    /// <summary>c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c'); gates [rows, 4 × hidden] in the order i, f, g, o.</summary>
    void LstmCell(MatrixView gates, MatrixView cell, MatrixView newCell, MatrixView hidden);

    /// <summary>Gradients of <see cref="LstmCell"/>, overwritten.</summary>
    void LstmCellBackward(MatrixView gates, MatrixView cell, MatrixView newCell, MatrixView dNewCell, MatrixView dHidden, MatrixView dGates, MatrixView dCell);

    /// <summary>Every window of images [batch × height × width, channels] as a row [kernel height × kernel width × channels]; outside is zero.</summary>
    void Unfold(WindowGeometry geometry, MatrixView images, MatrixView result);

    /// <summary>The derivative of <see cref="Unfold"/>: adds each window's elements back to the pixels they came from.</summary>
    void UnfoldBackward(WindowGeometry geometry, MatrixView dResult, MatrixView dImages);

    /// <summary>Largest of each window by channel; where keeps the pixel row that has it.</summary>
    void MaximumPool(WindowGeometry geometry, MatrixView images, MatrixView result, MatrixView where);

    void MaximumPoolBackward(MatrixView where, MatrixView dResult, MatrixView dImages);

    /// <summary>One AdamW step on a parameter and its two moments, in one pass; see <see cref="AdamWStep"/>.</summary>
    void AdamW(AdamWStep step, MatrixView parameter, MatrixView gradient, MatrixView firstMoment, MatrixView secondMoment);

    /// <summary>Σ x² in double precision, in an order that does not depend on the number of threads.</summary>
    double SquaredNorm(MatrixView x);
}

/// <summary>
/// The numbers of one AdamW step (Loshchilov and Hutter 2017): g = GradientScale · gradient; m = Beta1 m + (1 - Beta1) g;
/// v = Beta2 v + (1 - Beta2) g²; parameter -= Rate · (m / FirstCorrection / (sqrt(v / SecondCorrection) + Epsilon)) + Decay · parameter.
/// </summary>
/// <param name="Rate">The learning rate.</param>
/// <param name="Decay">Rate × weight decay.</param>
/// <param name="FirstCorrection">1 - Beta1^t for step t from 1.</param>
/// <param name="SecondCorrection">1 - Beta2^t.</param>
public readonly record struct AdamWStep(float Rate, float Beta1, float Beta2, float Epsilon, float Decay, float FirstCorrection, float SecondCorrection, float GradientScale);

/// <summary>What decides which elements dropout keeps.</summary>
/// <param name="Seed">Seed of the whole batch.</param>
/// <param name="FirstRow">The place of the first row within the whole batch, so that micro-batches drop what the large batch does.</param>
public readonly record struct DropoutDraw(ulong Seed, long FirstRow = 0)
{
    public static implicit operator DropoutDraw(ulong seed) => new(seed);

    /// <summary>A draw of its own for one place in the model.</summary>
    public DropoutDraw At(int place) => this with { Seed = SeededRandom.Mix(Seed + (ulong)place) };
}

/// <summary>Functions of one number with their derivatives.</summary>
public enum UnaryFunction
{
    /// <summary>x Φ(x) with the error function (Hendrycks and Gimpel 2016).</summary>
    Gelu,

    /// <summary>The tanh approximation of <see cref="Gelu"/>, as GPT-2 has it.</summary>
    GeluTanh,

    /// <summary>max(x, 0)² (So et al. 2021).</summary>
    ReluSquared,
    Relu,
    Silu,
    Sigmoid,
    Tanh,
    Exp,
    Log,
    Square,
    Sqrt,
    Negate,
}

/// <summary>Functions of two numbers.</summary>
public enum BinaryFunction
{
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// <summary>Which queries see which keys: query i of a segment sees its keys [0, KeyCount - QueryCount + i].</summary>
/// <param name="QueryStart">First query row.</param>
/// <param name="QueryCount">Number of queries.</param>
/// <param name="KeyStart">First key row.</param>
/// <param name="KeyCount">Number of keys, at least QueryCount: the cached ones first, then the queries' own.</param>
public readonly record struct AttentionSegment(int QueryStart, int QueryCount, int KeyStart, int KeyCount);

/// <summary>The geometry of one attention call; q rows are [heads × headSize], k and v rows [keyValueHeads × headSize].</summary>
public sealed record AttentionPlan(IReadOnlyList<AttentionSegment> Segments, int Heads, int KeyValueHeads, int HeadSize, float Scale);

/// <summary>Windows over a batch of images [batch, height, width, channels]: what convolution and pooling share.</summary>
public readonly record struct WindowGeometry(int Batch, int Height, int Width, int Channels, int KernelHeight, int KernelWidth, int Stride, int Padding)
{
    public int OutputHeight => (Height + 2 * Padding - KernelHeight) / Stride + 1;

    public int OutputWidth => (Width + 2 * Padding - KernelWidth) / Stride + 1;

    public int OutputRows => Batch * OutputHeight * OutputWidth;
}
