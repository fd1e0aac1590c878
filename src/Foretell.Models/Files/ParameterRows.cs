using System.Runtime.ExceptionServices;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Models.Files;

/// <summary>A parameter's rows on their way into a file: read where they lie, reordered and converted some at a time.</summary>
/// <param name="parameter">Vectors are rows of one element.</param>
/// <param name="type">Of the elements in the file.</param>
/// <param name="row">Which row of the parameter stands at a place of the file; null for its own order.</param>
internal sealed class ParameterRows(Parameter parameter, DType type, Func<long, long>? row = null)
{
    private const int PieceBytes = 1 << 20;

    /// <summary>What the file's elements differ by from the parameter's; known when they are written.</summary>
    public RoundingError Error { get; private set; }

    /// <exception cref="InvalidDataException">A number is too large for the file's type.</exception>
    public void WriteTo(Stream stream)
    {
        Tensor value = parameter.Value;
        bool isVector = value.Shape.Rank == 1;
        long rows = value.Shape[0];
        int elements = isVector ? 1 : value.Shape.Last;
        int sourceBytes = checked((int)value.Type.Bytes(elements)), targetBytes = checked((int)type.Bytes(elements));
        int pieceRows = (int)Math.Min(rows, Math.Max(1, PieceBytes / Math.Max(sourceBytes, targetBytes)));
        byte[] piece = new byte[pieceRows * (long)targetBytes];
        var errors = new RoundingError[pieceRows];
        for (long first = 0; first < rows; first += pieceRows)
        {
            int count = (int)Math.Min(pieceRows, rows - first);
            long start = first;
            void ConvertRow(int index)
            {
                long from = row?.Invoke(start + index) ?? start + index;
                ReadOnlySpan<byte> source = value.Bytes(from * sourceBytes, sourceBytes);
                Span<byte> target = piece.AsSpan(index * targetBytes, targetBytes);
                if (value.Type == type)
                {
                    source.CopyTo(target);
                }
                else
                {
                    errors[index] = Convert(source, value.Type, target, elements);
                }
            }
            if (value.Type == type)
            {
                for (int index = 0; index < count; index++)
                {
                    ConvertRow(index);
                }
            }
            else
            {
                try
                {
                    Parallel.For(0, count, ConvertRow);
                }
                catch (AggregateException error)
                {
                    ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
                }
            }
            stream.Write(piece, 0, count * targetBytes);
            for (int index = 0; index < count; index++)
            {
                Error += errors[index];
            }
        }
    }

    private RoundingError Convert(ReadOnlySpan<byte> source, DType sourceType, Span<byte> target, int elements)
    {
        float[] values = new float[elements], rounded = new float[elements];
        ElementConversion.ToSingle(sourceType, source, values);
        try
        {
            ElementConversion.FromSingle(type, values, target);
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{parameter.Name}: {error.Message}", error);
        }
        if (!ScaleCheck.AllFinite(type, target))
        {
            throw new InvalidDataException($"{parameter.Name} holds numbers too large for {type}; keep it in a wider type.");
        }
        ElementConversion.ToSingle(type, target, rounded);
        double squares = 0, differences = 0;
        for (int i = 0; i < elements; i++)
        {
            double difference = (double)rounded[i] - values[i];
            squares += (double)values[i] * values[i];
            differences += difference * difference;
        }
        return new RoundingError(differences, squares);
    }
}

/// <summary>Σ (rounded - exact)² and Σ exact².</summary>
internal readonly record struct RoundingError(double Differences, double Squares)
{
    /// <summary>Root of the mean squared difference over that of the numbers themselves.</summary>
    public double Relative => Squares > 0 ? Math.Sqrt(Differences / Squares) : 0;

    public static RoundingError operator +(RoundingError left, RoundingError right) => new(left.Differences + right.Differences, left.Squares + right.Squares);
}
