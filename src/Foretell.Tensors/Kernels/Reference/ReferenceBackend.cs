using System.Numerics;

namespace Foretell.Tensors.Kernels.Reference;

/// <summary>
/// Every operation in plain loops on one thread, in single or double precision: the specification that fast backends are
/// tested against, and that finite differences are taken of.
/// </summary>
/// <param name="precision">BFloat16 rounds the operands of <see cref="Multiply"/> as bfloat16 hardware does; sums stay in single precision.</param>
public unsafe partial class ReferenceBackend(DType precision = DType.Float32) : IBackend
{
    public virtual string Name => precision == DType.BFloat16 ? "reference bfloat16" : "reference float32";

    public virtual string Description => Name;

    public virtual int DepthStep => 1;

    public virtual void Multiply(MatrixView left, bool leftTransposed, MatrixView right, bool rightTransposed, Storage? rightOwner, MatrixView bias, MatrixView result, bool accumulate)
    {
        if (right.Type.IsQuantized())
        {
            NeedQuantizedProduct(leftTransposed, rightTransposed, accumulate);
            ReferenceQuantized.Multiply(left, right, bias, result);
            return;
        }
        int depth = leftTransposed ? left.Rows : left.Columns;
        for (int m = 0; m < result.Rows; m++)
        {
            for (int n = 0; n < result.Columns; n++)
            {
                double exact = accumulate ? Element(result, m, n) : 0;
                float single = (float)exact;
                for (int k = 0; k < depth; k++)
                {
                    double a = Operand(leftTransposed ? Element(left, k, m) : Element(left, m, k), left.Type);
                    double b = Operand(rightTransposed ? Element(right, n, k) : Element(right, k, n), right.Type);
                    exact += a * b;
                    single = MathF.FusedMultiplyAdd((float)a, (float)b, single);
                }
                double shift = bias.IsNone ? 0 : Element(bias, 0, n);
                switch (result.Type)
                {
                    case DType.Float64:
                        result.Row<double>(m)[n] = exact + shift;
                        break;
                    case DType.BFloat16:
                        result.Row<ushort>(m)[n] = BFloat16Bits.From(single + (float)shift);
                        break;
                    default:
                        result.Row<float>(m)[n] = single + (float)shift;
                        break;
                }
            }
        }
    }

    public virtual void AddColumnSums(MatrixView x, MatrixView result)
    {
        if (x.Type == DType.Float64)
        {
            ColumnSums(new Rows<double>(x), new Rows<double>(result));
        }
        else
        {
            ColumnSums(new Rows<float>(x), new Rows<float>(result));
        }
    }

    public virtual void Attention(AttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView result, MatrixView logSumExp)
    {
        if (q.Type == DType.Float64)
        {
            ReferenceAttention.Forward<double>(plan, new(q), new(k), new(v), new(result), new(logSumExp));
        }
        else
        {
            ReferenceAttention.Forward<float>(plan, new(q), new(k), new(v), new(result), new(logSumExp));
        }
    }

    public virtual void AttentionBackward(AttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView result, MatrixView logSumExp, MatrixView dResult, MatrixView dQ, MatrixView dK, MatrixView dV)
    {
        if (q.Type == DType.Float64)
        {
            ReferenceAttention.Backward<double>(plan, new(q), new(k), new(v), new(result), new(logSumExp), new(dResult), new(dQ), new(dK), new(dV));
        }
        else
        {
            ReferenceAttention.Backward<float>(plan, new(q), new(k), new(v), new(result), new(logSumExp), new(dResult), new(dQ), new(dK), new(dV));
        }
    }

    public virtual void RmsNorm(MatrixView x, MatrixView gain, float epsilon, MatrixView result, MatrixView inverse)
    {
        if (x.Type == DType.Float64)
        {
            ReferenceNorms.RmsNorm<double>(new(x), new(gain), epsilon, new(result), new(inverse));
        }
        else
        {
            ReferenceNorms.RmsNorm<float>(new(x), new(gain), epsilon, new(result), new(inverse));
        }
    }

    public virtual void RmsNormBackward(MatrixView x, MatrixView gain, MatrixView inverse, MatrixView dResult, MatrixView dX, bool accumulate, MatrixView dGain)
    {
        if (x.Type == DType.Float64)
        {
            ReferenceNorms.RmsNormBackward<double>(new(x), new(gain), new(inverse), new(dResult), new(dX), accumulate, new(dGain));
        }
        else
        {
            ReferenceNorms.RmsNormBackward<float>(new(x), new(gain), new(inverse), new(dResult), new(dX), accumulate, new(dGain));
        }
    }

    public virtual void LayerNorm(MatrixView x, MatrixView gain, MatrixView bias, float epsilon, MatrixView result, MatrixView statistics)
    {
        if (x.Type == DType.Float64)
        {
            ReferenceNorms.LayerNorm<double>(new(x), new(gain), new(bias), epsilon, new(result), new(statistics));
        }
        else
        {
            ReferenceNorms.LayerNorm<float>(new(x), new(gain), new(bias), epsilon, new(result), new(statistics));
        }
    }

    public virtual void LayerNormBackward(MatrixView x, MatrixView gain, MatrixView statistics, MatrixView dResult, MatrixView dX, bool accumulate, MatrixView dGain, MatrixView dBias)
    {
        if (x.Type == DType.Float64)
        {
            ReferenceNorms.LayerNormBackward<double>(new(x), new(gain), new(statistics), new(dResult), new(dX), accumulate, new(dGain), new(dBias));
        }
        else
        {
            ReferenceNorms.LayerNormBackward<float>(new(x), new(gain), new(statistics), new(dResult), new(dX), accumulate, new(dGain), new(dBias));
        }
    }

    public virtual void Rotary(MatrixView x, MatrixView positions, MatrixView cosines, MatrixView sines, bool interleaved, bool inverse, MatrixView result)
    {
        if (x.Type == DType.Float64)
        {
            ReferenceElementwise.Rotary<double>(new(x), new(positions), new(cosines), new(sines), interleaved, inverse, new(result));
        }
        else
        {
            ReferenceElementwise.Rotary<float>(new(x), new(positions), new(cosines), new(sines), interleaved, inverse, new(result));
        }
    }

    public virtual void Map(UnaryFunction function, MatrixView x, MatrixView result)
    {
        if (x.Type == DType.Float64)
        {
            ReferenceElementwise.Map<double>(function, new(x), new(result));
        }
        else
        {
            ReferenceElementwise.Map<float>(function, new(x), new(result));
        }
    }

    public virtual void MapBackward(UnaryFunction function, MatrixView x, MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate)
    {
        if (x.Type == DType.Float64)
        {
            ReferenceElementwise.MapBackward<double>(function, new(x), new(dResult), new(dX), accumulate);
        }
        else
        {
            ReferenceElementwise.MapBackward<float>(function, new(x), new(dResult), new(dX), accumulate);
        }
    }

    public virtual void SwiGlu(MatrixView gate, MatrixView up, MatrixView result)
    {
        if (gate.Type == DType.Float64)
        {
            ReferenceElementwise.SwiGlu<double>(new(gate), new(up), new(result));
        }
        else
        {
            ReferenceElementwise.SwiGlu<float>(new(gate), new(up), new(result));
        }
    }

    public virtual void SwiGluBackward(MatrixView gate, MatrixView up, MatrixView dResult, MatrixView dGate, MatrixView dUp)
    {
        if (gate.Type == DType.Float64)
        {
            ReferenceElementwise.SwiGluBackward<double>(new(gate), new(up), new(dResult), new(dGate), new(dUp));
        }
        else
        {
            ReferenceElementwise.SwiGluBackward<float>(new(gate), new(up), new(dResult), new(dGate), new(dUp));
        }
    }

    public virtual void Combine(BinaryFunction function, StridedView a, StridedView b, StridedView result)
    {
        if (result.Type == DType.Float64)
        {
            ReferenceBroadcast.Combine<double>(function, a, b, result);
        }
        else
        {
            ReferenceBroadcast.Combine<float>(function, a, b, result);
        }
    }

    public virtual void Copy(StridedView x, StridedView result, float scale, bool accumulate) => PlainCopy.Run(x, result, accumulate, scale);

    public virtual void AddReduced(StridedView x, StridedView result) => PlainCopy.Run(x, result, accumulate: true);

    public virtual void Embedding(MatrixView ids, MatrixView weight, MatrixView result)
    {
        for (int r = 0; r < ids.Rows; r++)
        {
            if (weight.Type.IsQuantized())
            {
                ReferenceQuantized.Dequantize(weight, ids.Row<int>(r)[0], result.Row<float>(r));
                continue;
            }
            MatrixView row = weight.RowRange(ids.Row<int>(r)[0], 1);
            PlainCopy.Run(AsStrided(row), AsStrided(result.RowRange(r, 1)), accumulate: false);
        }
    }

    public virtual void EmbeddingBackward(MatrixView ids, MatrixView dResult, MatrixView dWeight)
    {
        for (int r = 0; r < ids.Rows; r++)
        {
            PlainCopy.Run(AsStrided(dResult.RowRange(r, 1)), AsStrided(dWeight.RowRange(ids.Row<int>(r)[0], 1)), accumulate: true);
        }
    }

    public virtual void CrossEntropy(MatrixView logits, MatrixView targets, MatrixView weights, float scale, MatrixView losses, bool gradient)
    {
        if (logits.Type == DType.Float64)
        {
            ReferenceNorms.CrossEntropy<double>(new(logits), new(targets), new(weights), scale, new(losses), gradient);
        }
        else
        {
            ReferenceNorms.CrossEntropy<float>(new(logits), new(targets), new(weights), scale, new(losses), gradient);
        }
    }

    public virtual void Softmax(MatrixView x, MatrixView result) => Softmax(x, result, logarithm: false);

    public virtual void SoftmaxBackward(MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate) => SoftmaxBackward(result, dResult, dX, accumulate, logarithm: false);

    public virtual void LogSoftmax(MatrixView x, MatrixView result) => Softmax(x, result, logarithm: true);

    public virtual void LogSoftmaxBackward(MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate) => SoftmaxBackward(result, dResult, dX, accumulate, logarithm: true);

    public virtual void Gather(MatrixView x, MatrixView indices, MatrixView result)
    {
        for (int r = 0; r < x.Rows; r++)
        {
            int column = indices.Row<int>(r)[0];
            PlainCopy.Run(Cell(x, r, column), Cell(result, r, 0), accumulate: false);
        }
    }

    public virtual void GatherBackward(MatrixView indices, MatrixView dResult, MatrixView dX)
    {
        for (int r = 0; r < dX.Rows; r++)
        {
            PlainCopy.Run(Cell(dResult, r, 0), Cell(dX, r, indices.Row<int>(r)[0]), accumulate: true);
        }
    }

    public virtual void RowMaximum(MatrixView x, MatrixView result, MatrixView where)
    {
        for (int r = 0; r < x.Rows; r++)
        {
            int best = 0;
            for (int c = 1; c < x.Columns; c++)
            {
                best = Element(x, r, c) > Element(x, r, best) ? c : best;
            }
            where.Row<int>(r)[0] = best;
            PlainCopy.Run(Cell(x, r, best), Cell(result, r, 0), accumulate: false);
        }
    }

    public virtual void Dropout(MatrixView x, DropoutDraw draw, float probability, MatrixView result, bool accumulate)
    {
        for (int r = 0; r < x.Rows; r++)
        {
            for (int c = 0; c < x.Columns; c++)
            {
                bool keeps = ReferenceElementwise.Keeps(draw.Seed, (draw.FirstRow + r) * x.Columns + c, probability);
                PlainCopy.Run(Cell(x, r, c), Cell(result, r, c), accumulate, keeps ? 1f / (1 - probability) : 0);
            }
        }
    }

    public virtual void LstmCell(MatrixView gates, MatrixView cell, MatrixView newCell, MatrixView hidden)
    {
        if (gates.Type == DType.Float64)
        {
            ReferenceElementwise.LstmCell<double>(new(gates), new(cell), new(newCell), new(hidden));
        }
        else
        {
            ReferenceElementwise.LstmCell<float>(new(gates), new(cell), new(newCell), new(hidden));
        }
    }

    public virtual void LstmCellBackward(MatrixView gates, MatrixView cell, MatrixView newCell, MatrixView dNewCell, MatrixView dHidden, MatrixView dGates, MatrixView dCell)
    {
        if (gates.Type == DType.Float64)
        {
            ReferenceElementwise.LstmCellBackward<double>(new(gates), new(cell), new(newCell), new(dNewCell), new(dHidden), new(dGates), new(dCell));
        }
        else
        {
            ReferenceElementwise.LstmCellBackward<float>(new(gates), new(cell), new(newCell), new(dNewCell), new(dHidden), new(dGates), new(dCell));
        }
    }

    public virtual void Unfold(WindowGeometry geometry, MatrixView images, MatrixView result)
    {
        if (images.Type == DType.Float64)
        {
            ReferenceImages.Unfold<double>(geometry, new(images), new(result));
        }
        else
        {
            ReferenceImages.Unfold<float>(geometry, new(images), new(result));
        }
    }

    public virtual void UnfoldBackward(WindowGeometry geometry, MatrixView dResult, MatrixView dImages)
    {
        if (dResult.Type == DType.Float64)
        {
            ReferenceImages.UnfoldBackward<double>(geometry, new(dResult), new(dImages));
        }
        else
        {
            ReferenceImages.UnfoldBackward<float>(geometry, new(dResult), new(dImages));
        }
    }

    public virtual void MaximumPool(WindowGeometry geometry, MatrixView images, MatrixView result, MatrixView where)
    {
        if (images.Type == DType.Float64)
        {
            ReferenceImages.MaximumPool<double>(geometry, new(images), new(result), new(where));
        }
        else
        {
            ReferenceImages.MaximumPool<float>(geometry, new(images), new(result), new(where));
        }
    }

    public virtual void MaximumPoolBackward(MatrixView where, MatrixView dResult, MatrixView dImages)
    {
        if (dResult.Type == DType.Float64)
        {
            ReferenceImages.MaximumPoolBackward<double>(new(where), new(dResult), new(dImages));
        }
        else
        {
            ReferenceImages.MaximumPoolBackward<float>(new(where), new(dResult), new(dImages));
        }
    }

    public virtual void AdamW(AdamWStep step, MatrixView parameter, MatrixView gradient, MatrixView firstMoment, MatrixView secondMoment)
    {
        for (int r = 0; r < parameter.Rows; r++)
        {
            Span<float> values = parameter.Row<float>(r);
            Span<float> gradients = gradient.Row<float>(r);
            Span<float> first = firstMoment.Row<float>(r);
            Span<float> second = secondMoment.Row<float>(r);
            for (int c = 0; c < values.Length; c++)
            {
                float g = gradients[c] * step.GradientScale;
                first[c] = step.Beta1 * first[c] + (1 - step.Beta1) * g;
                second[c] = step.Beta2 * second[c] + (1 - step.Beta2) * g * g;
                float change = first[c] / step.FirstCorrection / (MathF.Sqrt(second[c] / step.SecondCorrection) + step.Epsilon);
                values[c] -= step.Rate * change + step.Decay * values[c];
            }
        }
    }

    public virtual double SquaredNorm(MatrixView x)
    {
        double sum = 0;
        for (int r = 0; r < x.Rows; r++)
        {
            for (int c = 0; c < x.Columns; c++)
            {
                sum += Element(x, r, c) * Element(x, r, c);
            }
        }
        return sum;
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    private static void Softmax(MatrixView x, MatrixView result, bool logarithm)
    {
        if (x.Type == DType.Float64)
        {
            ReferenceNorms.Softmax<double>(new(x), new(result), logarithm);
        }
        else
        {
            ReferenceNorms.Softmax<float>(new(x), new(result), logarithm);
        }
    }

    private static void SoftmaxBackward(MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate, bool logarithm)
    {
        if (result.Type == DType.Float64)
        {
            ReferenceNorms.SoftmaxBackward<double>(new(result), new(dResult), new(dX), accumulate, logarithm);
        }
        else
        {
            ReferenceNorms.SoftmaxBackward<float>(new(result), new(dResult), new(dX), accumulate, logarithm);
        }
    }

    private static void ColumnSums<T>(Rows<T> x, Rows<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int r = 0; r < x.Count; r++)
        {
            for (int c = 0; c < x.Columns; c++)
            {
                result[0, c] += x[r, c];
            }
        }
    }

    /// <summary>Blocks of weights lie along depth: only x Wᵀ can be summed over them.</summary>
    protected static void NeedQuantizedProduct(bool leftTransposed, bool rightTransposed, bool accumulate)
    {
        if (leftTransposed || !rightTransposed || accumulate)
        {
            throw new NotSupportedException("A product with quantized weights is x times the transpose of weights [outputs, inputs], not added to anything.");
        }
    }

    private static double Element(MatrixView x, int row, int column) => PlainCopy.Load(x.Pointer, x.Type, row * x.Stride + column);

    private static StridedView AsStrided(MatrixView x) => new(x.Pointer, x.Type, [x.Rows, x.Columns], [x.Stride, 1]);

    private static StridedView Cell(MatrixView x, int row, int column) => new((byte*)x.Pointer + (row * x.Stride + column) * x.Type.Size(), x.Type, [], []);

    private double Operand(double value, DType type) => precision == DType.BFloat16 && type != DType.Float64 ? BFloat16Bits.ToSingle(BFloat16Bits.From((float)value)) : value;
}
