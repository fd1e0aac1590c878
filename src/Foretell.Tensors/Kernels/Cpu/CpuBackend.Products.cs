using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Kernels.Cpu.Quantized;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>Matrix products by the chosen engine, and the packed weights kept for them.</content>
internal sealed unsafe partial class CpuBackend
{
    public override void Multiply(MatrixView left, bool leftTransposed, MatrixView right, bool rightTransposed, Storage? rightOwner, MatrixView bias, MatrixView result, bool accumulate)
    {
        if (right.Type.IsQuantized() && left.Type != DType.Float64)
        {
            NeedQuantizedProduct(leftTransposed, rightTransposed, accumulate);
            MultiplyQuantized(left, right, rightOwner, bias, result);
            return;
        }
        bool fast = IsOperand(left) && (IsOperand(right) || right.Type == DType.Float16) && (bias.IsNone || IsFast(bias)) && (IsFast(result) || (IsOperand(result) && !accumulate));
        if (!fast)
        {
            base.Multiply(left, leftTransposed, right, rightTransposed, rightOwner, bias, result, accumulate);
            return;
        }
        float* fusedBias = accumulate ? null : (float*)bias.Pointer;
        if (rightOwner is null)
        {
            _product.Multiply(left, leftTransposed, right, rightTransposed, result, accumulate, fusedBias);
        }
        else
        {
            _product.Multiply(left, leftTransposed, Packed(rightOwner, right, rightTransposed), result, accumulate, fusedBias);
        }
        if (accumulate && !bias.IsNone)
        {
            ForRows(result.Rows, (long)result.Rows * result.Columns, (start, end) =>
            {
                for (int row = start; row < end; row++)
                {
                    AddRow(bias.FloatRow(0), result.FloatRow(row), result.Columns);
                }
            });
        }
    }

    /// <summary>The packed form of a weight, kept beside its storage and packed anew when the contents have changed.</summary>
    private PackedRight Packed(Storage owner, MatrixView right, bool transposed)
    {
        string purpose = transposed ? "right transposed" : "right";
        (int depth, int columns) = transposed ? (right.Columns, right.Rows) : (right.Rows, right.Columns);
        lock (owner.Derived)
        {
            if (owner.Derived.TryGetValue(purpose, out (long Version, IDisposable Value) kept))
            {
                var old = (PackedRight)kept.Value;
                if (old.Depth == depth && old.Columns == columns)
                {
                    if (kept.Version != owner.Version)
                    {
                        old.Pack(right, transposed, _pool);
                        owner.Derived[purpose] = (owner.Version, old);
                    }
                    return old;
                }
                old.Dispose();
            }
            PackedRight packed = _product.Pack(right, transposed);
            owner.Derived[purpose] = (owner.Version, packed);
            return packed;
        }
    }

    private void MultiplyQuantized(MatrixView x, MatrixView weight, Storage? owner, MatrixView bias, MatrixView result)
    {
        if (!IsOperand(x) || !IsFast(result) || !(bias.IsNone || IsFast(bias)))
        {
            ReferenceQuantized.Multiply(x, weight, bias, result);
            return;
        }
        if (owner is not null)
        {
            _quantized.Multiply(x, Packed(owner, weight), (float*)bias.Pointer, result);
            return;
        }
        using PackedQuantized packed = _quantized.Pack(weight);
        _quantized.Multiply(x, packed, (float*)bias.Pointer, result);
    }

    /// <summary>The packed form of quantized weights, kept beside their storage.</summary>
    private PackedQuantized Packed(Storage owner, MatrixView weight)
    {
        const string purpose = "quantized";
        lock (owner.Derived)
        {
            if (owner.Derived.TryGetValue(purpose, out (long Version, IDisposable Value) kept))
            {
                if (kept.Version == owner.Version)
                {
                    return (PackedQuantized)kept.Value;
                }
                kept.Value.Dispose();
            }
            PackedQuantized packed = _quantized.Pack(weight);
            owner.Derived[purpose] = (owner.Version, packed);
            return packed;
        }
    }

    private static bool IsOperand(MatrixView x) =>
        x.Type is DType.Float32 or DType.BFloat16 && (x.Rows <= 1 || x.Stride >= x.Columns);
}
