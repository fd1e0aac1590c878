using System.Globalization;
using System.Runtime.CompilerServices;

namespace Foretell.Tensors;

/// <summary>The lengths of a tensor's axes, outermost first; none to four axes, each of length 0 or more.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>The most axes that a tensor has.</summary>
    public const int MaximumRank = 4;

    private readonly Axes _lengths;

    private Shape(ReadOnlySpan<int> lengths)
    {
        if (lengths.Length > MaximumRank)
        {
            throw new ArgumentException($"A shape has at most {MaximumRank} axes; {lengths.Length} were given.");
        }
        Rank = lengths.Length;
        for (int axis = 0; axis < lengths.Length; axis++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(lengths[axis]);
            _lengths[axis] = lengths[axis];
        }
    }

    /// <summary>Number of axes.</summary>
    public int Rank { get; }

    /// <summary>Product of the lengths; 1 without axes.</summary>
    public long ElementCount
    {
        get
        {
            long count = 1;
            for (int axis = 0; axis < Rank; axis++)
            {
                count *= _lengths[axis];
            }
            return count;
        }
    }

    /// <summary>Length of the last axis; 1 without axes.</summary>
    public int Last => Rank == 0 ? 1 : _lengths[Rank - 1];

    /// <summary>Product of all lengths but the last: how many rows the tensor is.</summary>
    public int RowCount
    {
        get
        {
            int rows = 1;
            for (int axis = 0; axis + 1 < Rank; axis++)
            {
                rows = checked(rows * _lengths[axis]);
            }
            return rows;
        }
    }

    /// <summary>Length of an axis; ^1 is the last.</summary>
    public int this[Index axis]
    {
        get
        {
            int offset = axis.GetOffset(Rank);
            return (uint)offset < (uint)Rank ? _lengths[offset] : throw new ArgumentOutOfRangeException(nameof(axis), $"A shape {this} has no axis {axis}.");
        }
    }

    public static Shape Create(ReadOnlySpan<int> lengths) => new(lengths);

    /// <summary>This shape with its last axis of another length.</summary>
    public Shape WithLast(int length)
    {
        Span<int> lengths = stackalloc int[Math.Max(Rank, 1)];
        CopyTo(lengths);
        lengths[^1] = length;
        return new Shape(lengths);
    }

    /// <summary>Writes the lengths to the front of <paramref name="lengths"/>.</summary>
    public void CopyTo(Span<int> lengths)
    {
        for (int axis = 0; axis < Rank; axis++)
        {
            lengths[axis] = _lengths[axis];
        }
    }

    public IEnumerator<int> GetEnumerator()
    {
        for (int axis = 0; axis < Rank; axis++)
        {
            yield return _lengths[axis];
        }
    }

    public bool Equals(Shape other)
    {
        if (Rank != other.Rank)
        {
            return false;
        }
        for (int axis = 0; axis < Rank; axis++)
        {
            if (_lengths[axis] != other._lengths[axis])
            {
                return false;
            }
        }
        return true;
    }

    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Rank, _lengths[0], _lengths[1], _lengths[2], _lengths[3]);

    public override string ToString()
    {
        var parts = new List<string>();
        foreach (int length in this)
        {
            parts.Add(length.ToString(CultureInfo.InvariantCulture));
        }
        return $"[{string.Join(", ", parts)}]";
    }

    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    [InlineArray(MaximumRank)]
    private struct Axes
    {
        private int _first;
    }
}
