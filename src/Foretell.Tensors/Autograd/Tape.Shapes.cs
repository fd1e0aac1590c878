namespace Foretell.Tensors.Autograd;

/// <content>Views, joins, reductions and row-wise functions.</content>
public sealed partial class Tape
{
    /// <summary>The same elements in another shape.</summary>
    public Tensor Reshape(Tensor x, Shape shape)
    {
        Tensor result = Packed(x).Reshaped(shape);
        return Record(result, [x], () => Derivatives.Reshape(this, x, result));
    }

    /// <summary>Elements [start, start + length) along an axis, as a view.</summary>
    public Tensor Slice(Tensor x, int axis, int start, int length)
    {
        Tensor result = x.Sliced(axis, start, length);
        return Record(result, [x], () => Derivatives.Slice(this, x, axis, start, length, result));
    }

    /// <summary>Two axes exchanged, as a view.</summary>
    public Tensor Transpose(Tensor x, int first, int second)
    {
        Tensor result = x.Transposed(first, second);
        return Record(result, [x], () => Derivatives.Transpose(this, x, first, second, result));
    }

    /// <summary>Tensors joined along an axis; their other axes agree.</summary>
    public Tensor Concatenate(int axis, params ReadOnlySpan<Tensor> parts)
    {
        Tensor[] pieces = [.. parts];
        if (pieces.Length == 0)
        {
            throw new ArgumentException("concatenate: there is nothing to join.");
        }
        pieces[0].NeedAxis("concatenate", axis);
        Span<int> lengths = stackalloc int[pieces[0].Shape.Rank];
        pieces[0].Shape.CopyTo(lengths);
        lengths[axis] = 0;
        foreach (Tensor piece in pieces)
        {
            lengths[axis] += piece.Shape[axis];
        }
        Tensor result = New(Shape.Create(lengths), pieces[0].Type);
        int start = 0;
        foreach (Tensor piece in pieces)
        {
            Tensor place = result.Sliced(axis, start, piece.Shape[axis]);
            if (place.Shape != piece.Shape)
            {
                throw new ArgumentException($"concatenate: {piece.Shape} does not fit beside {pieces[0].Shape} along axis {axis}.");
            }
            Backend.Copy(piece.Strided(), place.Strided(), 1, accumulate: false);
            start += piece.Shape[axis];
        }
        return Record(result, pieces, () => Derivatives.Concatenate(this, axis, pieces, result));
    }

    /// <summary>Sum of all elements [1].</summary>
    public Tensor Sum(Tensor x) => ReduceTo(x, [1]);

    /// <summary>Mean of all elements [1].</summary>
    public Tensor Mean(Tensor x) => Scale(Sum(x), 1f / x.Shape.ElementCount);

    /// <summary>Sum over the last axis, which becomes 1.</summary>
    public Tensor SumRows(Tensor x) => ReduceTo(x, x.Shape.WithLast(1));

    /// <summary>Mean over the last axis, which becomes 1.</summary>
    public Tensor MeanRows(Tensor x) => Scale(SumRows(x), 1f / x.Shape.Last);

    /// <summary>Sum over the axes where <paramref name="shape"/> is 1 (or missing in front).</summary>
    public Tensor ReduceTo(Tensor x, Shape shape)
    {
        NeedAlike("reduce", x);
        Tensor result = New(shape, x.Type);
        result.Clear();
        Backend.AddReduced(x.Strided(), result.BroadcastTo(x.Shape).Strided());
        return Record(result, [x], () => Derivatives.ReduceTo(this, x, result));
    }

    /// <summary>The largest of each row [..., 1]; its gradient goes to the first column that has it.</summary>
    public Tensor MaximumRows(Tensor x)
    {
        NeedAlike("maximum of rows", x);
        if (x.Shape.Last == 0)
        {
            throw new ArgumentException($"maximum of rows: the rows of {x.Shape} have no elements.");
        }
        Tensor result = New(x.Shape.WithLast(1), x.Type);
        Tensor where = New(result.Shape, DType.Int32);
        Backend.RowMaximum(Rows(x), Rows(result), Rows(where));
        return Record(result, [x], () => Derivatives.Gather(this, x, where, result));
    }

    /// <summary>x[r, indices[r]] for each row: [..., 1].</summary>
    public Tensor Gather(Tensor x, Tensor indices)
    {
        NeedAlike("gather", x);
        NeedType("gather", "indices", indices, DType.Int32);
        if (indices.Shape.ElementCount != x.Shape.RowCount)
        {
            throw new ArgumentException($"gather: {indices.Shape} indices for the rows of {x.Shape}; wanted one for each row.");
        }
        foreach (int index in indices.Span<int>())
        {
            if ((uint)index >= (uint)x.Shape.Last)
            {
                throw new ArgumentOutOfRangeException(nameof(indices), $"gather: index {index} lies outside rows of {x.Shape.Last}.");
            }
        }
        Tensor result = New(x.Shape.WithLast(1), x.Type);
        Backend.Gather(Rows(x), Column(indices), Rows(result));
        return Record(result, [x], () => Derivatives.Gather(this, x, indices, result));
    }

    /// <summary>exp(x) / Σ exp(x) over the last axis.</summary>
    public Tensor Softmax(Tensor x)
    {
        NeedAlike("softmax", x);
        Tensor result = New(x.Shape, x.Type);
        Backend.Softmax(Rows(x), Rows(result));
        return Record(result, [x], () => Derivatives.Softmax(this, x, result));
    }

    /// <summary>log of <see cref="Softmax"/>, exactly also for large differences.</summary>
    public Tensor LogSoftmax(Tensor x)
    {
        NeedAlike("log-softmax", x);
        Tensor result = New(x.Shape, x.Type);
        Backend.LogSoftmax(Rows(x), Rows(result));
        return Record(result, [x], () => Derivatives.LogSoftmax(this, x, result));
    }

    /// <summary>Writes a tensor's elements over another's (a cache, a buffer), outside of what is remembered.</summary>
    public void CopyInto(Tensor x, Tensor destination)
    {
        if (x.Shape != destination.Shape)
        {
            throw new ArgumentException($"copy: {x.Shape} does not fit into {destination.Shape}.");
        }
        Backend.Copy(x.Strided(), destination.Strided(), 1, accumulate: false);
        destination.Storage.Touch();
    }

    /// <summary>The tensor itself when it has no gaps, else a copy without.</summary>
    private Tensor Packed(Tensor x)
    {
        if (x.IsContiguous)
        {
            return x;
        }
        Tensor copy = New(x.Shape, x.Type);
        Backend.Copy(x.Strided(), copy.Strided(), 1, accumulate: false);
        return copy;
    }
}
