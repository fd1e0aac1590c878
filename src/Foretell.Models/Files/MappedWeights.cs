using System.Globalization;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Models.Files;

/// <summary>A model's parameters where a published file has them: matrices over the mapping, vectors as small copies in single precision.</summary>
/// <param name="file">Disposed with this.</param>
internal abstract class MappedWeights(IWeightFile file) : IParameterSource
{
    private const int CheckedPiece = 1 << 22;

    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    protected IWeightFile File => file;

    public abstract Tensor Take(string name, ParameterKind kind, Shape shape, TensorScope scope);

    /// <summary>Whether the model may do without a tensor of the file, which it could compute itself or has no use for.</summary>
    protected abstract bool MayIgnore(string name);

    /// <summary>Holds that the model has a place for every tensor of the file: one that is left out changes what the model says.</summary>
    /// <exception cref="InvalidDataException">A tensor was left over.</exception>
    public void RequireAllUsed()
    {
        if (file.Names.FirstOrDefault(name => !_used.Contains(name) && !MayIgnore(name)) is string left)
        {
            throw new InvalidDataException($"{file.Path}: the configuration has no place for the tensor \"{left}\"; the model is of a kind that is not supported, or its files do not belong together.");
        }
    }

    /// <summary>Holds that every weight that is used is a number. It reads the whole file once, as the first token will.</summary>
    /// <exception cref="InvalidDataException">A weight or a block's scale is NaN or infinite; the message names the tensor.</exception>
    public void RequireFinite()
    {
        var pieces = new List<(string Name, DType Type, long Offset, int Length)>();
        foreach (string name in file.Names.Where(_used.Contains))
        {
            DType type = file.TypeOf(name);
            long bytes = type.Bytes(file.ShapeOf(name).Aggregate(1L, (product, extent) => product * extent));
            int piece = CheckedPiece / type.BlockBytes() * type.BlockBytes();
            for (long offset = 0; offset < bytes; offset += piece)
            {
                pieces.Add((name, type, offset, (int)Math.Min(piece, bytes - offset)));
            }
        }
        // The lowest index wins, so that the message is the same whatever thread finds something.
        ParallelLoopResult result = Parallel.For(0, pieces.Count, (index, state) =>
        {
            (string name, DType type, long offset, int length) = pieces[index];
            if (!ScaleCheck.AllFinite(type, file.Bytes(name, offset, length)))
            {
                state.Break();
            }
        });
        if (result.LowestBreakIteration is long bad)
        {
            throw new InvalidDataException($"{file.Path}: the tensor \"{pieces[(int)bad].Name}\" holds a NaN or infinite {(pieces[(int)bad].Type.IsQuantized() ? "scale" : "number")}; the file is damaged.");
        }
    }

    public virtual void Dispose() => file.Dispose();

    /// <summary>A parameter that is rows of a tensor.</summary>
    /// <param name="published">The tensor's name in the file.</param>
    /// <param name="part">Which of <paramref name="parts"/> equal parts of the rows.</param>
    protected Tensor Rows(string published, string ours, ParameterKind kind, Shape shape, TensorScope scope, int part = 0, int parts = 1)
    {
        Require(published, ours, parts == 1 ? Lengths(shape) : [(long)shape[0] * parts, .. Lengths(shape).Skip(1)]);
        return kind == ParameterKind.Vector
            ? scope.From(Floats(published).AsSpan(part * shape[0], shape[0]), shape)
            : file.Map(published, scope, (long)part * shape[0], shape[0]);
    }

    /// <summary>Marks a tensor as used and holds that it has the lengths that the configuration wants.</summary>
    /// <exception cref="InvalidDataException">It is missing or of another shape.</exception>
    protected void Require(string published, string ours, IReadOnlyList<long> lengths)
    {
        if (!file.Contains(published))
        {
            throw new InvalidDataException($"{file.Path}: there is no tensor \"{published}\", which the configuration wants{(ours == published ? "" : $" for {ours}")}.");
        }
        if (!file.ShapeOf(published).SequenceEqual(lengths))
        {
            throw new InvalidDataException($"{file.Path}: the tensor \"{published}\" is {Format(file.ShapeOf(published))}, and the configuration wants {Format(lengths)}.");
        }
        _used.Add(published);
    }

    /// <summary>A whole tensor in single precision.</summary>
    protected float[] Floats(string published)
    {
        DType type = file.TypeOf(published);
        long count = file.ShapeOf(published).Aggregate(1L, (product, extent) => product * extent);
        float[] values = new float[count];
        ElementConversion.ToSingle(type, file.Bytes(published, 0, checked((int)type.Bytes(count))), values);
        return values;
    }

    protected static long[] Lengths(Shape shape)
    {
        long[] lengths = new long[shape.Rank];
        for (int axis = 0; axis < lengths.Length; axis++)
        {
            lengths[axis] = shape[axis];
        }
        return lengths;
    }

    private static string Format(IReadOnlyList<long> lengths) => "[" + string.Join(", ", lengths.Select(length => length.ToString(CultureInfo.InvariantCulture))) + "]";
}
