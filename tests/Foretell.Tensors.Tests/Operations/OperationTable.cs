using Foretell.Tensors.Autograd;
using Foretell.TestKit.Operations;

namespace Foretell.Tensors.Tests.Operations;

/// <summary>
/// Every operation of <see cref="Tape"/>, over odd sizes, none at all, and sizes around the width of vectors. The parts of this
/// class hold the rows by kind. A new operation needs a row here; the tests take it from there.
/// </summary>
internal static partial class OperationTable
{
    /// <summary>Lengths of rows: less than, just around and more than one and two vectors of sixteen singles.</summary>
    private static readonly int[] Widths = [1, 15, 16, 17, 33];

    private static readonly Dictionary<string, Operation> ByName = Matrices().Concat(Attentions()).Concat(Losses())
        .Concat(Elementwise()).Concat(Norms()).Concat(Shapes()).Concat(Reductions()).Concat(Images()).Concat(Graphs())
        .ToDictionary(operation => operation.Name);

    public static IEnumerable<string> Names => ByName.Keys;

    public static Operation Get(string name) => ByName[name];

    /// <summary>Integers in [0, limit), the same on every call.</summary>
    private static Tensor Integers(Tape tape, int limit, Shape shape)
    {
        var random = new SeededRandom(11);
        int[] values = new int[shape.ElementCount];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.NextInt(limit);
        }
        return tape.Scope.From(values, shape);
    }

    private static Operand Any(Shape shape) => new(shape, Values.Between(-1, 1));

    private static Operand Positive(Shape shape) => new(shape, Values.Between(0.5, 2));

    private static Operand Nonzero(Shape shape) => new(shape, Values.AwayFromZero(0.3, 1.5));

    private static Operand Distinct(Shape shape) => new(shape, Values.Distinct());
}
