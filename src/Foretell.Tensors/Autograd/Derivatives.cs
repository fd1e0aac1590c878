using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Autograd;

/// <summary>
/// Every gradient on one page. Above each stands the operation and, after the arrow, what its output's gradient (dy, or the
/// output's name with a d) contributes to the gradients of its inputs.
/// </summary>
internal static class Derivatives
{
    // y = x Wᵀ + b   →   dx = dy W,   dW = dyᵀ x,   db = Σ rows of dy
    public static void Linear(Tape tape, Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        MatrixView dy = tape.Rows(tape.GradientOf(y));
        if (tape.Wants(x))
        {
            Tensor dx = tape.Into(x, out bool accumulate);
            tape.Backend.Multiply(dy, false, tape.Rows(weight), false, Tape.KeptFor(weight), MatrixView.None, tape.Rows(dx), accumulate);
        }
        if (tape.Wants(weight))
        {
            Tensor dWeight = tape.Into(weight, out bool accumulate);
            tape.Backend.Multiply(dy, true, tape.Rows(x), false, null, MatrixView.None, tape.Rows(dWeight), accumulate);
        }
        if (bias is not null && tape.Wants(bias))
        {
            tape.Backend.AddColumnSums(dy, tape.Rows(tape.IntoZeroed(bias)));
        }
    }

    // y = a b   →   da = dy bᵀ,   db = aᵀ dy
    public static void MatrixProduct(Tape tape, Tensor a, Tensor b, Tensor y)
    {
        MatrixView dy = tape.Rows(tape.GradientOf(y));
        if (tape.Wants(a))
        {
            Tensor da = tape.Into(a, out bool accumulate);
            tape.Backend.Multiply(dy, false, tape.Rows(b), true, null, MatrixView.None, tape.Rows(da), accumulate);
        }
        if (tape.Wants(b))
        {
            Tensor db = tape.Into(b, out bool accumulate);
            tape.Backend.Multiply(tape.Rows(a), true, dy, false, null, MatrixView.None, tape.Rows(db), accumulate);
        }
    }

    // y[i] = W[ids[i]]   →   dW[ids[i]] += dy[i]
    public static void Embedding(Tape tape, Tensor ids, Tensor weight, Tensor y) =>
        tape.Backend.EmbeddingBackward(tape.Column(ids), tape.Rows(tape.GradientOf(y)), tape.Rows(tape.IntoZeroed(weight)));

    // P = softmax(q kᵀ s), y = P v   →   dv = Pᵀ dy,   dP = dy vᵀ,   dS = P (dP - Σ P dP) s,   dq = dS k,   dk = dSᵀ q
    public static void Attention(Tape tape, AttentionPlan plan, Tensor q, Tensor k, Tensor v, Tensor logSumExp, Tensor y)
    {
        Tensor dq = tape.New(q.Shape, q.Type);
        Tensor dk = tape.New(k.Shape, k.Type);
        Tensor dv = tape.New(v.Shape, v.Type);
        tape.Backend.AttentionBackward(plan, tape.Rows(q), tape.Rows(k), tape.Rows(v), tape.Rows(y), tape.Rows(logSumExp), tape.Rows(tape.GradientOf(y)), tape.Rows(dq), tape.Rows(dk), tape.Rows(dv));
        tape.Contribute(q, dq);
        tape.Contribute(k, dk);
        tape.Contribute(v, dv);
    }

    // loss = scale Σ weight · -log softmax(x Wᵀ)[target]   →   computed on the way forward for a loss gradient of 1
    public static void HeadCrossEntropy(Tape tape, Tensor x, Tensor? dx, Tensor loss)
    {
        if (tape.GradientOf(loss)!.Item() != 1)
        {
            throw new InvalidOperationException("head cross-entropy: its gradients are computed on the way forward, so it must be the loss itself; scale its weights instead of the loss.");
        }
        if (dx is not null)
        {
            tape.Contribute(x, dx);
        }
    }

    // y = a + b → da = dy, db = dy      y = a - b → da = dy, db = -dy
    // y = a b   → da = dy b, db = dy a  y = a / b → da = dy / b, db = -dy y / b       (each summed over what repeated)
    public static void Combine(Tape tape, BinaryFunction function, Tensor a, Tensor b, Tensor y)
    {
        Tensor dy = tape.GradientOf(y)!;
        switch (function)
        {
            case BinaryFunction.Add:
                tape.ContributeReduced(a, dy, y, 1);
                tape.ContributeReduced(b, dy, y, 1);
                break;
            case BinaryFunction.Subtract:
                tape.ContributeReduced(a, dy, y, 1);
                tape.ContributeReduced(b, dy, y, -1);
                break;
            case BinaryFunction.Multiply:
                tape.ContributeReduced(a, () => tape.Plain(BinaryFunction.Multiply, dy, b), y, 1);
                tape.ContributeReduced(b, () => tape.Plain(BinaryFunction.Multiply, dy, a), y, 1);
                break;
            case BinaryFunction.Divide:
                tape.ContributeReduced(a, () => tape.Plain(BinaryFunction.Divide, dy, b), y, 1);
                tape.ContributeReduced(b, () => tape.Plain(BinaryFunction.Divide, tape.Plain(BinaryFunction.Multiply, dy, y), b), y, -1);
                break;
        }
    }

    // y = f x   →   dx = f dy
    public static void Scale(Tape tape, Tensor x, float factor, Tensor y)
    {
        Tensor dx = tape.Into(x, out bool accumulate);
        tape.Backend.Copy(tape.GradientOf(y)!.Strided(), dx.Strided(), factor, accumulate);
    }

    // y = x in another type   →   dx = dy in x's type
    public static void Cast(Tape tape, Tensor x, Tensor y) => Scale(tape, x, 1, y);

    // y = f(x)   →   dx = dy f'(x)
    public static void Map(Tape tape, UnaryFunction function, Tensor x, Tensor y)
    {
        Tensor dx = tape.Into(x, out bool accumulate);
        tape.Backend.MapBackward(function, tape.Rows(x), tape.Rows(y), tape.Rows(tape.GradientOf(y)), tape.Rows(dx), accumulate);
    }

    // y = silu(g) u   →   du = dy silu(g),   dg = dy u silu'(g)
    public static void SwiGlu(Tape tape, Tensor gate, Tensor up, Tensor y)
    {
        Tensor dGate = tape.New(gate.Shape, gate.Type);
        Tensor dUp = tape.New(up.Shape, up.Type);
        tape.Backend.SwiGluBackward(tape.Rows(gate), tape.Rows(up), tape.Rows(tape.GradientOf(y)), tape.Rows(dGate), tape.Rows(dUp));
        tape.Contribute(gate, dGate);
        tape.Contribute(up, dUp);
    }

    // y = x r g, r = 1 / sqrt(mean x² + ε)   →   dx = r (dy g) - x r³ mean(dy g x),   dg = Σ dy x r
    public static void RmsNorm(Tape tape, Tensor x, Tensor gain, Shape grouped, Tensor inverse, Tensor y)
    {
        bool accumulate = false;
        Tensor? dx = tape.Wants(x) ? tape.Into(x, out accumulate) : null;
        Tensor? dGain = tape.Wants(gain) ? tape.IntoZeroed(gain) : null;
        MatrixView dxGroups = dx is null ? MatrixView.None : tape.Groups(dx, grouped);
        tape.Backend.RmsNormBackward(tape.Groups(x, grouped), tape.Rows(gain), tape.Rows(inverse), tape.Groups(tape.GradientOf(y)!, grouped), dxGroups, accumulate, tape.Rows(dGain));
    }

    // y = n g + b, n = (x - mean) r   →   dx = r (dy g - mean(dy g) - n mean(dy g n)),   dg = Σ dy n,   db = Σ dy
    public static void LayerNorm(Tape tape, Tensor x, Tensor gain, Tensor? bias, Tensor statistics, Tensor y)
    {
        bool accumulate = false;
        Tensor? dx = tape.Wants(x) ? tape.Into(x, out accumulate) : null;
        Tensor? dGain = tape.Wants(gain) ? tape.IntoZeroed(gain) : null;
        Tensor? dBias = bias is not null && tape.Wants(bias) ? tape.IntoZeroed(bias) : null;
        tape.Backend.LayerNormBackward(tape.Rows(x), tape.Rows(gain), tape.Rows(statistics), tape.Rows(tape.GradientOf(y)), tape.Rows(dx), accumulate, tape.Rows(dGain), tape.Rows(dBias));
    }

    // y = R(θ) x   →   dx = R(-θ) dy
    public static void Rotary(Tape tape, Tensor x, Tensor positions, Tensor cosines, Tensor sines, bool interleaved, Tensor y)
    {
        Tensor dx = tape.New(x.Shape, x.Type);
        tape.Backend.Rotary(tape.Rows(tape.GradientOf(y)), tape.Column(positions), tape.Rows(cosines), tape.Rows(sines), interleaved, inverse: true, tape.Rows(dx));
        tape.Contribute(x, dx);
    }

    // y = mask x / (1 - p)   →   dx = mask dy / (1 - p)
    public static void Dropout(Tape tape, Tensor x, float probability, DropoutDraw draw, Tensor y)
    {
        Tensor dx = tape.Into(x, out bool accumulate);
        tape.Backend.Dropout(tape.Rows(tape.GradientOf(y)), draw, probability, tape.Rows(dx), accumulate);
    }

    // y = x in another shape   →   dx = dy in x's shape
    public static void Reshape(Tape tape, Tensor x, Tensor y) => tape.Share(x, y);

    // y = x[start .. start + length]   →   dx[start .. start + length] += dy
    public static void Slice(Tape tape, Tensor x, int axis, int start, int length, Tensor y)
    {
        Tensor dx = tape.IntoZeroed(x);
        tape.Backend.Copy(tape.GradientOf(y)!.Strided(), dx.Sliced(axis, start, length).Strided(), 1, accumulate: true);
    }

    // y = xᵀ   →   dx = dyᵀ
    public static void Transpose(Tape tape, Tensor x, int first, int second, Tensor y)
    {
        Tensor dx = tape.Into(x, out bool accumulate);
        tape.Backend.Copy(tape.GradientOf(y)!.Transposed(first, second).Strided(), dx.Strided(), 1, accumulate);
    }

    // y = [x1, x2, ...]   →   dxi = its part of dy
    public static void Concatenate(Tape tape, int axis, Tensor[] parts, Tensor y)
    {
        Tensor dy = tape.GradientOf(y)!;
        int start = 0;
        foreach (Tensor part in parts)
        {
            if (tape.Wants(part))
            {
                Tensor dx = tape.Into(part, out bool accumulate);
                tape.Backend.Copy(dy.Sliced(axis, start, part.Shape[axis]).Strided(), dx.Strided(), 1, accumulate);
            }
            start += part.Shape[axis];
        }
    }

    // y = Σ x over some axes   →   dx = dy repeated along them
    public static void ReduceTo(Tape tape, Tensor x, Tensor y)
    {
        Tensor dx = tape.Into(x, out bool accumulate);
        tape.Backend.Copy(tape.GradientOf(y)!.BroadcastTo(x.Shape).Strided(), dx.Strided(), 1, accumulate);
    }

    // y[r] = x[r, i[r]]   →   dx[r, i[r]] += dy[r]
    public static void Gather(Tape tape, Tensor x, Tensor indices, Tensor y) =>
        tape.Backend.GatherBackward(tape.Column(indices), tape.Rows(tape.GradientOf(y)), tape.Rows(tape.IntoZeroed(x)));

    // y = softmax(x)   →   dx = y (dy - Σ dy y)
    public static void Softmax(Tape tape, Tensor x, Tensor y)
    {
        Tensor dx = tape.Into(x, out bool accumulate);
        tape.Backend.SoftmaxBackward(tape.Rows(y), tape.Rows(tape.GradientOf(y)), tape.Rows(dx), accumulate);
    }

    // y = log softmax(x)   →   dx = dy - exp(y) Σ dy
    public static void LogSoftmax(Tape tape, Tensor x, Tensor y)
    {
        Tensor dx = tape.Into(x, out bool accumulate);
        tape.Backend.LogSoftmaxBackward(tape.Rows(y), tape.Rows(tape.GradientOf(y)), tape.Rows(dx), accumulate);
    }

    // c' = σ(f) c + σ(i) tanh(g), h = σ(o) tanh(c')   →   δ = dc' + dh σ(o) (1 - tanh²(c')),   dc = δ σ(f),
    // di = δ tanh(g) σ'(i),   df = δ c σ'(f),   dg = δ σ(i) (1 - tanh²(g)),   do = dh tanh(c') σ'(o)
    public static void LstmCell(Tape tape, Tensor gates, Tensor cell, Tensor newCell, Tensor hidden)
    {
        Tensor dGates = tape.New(gates.Shape, gates.Type);
        Tensor dCell = tape.New(cell.Shape, cell.Type);
        tape.Backend.LstmCellBackward(tape.Rows(gates), tape.Rows(cell), tape.Rows(newCell), tape.Rows(tape.GradientOf(newCell)), tape.Rows(tape.GradientOf(hidden)), tape.Rows(dGates), tape.Rows(dCell));
        tape.Contribute(gates, dGates);
        tape.Contribute(cell, dCell);
    }

    // y = windows of x   →   dx = each window's elements added where they came from
    public static void Unfold(Tape tape, WindowGeometry geometry, Tensor images, Tensor windows) =>
        tape.Backend.UnfoldBackward(geometry, tape.Rows(tape.GradientOf(windows)), tape.Rows(tape.IntoZeroed(images)));

    // y = the largest of each window   →   its pixel's dx += dy
    public static void MaximumPool(Tape tape, Tensor images, Tensor where, Tensor y) =>
        tape.Backend.MaximumPoolBackward(tape.Rows(where), tape.Rows(tape.GradientOf(y)), tape.Rows(tape.IntoZeroed(images)));
}
