using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Autograd;

/// <summary>Operands that do not fit are refused before a kernel sees them, with the operation's name and what was given.</summary>
public class TapeErrorTests
{
    private static readonly Dictionary<string, (string[] Says, Action<Tape> Do)> Cases = new()
    {
        ["linear"] = (["linear", "[2, 3]", "[5, 4]"], t => t.Linear(Zeros(t, [2, 3]), Zeros(t, [5, 4]))),
        ["linear's bias"] = (["linear", "[2, 3]", "[5, 3]", "[4]"], t => t.Linear(Zeros(t, [2, 3]), Zeros(t, [5, 3]), Zeros(t, [4]))),
        ["linear of integers"] = (["linear", "Int32 [2, 3]"], t => t.Linear(Integers(t, [2, 3]), Zeros(t, [5, 3]))),
        ["matrix product"] = (["matrix product", "[2, 3]", "[4, 5]"], t => t.MatrixProduct(Zeros(t, [2, 3]), Zeros(t, [4, 5]))),
        ["add"] = (["Add", "[2, 3]", "[2, 4]"], t => t.Add(Zeros(t, [2, 3]), Zeros(t, [2, 4]))),
        ["multiply nothing"] = (["Multiply", "[0]", "[2]"], t => t.Multiply(Zeros(t, [0]), Zeros(t, [2]))),
        ["add of two types"] = (["Add", "Float32 [2]", "Float64 [2]"], t => t.Add(Zeros(t, [2]), Zeros(t, [2], DType.Float64))),
        ["map of bfloat16"] = (["Gelu", "BFloat16 [2]"], t => t.Map(UnaryFunction.Gelu, Zeros(t, [2], DType.BFloat16))),
        ["softmax of integers"] = (["softmax", "Int32 [2]"], t => t.Softmax(Integers(t, [2]))),
        ["swiglu"] = (["swiglu", "[2, 3]", "[2, 4]"], t => t.SwiGlu(Zeros(t, [2, 3]), Zeros(t, [2, 4]))),
        ["rms norm"] = (["rms norm", "[2, 5]", "[3]"], t => t.RmsNorm(Zeros(t, [2, 5]), Zeros(t, [3]), 1e-5f)),
        ["layer norm"] = (["layer norm", "[2, 5]", "[3]"], t => t.LayerNorm(Zeros(t, [2, 5]), Zeros(t, [3]), null, 1e-5f)),
        ["layer norm's bias"] = (["layer norm", "[2, 5]", "[4]"], t => t.LayerNorm(Zeros(t, [2, 5]), Zeros(t, [5]), Zeros(t, [4]), 1e-5f)),
        ["rotary"] = (["rotary", "[2, 6]", "[9, 2]"], t => t.Rotary(Zeros(t, [2, 6]), Integers(t, [2]), Zeros(t, [9, 2]), Zeros(t, [9, 2]), false)),
        ["rotary's positions"] = (["rotary", "position 1", "1 positions"], t => t.Rotary(Zeros(t, [2, 4]), Integers(t, [2]), Zeros(t, [1, 2]), Zeros(t, [1, 2]), false)),
        ["rotary's tables"] = (["rotary", "cosines", "Float64 [9, 2]"], t => t.Rotary(Zeros(t, [2, 4]), Integers(t, [2]), Zeros(t, [9, 2], DType.Float64), Zeros(t, [9, 2]), false)),
        ["embedding"] = (["embedding", "id 1", "1 rows"], t => t.Embedding(Integers(t, [3]), Zeros(t, [1, 2]))),
        ["embedding of floats"] = (["embedding", "ids", "Float32 [3]"], t => t.Embedding(Zeros(t, [3]), Zeros(t, [1, 2]))),
        ["attention"] = (["attention", "[3, 8]", "[3, 6]"], t => Attend(t, 3, 8, 6, new AttentionSegment(0, 3, 0, 3))),
        ["attention beyond its rows"] = (["attention", "3 queries"], t => Attend(t, 3, 8, 4, new AttentionSegment(0, 4, 0, 4))),
        ["attention with fewer keys"] = (["attention", "KeyCount = 2"], t => Attend(t, 3, 8, 4, new AttentionSegment(0, 3, 0, 2))),
        ["attention with derivatives over a gap"] = (["attention", "queries"], t => Attend(t, 3, 8, 4, new AttentionSegment(0, 1, 0, 1), new AttentionSegment(2, 1, 1, 2))),
        ["attention with derivatives over shared keys"] = (["attention", "keys"], t => Attend(t, 3, 8, 4, new AttentionSegment(0, 1, 0, 2), new AttentionSegment(1, 2, 1, 2))),
        ["head"] = (["head cross-entropy", "[2, 3]", "[5, 4]"], t => t.HeadCrossEntropy(Zeros(t, [2, 3]), Zeros(t, [5, 4]), Integers(t, [2]), Zeros(t, [2]), 1)),
        ["head's targets"] = (["head cross-entropy", "target 1", "vocabulary of 1"], t => t.HeadCrossEntropy(Zeros(t, [2, 3]), Zeros(t, [1, 3]), Integers(t, [2]), t.Scope.From([1f, 1], [2]), 1)),
        ["dropout"] = (["dropout", "1"], t => t.Dropout(Zeros(t, [2]), 1, 0)),
        ["convolution"] = (["convolution", "[1, 4, 4, 2]", "[3, 9]"], t => t.Convolution(Zeros(t, [1, 4, 4, 2]), Zeros(t, [3, 9]), null, 3, 3)),
        ["convolution's window"] = (["convolution", "5 × 5", "[1, 4, 4, 2]"], t => t.Convolution(Zeros(t, [1, 4, 4, 2]), Zeros(t, [3, 50]), null, 5, 5)),
        ["maximum pool"] = (["maximum pool", "[4, 4]"], t => t.MaximumPool(Zeros(t, [4, 4]), 2, 2)),
        ["maximum pool's padding"] = (["maximum pool", "padding of 2"], t => t.MaximumPool(Zeros(t, [1, 4, 4, 1]), 2, 2, 2)),
        ["lstm cell"] = (["lstm cell", "[2, 8]", "[2, 3]"], t => t.LstmCell(Zeros(t, [2, 8]), Zeros(t, [2, 3]))),
        ["gather"] = (["gather", "[2, 3]", "[3]"], t => t.Gather(Zeros(t, [2, 3]), Integers(t, [3]))),
        ["gather's indices"] = (["gather", "index 1", "rows of 1"], t => t.Gather(Zeros(t, [2, 1]), Integers(t, [2]))),
        ["maximum of rows"] = (["maximum of rows", "[2, 0]"], t => t.MaximumRows(Zeros(t, [2, 0]))),
        ["concatenate"] = (["concatenate", "[2, 3]", "[3, 4]"], t => t.Concatenate(0, Zeros(t, [2, 3]), Zeros(t, [3, 4]))),
        ["concatenate nothing"] = (["concatenate"], t => t.Concatenate(0)),
        ["concatenate along no axis"] = (["concatenate", "[2, 3]", "axis 2"], t => t.Concatenate(2, Zeros(t, [2, 3]))),
        ["reshape"] = (["reshape", "[2, 3]", "[5]"], t => t.Reshape(Zeros(t, [2, 3]), [5])),
        ["slice"] = (["slice", "[1, 4)", "[2, 3]"], t => t.Slice(Zeros(t, [2, 3]), 1, 1, 3)),
        ["transpose"] = (["transpose", "[2, 3]", "axis 2"], t => t.Transpose(Zeros(t, [2, 3]), 0, 2)),
        ["reduce"] = (["[2, 3]", "[2]"], t => t.ReduceTo(Zeros(t, [2, 3]), [2])),
        ["reduce to more axes"] = (["[4, 3]", "[3]"], t => t.ReduceTo(Zeros(t, [3]), [4, 3])),
    };

    public static TheoryData<string> Names() => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Operation_OperandsThatDoNotFit_SaysWhatWasGiven(string name)
    {
        using var device = new Device(new ReferenceBackend());
        using (var tape = new Tape(device))
        {
            (string[] says, Action<Tape> run) = Cases[name];
            string message = Assert.ThrowsAny<ArgumentException>(() => run(tape)).Message;
            Assert.All(says, part => Assert.Contains(part, message));
        }
        Assert.Equal(0, device.Memory.LiveBytes);
    }

    private static Tensor Zeros(Tape tape, Shape shape, DType type = DType.Float32) => tape.Scope.Zeros(shape, type);

    /// <summary>Integers 0, 1, 2, ...</summary>
    private static Tensor Integers(Tape tape, Shape shape) => tape.Scope.From(Enumerable.Range(0, (int)shape.ElementCount).ToArray(), shape);

    /// <summary>Two heads of size 4 over one key-value head, with derivatives wanted.</summary>
    private static void Attend(Tape tape, int rows, int queryWidth, int keyWidth, params AttentionSegment[] segments)
    {
        Tensor q = Zeros(tape, [rows, queryWidth]);
        q.Gradient = Zeros(tape, q.Shape);
        tape.Attention(q, Zeros(tape, [rows, keyWidth]), Zeros(tape, [rows, keyWidth]), new AttentionPlan(segments, 2, 1, 4, 0.5f));
    }
}
