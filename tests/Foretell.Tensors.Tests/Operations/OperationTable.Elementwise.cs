using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels;
using Foretell.TestKit.Operations;

namespace Foretell.Tensors.Tests.Operations;

/// <content>Functions of single elements, broadcasting arithmetic, norms, rotary positions, dropout, recurrent cells.</content>
internal static partial class OperationTable
{
    private static IEnumerable<Operation> Elementwise()
    {
        foreach (UnaryFunction function in Enum.GetValues<UnaryFunction>())
        {
            Func<SeededRandom, int, float[]> values = function switch
            {
                UnaryFunction.Log or UnaryFunction.Sqrt => Values.Between(0.5, 3),
                UnaryFunction.Relu or UnaryFunction.ReluSquared => Values.AwayFromZero(0.1, 2),
                _ => Values.Between(-4, 4),
            };
            foreach (int width in Widths)
            {
                yield return new Operation($"{function} 3x{width}", [new Operand([3, width], values)], (tape, x) => tape.Map(function, x[0]));
            }
            yield return new Operation($"{function} of nothing", [new Operand([0, 7], values)], (tape, x) => tape.Map(function, x[0]));
            yield return new Operation($"{function} of three axes", [new Operand([2, 3, 5], values)], (tape, x) => tape.Map(function, x[0]));
        }
        (Shape A, Shape B)[] patterns =
        [
            ([3, 17], [3, 17]), ([3, 17], [17]), ([17], [3, 17]), ([3, 16], [3, 1]), ([3, 1], [1, 33]), ([1], [2, 3, 5]), ([2, 3, 5], [3, 1]),
            ([2, 1, 5], [1, 4, 1]), ([2, 3, 4, 5], [2, 1, 4, 1]), ([2, 1, 3, 1], [4, 1, 16]), ([0, 5], [5]), ([0, 1], [1, 4]), ([1, 1], [1]), ([15], [15]),
        ];
        foreach ((Shape a, Shape b) in patterns)
        {
            yield return new Operation($"add {a} {b}", [Any(a), Any(b)], (tape, x) => tape.Add(x[0], x[1]));
            yield return new Operation($"subtract {a} {b}", [Any(a), Any(b)], (tape, x) => tape.Subtract(x[0], x[1]));
            yield return new Operation($"multiply {a} {b}", [Any(a), Any(b)], (tape, x) => tape.Multiply(x[0], x[1]));
            yield return new Operation($"divide {a} {b}", [Any(a), Nonzero(b)], (tape, x) => tape.Divide(x[0], x[1]));
        }
        foreach (int width in Widths)
        {
            yield return new Operation($"scale 3x{width}", [Any([3, width])], (tape, x) => tape.Scale(x[0], -2.5f));
            yield return new Operation($"cast to its own type 3x{width}", [Any([3, width])], (tape, x) => tape.Cast(x[0], x[0].Type));
            yield return new Operation($"swiglu 3x{width}", [Any([3, width]), Any([3, width])], (tape, x) => tape.SwiGlu(x[0], x[1]));
            yield return new Operation($"dropout 5x{width}", [Any([5, width])], (tape, x) => tape.Dropout(x[0], 0.3f, 77));
            yield return Lstm($"lstm cell, both outputs, 3x{width}", 3, width, (tape, hidden, cell) => tape.Concatenate(1, hidden, cell));
        }
        yield return new Operation("dropout of probability 0", [Any([3, 5])], (tape, x) => tape.Dropout(x[0], 0, 77));
        yield return new Operation("swiglu of nothing", [Any([0, 4]), Any([0, 4])], (tape, x) => tape.SwiGlu(x[0], x[1]));
        yield return new Operation("swiglu of three axes", [Any([2, 3, 4]), Any([2, 3, 4])], (tape, x) => tape.SwiGlu(x[0], x[1]));
        yield return Lstm("lstm cell, hidden alone", 4, 5, (_, hidden, _) => hidden);
        yield return Lstm("lstm cell, state alone", 4, 5, (_, _, cell) => cell);
        yield return Lstm("lstm cell of nothing", 0, 5, (_, hidden, _) => hidden);
        yield return new Operation("lstm of three steps", [Any([2, 20]), Any([2, 5]), Any([20, 5])], (tape, x) =>
        {
            (Tensor hidden, Tensor cell) = tape.LstmCell(x[0], x[1]);
            for (int step = 0; step < 2; step++)
            {
                (hidden, cell) = tape.LstmCell(tape.Add(x[0], tape.Linear(hidden, x[2])), cell);
            }
            return tape.Add(hidden, cell);
        })
        {
            MultipliesMatrices = true,
        };
    }

    private static Operation Lstm(string name, int rows, int size, Func<Tape, Tensor, Tensor, Tensor> choose) =>
        new(name, [Any([rows, 4 * size]), Any([rows, size])], (tape, x) =>
        {
            (Tensor hidden, Tensor cell) = tape.LstmCell(x[0], x[1]);
            return choose(tape, hidden, cell);
        });

    private static IEnumerable<Operation> Norms()
    {
        foreach (int width in Widths)
        {
            // Away from zero, and a large epsilon below: a row of one element is otherwise scaled to 1, and its gradient nothing but rounding.
            yield return new Operation($"rms norm 4x{width}", [Nonzero([4, width]), Any([width])], (tape, x) => tape.RmsNorm(x[0], x[1], 1e-2f));
            yield return new Operation($"rms norm by heads 4x3x{width}", [Nonzero([4, 3 * width]), Any([width])], (tape, x) => tape.RmsNorm(x[0], x[1], 1e-2f));
            yield return new Operation($"layer norm 4x{width}", [Any([4, width]), Any([width]), Any([width])], (tape, x) => tape.LayerNorm(x[0], x[1], x[2], 1e-2f)) { Tolerance = 5e-5 };
            yield return new Operation($"layer norm without bias 4x{width}", [Any([4, width]), Any([width])], (tape, x) => tape.LayerNorm(x[0], x[1], null, 1e-2f)) { Tolerance = 5e-5 };
            foreach (bool interleaved in new[] { false, true })
            {
                yield return new Operation($"rotary{(interleaved ? " interleaved" : "")} 5x3x{2 * width}", [Any([5, 3 * 2 * width])], (tape, x) => Rotary(tape, x[0], width, interleaved));
            }
        }
        yield return new Operation("rms norm of three axes", [Any([2, 3, 12]), Any([4])], (tape, x) => tape.RmsNorm(x[0], x[1], 1e-5f));
        yield return new Operation("rms norm of nothing", [Any([0, 8]), Any([4])], (tape, x) => tape.RmsNorm(x[0], x[1], 1e-5f));
        yield return new Operation("layer norm of three axes", [Any([2, 3, 7]), Any([7]), Any([7])], (tape, x) => tape.LayerNorm(x[0], x[1], x[2], 1e-5f)) { Tolerance = 5e-5 };
        yield return new Operation("layer norm of nothing", [Any([0, 7]), Any([7]), Any([7])], (tape, x) => tape.LayerNorm(x[0], x[1], x[2], 1e-5f));
        yield return new Operation("rotary of three axes", [Any([2, 3, 8])], (tape, x) => Rotary(tape, x[0], 2, interleaved: false));
        yield return new Operation("rotary of nothing", [Any([0, 8])], (tape, x) => Rotary(tape, x[0], 4, interleaved: true));
    }

    private static Tensor Rotary(Tape tape, Tensor x, int half, bool interleaved)
    {
        const int Positions = 9;
        float[] cosines = new float[Positions * half];
        float[] sines = new float[Positions * half];
        for (int i = 0; i < cosines.Length; i++)
        {
            double angle = i / half * Math.Pow(100, -(double)(i % half) / half);
            (cosines[i], sines[i]) = ((float)Math.Cos(angle), (float)Math.Sin(angle));
        }
        Shape table = [Positions, half];
        return tape.Rotary(x, Integers(tape, Positions, [x.Shape.RowCount]), tape.Scope.From(cosines, table), tape.Scope.From(sines, table), interleaved);
    }
}
