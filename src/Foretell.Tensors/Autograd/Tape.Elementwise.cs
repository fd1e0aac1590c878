using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Autograd;

/// <content>Arithmetic and functions of single elements, norms, rotary positions, dropout.</content>
public sealed partial class Tape
{
    /// <summary>a + b; axes of length 1 and missing leading axes repeat.</summary>
    public Tensor Add(Tensor a, Tensor b) => Combine(BinaryFunction.Add, a, b);

    /// <summary>a - b, repeating as in <see cref="Add"/>.</summary>
    public Tensor Subtract(Tensor a, Tensor b) => Combine(BinaryFunction.Subtract, a, b);

    /// <summary>a · b element by element, repeating as in <see cref="Add"/>.</summary>
    public Tensor Multiply(Tensor a, Tensor b) => Combine(BinaryFunction.Multiply, a, b);

    /// <summary>a / b element by element, repeating as in <see cref="Add"/>.</summary>
    public Tensor Divide(Tensor a, Tensor b) => Combine(BinaryFunction.Divide, a, b);

    /// <summary>factor · x.</summary>
    public Tensor Scale(Tensor x, float factor)
    {
        Tensor result = New(x.Shape, x.Type);
        Backend.Copy(x.Strided(), result.Strided(), factor, accumulate: false);
        return Record(result, [x], () => Derivatives.Scale(this, x, factor, result));
    }

    /// <summary>x in another element type.</summary>
    public Tensor Cast(Tensor x, DType type)
    {
        Tensor result = New(x.Shape, type);
        Backend.Copy(x.Strided(), result.Strided(), 1, accumulate: false);
        return type == DType.Int32 || x.Type == DType.Int32 ? result : Record(result, [x], () => Derivatives.Cast(this, x, result));
    }

    /// <summary>A function of each element.</summary>
    public Tensor Map(UnaryFunction function, Tensor x)
    {
        NeedAlike(function.ToString(), x);
        Tensor result = New(x.Shape, x.Type);
        Backend.Map(function, Rows(x), Rows(result));
        return Record(result, [x], () => Derivatives.Map(this, function, x, result));
    }

    /// <summary>silu(gate) · up (Shazeer 2020).</summary>
    public Tensor SwiGlu(Tensor gate, Tensor up)
    {
        NeedAlike("swiglu", gate, up);
        if (gate.Shape != up.Shape)
        {
            throw new ArgumentException($"swiglu: gate {gate.Shape} and up {up.Shape} differ.");
        }
        Tensor result = New(gate.Shape, gate.Type);
        Backend.SwiGlu(Rows(gate), Rows(up), Rows(result));
        return Record(result, [gate, up], () => Derivatives.SwiGlu(this, gate, up, result));
    }

    /// <summary>x / sqrt(mean(x²) + epsilon) · gain over the last axis, or over groups of it: a gain of [size] with x [..., k × size] treats each group of size elements for itself (QK-norm).</summary>
    public Tensor RmsNorm(Tensor x, Tensor gain, float epsilon)
    {
        NeedAlike("rms norm", x, gain);
        Shape grouped = NormGroups("rms norm", x, gain);
        Tensor result = New(x.Shape, x.Type);
        Tensor inverse = New([grouped.RowCount, 1], x.Type);
        Backend.RmsNorm(Groups(x, grouped), Rows(gain), epsilon, Groups(result, grouped), Rows(inverse));
        return Record(result, [x, gain], () => Derivatives.RmsNorm(this, x, gain, grouped, inverse, result));
    }

    /// <summary>(x - mean) / sqrt(variance + epsilon) · gain + bias over the last axis.</summary>
    public Tensor LayerNorm(Tensor x, Tensor gain, Tensor? bias, float epsilon)
    {
        NeedAlike("layer norm", x, gain, bias);
        if (gain.Shape != [x.Shape.Last] || (bias is not null && bias.Shape != gain.Shape))
        {
            throw new ArgumentException($"layer norm: x {x.Shape}, gain {gain.Shape}, bias {bias?.Shape.ToString() ?? "none"} do not fit; wanted gain and bias [last axis of x].");
        }
        Tensor result = New(x.Shape, x.Type);
        Tensor statistics = New([x.Shape.RowCount, 2], x.Type);
        Backend.LayerNorm(Rows(x), Rows(gain), Rows(bias), epsilon, Rows(result), Rows(statistics));
        return Record(result, [x, gain, bias], () => Derivatives.LayerNorm(this, x, gain, bias, statistics, result));
    }

    /// <summary>Rotary positions (Su et al. 2021): turns each pair of elements of each head by its position's angle.</summary>
    /// <param name="x">[rows, heads × headSize].</param>
    /// <param name="positions">[rows], integers in [0, rows of the tables).</param>
    /// <param name="cosines">[positions, headSize / 2].</param>
    /// <param name="sines">[positions, headSize / 2].</param>
    /// <param name="interleaved">True pairs elements 2i and 2i + 1 (the paper); false pairs i and i + headSize / 2 (Llama and Qwen as published).</param>
    public Tensor Rotary(Tensor x, Tensor positions, Tensor cosines, Tensor sines, bool interleaved)
    {
        NeedAlike("rotary", x);
        NeedType("rotary", "positions", positions, DType.Int32);
        NeedType("rotary", "cosines", cosines, DType.Float32);
        NeedType("rotary", "sines", sines, DType.Float32);
        if (cosines.Shape != sines.Shape || cosines.Shape.Rank != 2 || cosines.Shape.Last == 0 || x.Shape.Last % (2 * cosines.Shape.Last) != 0 || positions.Shape.ElementCount != x.Shape.RowCount)
        {
            throw new ArgumentException($"rotary: x {x.Shape}, positions {positions.Shape}, tables {cosines.Shape} and {sines.Shape} do not fit; wanted [rows, heads × headSize], [rows], [positions, headSize / 2] twice.");
        }
        foreach (int position in positions.Span<int>())
        {
            if ((uint)position >= (uint)cosines.Shape[0])
            {
                throw new ArgumentOutOfRangeException(nameof(positions), $"rotary: position {position} lies outside tables for {cosines.Shape[0]} positions.");
            }
        }
        Tensor result = New(x.Shape, x.Type);
        Backend.Rotary(Rows(x), Column(positions), Rows(cosines), Rows(sines), interleaved, inverse: false, Rows(result));
        return Record(result, [x], () => Derivatives.Rotary(this, x, positions, cosines, sines, interleaved, result));
    }

    /// <summary>Keeps each element with probability 1 - p, scaled by 1 / (1 - p) (Srivastava et al. 2014); p = 0 gives x itself.</summary>
    public Tensor Dropout(Tensor x, float probability, DropoutDraw draw)
    {
        if (probability is < 0 or >= 1)
        {
            throw new ArgumentOutOfRangeException(nameof(probability), $"dropout: the probability must be in [0, 1); it was {probability}.");
        }
        NeedAlike("dropout", x);
        if (probability == 0)
        {
            return x;
        }
        Tensor result = New(x.Shape, x.Type);
        Backend.Dropout(Rows(x), draw, probability, Rows(result), accumulate: false);
        return Record(result, [x], () => Derivatives.Dropout(this, x, probability, draw, result));
    }

    private Tensor Combine(BinaryFunction function, Tensor a, Tensor b)
    {
        NeedAlike(function.ToString(), a, b);
        Shape shape = BroadcastShape(function, a.Shape, b.Shape);
        Tensor result = New(shape, a.Type);
        Backend.Combine(function, a.BroadcastTo(shape).Strided(), b.BroadcastTo(shape).Strided(), result.Strided());
        return Record(result, [a, b], () => Derivatives.Combine(this, function, a, b, result));
    }

    private static Shape BroadcastShape(BinaryFunction function, Shape a, Shape b)
    {
        int rank = Math.Max(a.Rank, b.Rank);
        Span<int> lengths = stackalloc int[rank];
        for (int axis = 0; axis < rank; axis++)
        {
            int inA = axis - (rank - a.Rank);
            int inB = axis - (rank - b.Rank);
            int lengthA = inA < 0 ? 1 : a[inA];
            int lengthB = inB < 0 ? 1 : b[inB];
            if (lengthA != lengthB && lengthA != 1 && lengthB != 1)
            {
                throw new ArgumentException($"{function}: {a} and {b} do not fit: axis {axis} is {lengthA} against {lengthB}.");
            }
            lengths[axis] = lengthA == 1 ? lengthB : lengthA;
        }
        return Shape.Create(lengths);
    }

    private static Shape NormGroups(string operation, Tensor x, Tensor gain)
    {
        int size = gain.Shape.Last;
        if (gain.Shape.Rank != 1 || size == 0 || x.Shape.Last % size != 0)
        {
            throw new ArgumentException($"{operation}: gain {gain.Shape} does not divide the last axis of x {x.Shape}.");
        }
        return [x.Shape.RowCount * (x.Shape.Last / size), size];
    }

    /// <summary>A tensor's last axis cut into groups, each a row.</summary>
    internal MatrixView Groups(Tensor x, Shape grouped)
    {
        MatrixView rows = Rows(x);
        if (rows.Columns == grouped[1])
        {
            return rows;
        }
        if (rows.Stride != rows.Columns && rows.Rows > 1)
        {
            Tensor copy = New(x.Shape, x.Type);
            Backend.Copy(x.Strided(), copy.Strided(), 1, accumulate: false);
            rows = Rows(copy);
        }
        unsafe
        {
            return new MatrixView(rows.Pointer, rows.Type, grouped[0], grouped[1], grouped[1]);
        }
    }
}
