using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Tests.Operations;

/// <content>Views, joins, reductions, functions of rows, images, and graphs in which gradients meet.</content>
internal static partial class OperationTable
{
    private static IEnumerable<Operation> Shapes()
    {
        yield return new Operation("reshape", [Any([6, 10])], (tape, x) => tape.Reshape(x[0], [3, 4, 5]));
        yield return new Operation("reshape to the same shape", [Any([6, 10])], (tape, x) => tape.Reshape(x[0], [6, 10]));
        yield return new Operation("reshape of nothing", [Any([0, 10])], (tape, x) => tape.Reshape(x[0], [5, 0, 2]));
        yield return new Operation("slice of rows", [Any([7, 5])], (tape, x) => tape.Slice(x[0], 0, 2, 3));
        yield return new Operation("slice of columns", [Any([4, 17])], (tape, x) => tape.Slice(x[0], 1, 1, 15));
        yield return new Operation("slice of a middle axis", [Any([2, 5, 3, 2])], (tape, x) => tape.Slice(x[0], 1, 1, 3));
        yield return new Operation("slice of nothing", [Any([4, 5])], (tape, x) => tape.Slice(x[0], 1, 5, 0));
        yield return new Operation("slice of a slice", [Any([6, 9])], (tape, x) => tape.Slice(tape.Slice(x[0], 1, 2, 5), 0, 1, 4));
        yield return new Operation("slices that overlap", [Any([5, 6])], (tape, x) => tape.Add(tape.Slice(x[0], 1, 0, 4), tape.Slice(x[0], 1, 2, 4)));
        yield return new Operation("transpose", [Any([3, 17])], (tape, x) => tape.Transpose(x[0], 0, 1));
        yield return new Operation("transpose of outer axes", [Any([2, 3, 4, 5])], (tape, x) => tape.Transpose(x[0], 1, 2));
        yield return new Operation("transpose of nothing", [Any([0, 4])], (tape, x) => tape.Transpose(x[0], 0, 1));
        yield return new Operation("reshape of a transpose", [Any([3, 4, 5])], (tape, x) => tape.Reshape(tape.Transpose(x[0], 0, 2), [20, 3]));
        yield return new Operation("concatenate rows", [Any([2, 5]), Any([3, 5]), Any([0, 5])], (tape, x) => tape.Concatenate(0, x));
        yield return new Operation("concatenate columns", [Any([3, 2]), Any([3, 15])], (tape, x) => tape.Concatenate(1, x));
        yield return new Operation("concatenate with itself", [Any([3, 4])], (tape, x) => tape.Concatenate(1, x[0], x[0], x[0]));
        yield return new Operation("concatenate a middle axis", [Any([2, 3, 4]), Any([2, 1, 4])], (tape, x) => tape.Concatenate(1, x));
    }

    private static IEnumerable<Operation> Reductions()
    {
        foreach (int width in Widths)
        {
            yield return new Operation($"softmax 3x{width}", [Any([3, width])], (tape, x) => tape.Softmax(x[0]));
            yield return new Operation($"log-softmax 3x{width}", [Any([3, width])], (tape, x) => tape.LogSoftmax(x[0]));
            yield return new Operation($"gather 5x{width}", [Any([5, width])], (tape, x) => tape.Gather(x[0], Integers(tape, width, [5])));
            yield return new Operation($"maximum of rows 5x{width}", [Distinct([5, width])], (tape, x) => tape.MaximumRows(x[0]));
            yield return new Operation($"sum of rows 4x{width}", [Any([4, width])], (tape, x) => tape.SumRows(x[0]));
            yield return new Operation($"mean of rows 4x{width}", [Any([4, width])], (tape, x) => tape.MeanRows(x[0]));
            yield return new Operation($"sum 4x{width}", [Any([4, width])], (tape, x) => tape.Sum(x[0]));
            yield return new Operation($"mean 4x{width}", [Any([4, width])], (tape, x) => tape.Mean(x[0]));
            yield return new Operation($"sum of columns 4x{width}", [Any([4, width])], (tape, x) => tape.ReduceTo(x[0], [width]));
        }
        yield return new Operation("softmax of three axes", [Any([2, 3, 5])], (tape, x) => tape.Softmax(x[0]));
        yield return new Operation("softmax of nothing", [Any([0, 5])], (tape, x) => tape.Softmax(x[0]));
        yield return new Operation("log-softmax of three axes", [Any([2, 3, 5])], (tape, x) => tape.LogSoftmax(x[0]));
        yield return new Operation("log-softmax of nothing", [Any([0, 5])], (tape, x) => tape.LogSoftmax(x[0]));
        yield return new Operation("gather of three axes", [Any([2, 3, 5])], (tape, x) => tape.Gather(x[0], Integers(tape, 5, [2, 3])));
        yield return new Operation("gather of nothing", [Any([0, 5])], (tape, x) => tape.Gather(x[0], Integers(tape, 5, [0])));
        yield return new Operation("maximum of rows of three axes", [Distinct([2, 3, 5])], (tape, x) => tape.MaximumRows(x[0]));
        yield return new Operation("maximum of rows of nothing", [Distinct([0, 5])], (tape, x) => tape.MaximumRows(x[0]));
        yield return new Operation("sum of nothing", [Any([0, 5])], (tape, x) => tape.Sum(x[0]));
        yield return new Operation("sum of empty rows", [Any([3, 0])], (tape, x) => tape.SumRows(x[0]));
        yield return new Operation("reduce outer axes", [Any([2, 3, 4, 5])], (tape, x) => tape.ReduceTo(x[0], [4, 5]));
        yield return new Operation("reduce middle axes", [Any([2, 3, 4, 5])], (tape, x) => tape.ReduceTo(x[0], [2, 1, 1, 5]));
        yield return new Operation("reduce every other axis", [Any([2, 3, 4, 17])], (tape, x) => tape.ReduceTo(x[0], [1, 3, 1, 17]));
    }

    private static IEnumerable<Operation> Images()
    {
        (int Batch, int Height, int Width, int Channels, int KernelHeight, int KernelWidth, int Stride, int Padding)[] geometries =
            [(1, 5, 5, 1, 3, 3, 1, 0), (2, 6, 5, 3, 3, 2, 2, 1), (1, 4, 7, 16, 1, 1, 1, 0), (2, 7, 7, 2, 5, 5, 3, 2), (0, 5, 5, 2, 3, 3, 1, 1)];
        foreach ((int batch, int height, int width, int channels, int kernelHeight, int kernelWidth, int stride, int padding) in geometries)
        {
            Shape images = [batch, height, width, channels];
            string name = $"{images} by {kernelHeight}x{kernelWidth}, stride {stride}, padding {padding}";
            yield return new Operation($"convolution {name}", [Any(images), Any([5, kernelHeight * kernelWidth * channels]), Any([5])],
                (tape, x) => tape.Convolution(x[0], x[1], x[2], kernelHeight, kernelWidth, stride, padding))
            { MultipliesMatrices = true };
            yield return new Operation($"convolution without bias {name}", [Any(images), Any([3, kernelHeight * kernelWidth * channels])],
                (tape, x) => tape.Convolution(x[0], x[1], null, kernelHeight, kernelWidth, stride, padding))
            { MultipliesMatrices = true };
            if (kernelHeight == kernelWidth)
            {
                yield return new Operation($"maximum pool {name}", [Distinct(images)], (tape, x) => tape.MaximumPool(x[0], kernelHeight, stride, padding));
                yield return new Operation($"average pool {name}", [Any(images)], (tape, x) => tape.AveragePool(x[0], kernelHeight, stride, padding));
            }
        }
    }

    private static IEnumerable<Operation> Graphs()
    {
        yield return new Operation("used twice: x + x", [Any([3, 5])], (tape, x) => tape.Add(x[0], x[0]));
        yield return new Operation("used twice: x - x", [Any([3, 5])], (tape, x) => tape.Subtract(x[0], x[0]));
        yield return new Operation("used twice: x x", [Any([3, 5])], (tape, x) => tape.Multiply(x[0], x[0]));
        yield return new Operation("used twice: x / x", [Nonzero([3, 5])], (tape, x) => tape.Divide(x[0], x[0]));
        yield return new Operation("used twice: x xᵀ", [Any([4, 5])], (tape, x) => tape.MatrixProduct(x[0], tape.Transpose(x[0], 0, 1))) { MultipliesMatrices = true };
        yield return new Operation("used twice: linear of itself", [Any([4, 5])], (tape, x) => tape.Linear(x[0], x[0])) { MultipliesMatrices = true };
        yield return new Operation("used twice: swiglu", [Any([4, 5])], (tape, x) => tape.SwiGlu(x[0], x[0]));
        yield return new Operation("used thrice: attention", [Any([5, 8])],
            (tape, x) => tape.Attention(x[0], x[0], x[0], new AttentionPlan([new(0, 5, 0, 5)], 2, 2, 4, 0.5f)))
        { MultipliesMatrices = true };
        yield return new Operation("residual", [Any([3, 8]), Any([8, 8]), Any([8])],
            (tape, x) => tape.Add(x[0], tape.Linear(tape.RmsNorm(x[0], x[2], 1e-5f), x[1])))
        { MultipliesMatrices = true };
        yield return new Operation("residual stream of three blocks", [Any([3, 8]), Any([8, 8]), Any([8])], (tape, x) =>
        {
            Tensor stream = x[0];
            for (int block = 0; block < 3; block++)
            {
                stream = tape.Add(stream, tape.Map(UnaryFunction.Silu, tape.Linear(tape.LayerNorm(stream, x[2], null, 1e-2f), x[1])));
            }
            return stream;
        })
        {
            MultipliesMatrices = true,
            Tolerance = 1e-4,
        };
        // a's and b's gradients begin as the memory of y's, then each grows by something else, in either order.
        yield return new Operation("shared gradients, one used before", [Any([3, 5]), Any([3, 5])], (tape, x) =>
        {
            Tensor a = tape.Scale(x[0], 2);
            Tensor b = tape.Multiply(a, x[1]);
            Tensor y = tape.Add(a, b);
            Tensor z = tape.Add(y, tape.Map(UnaryFunction.Tanh, a));
            return tape.Add(tape.Multiply(z, y), tape.Subtract(b, a));
        });
        yield return new Operation("shared gradients, chain of sums", [Any([3, 5]), Any([3, 5])], (tape, x) =>
        {
            Tensor a = tape.Scale(x[0], 2);
            Tensor b = tape.Scale(x[1], 3);
            Tensor c = tape.Add(a, b);
            Tensor d = tape.Add(c, a);
            Tensor e = tape.Add(d, c);
            return tape.Add(tape.Add(e, b), tape.Reshape(e, [3, 5]));
        });
        yield return new Operation("shared gradients, reshaped", [Any([3, 5])], (tape, x) =>
        {
            Tensor a = tape.Scale(x[0], 2);
            Tensor same = tape.Reshape(a, [3, 5]);
            Tensor flat = tape.Reshape(a, [15]);
            Tensor square = tape.Multiply(flat, tape.Reshape(same, [15]));
            return tape.Add(square, tape.Reshape(tape.Add(a, same), [15]));
        });
        yield return new Operation("shared gradients, through dropout and views", [Any([4, 6])], (tape, x) =>
        {
            Tensor a = tape.Scale(x[0], 2);
            Tensor kept = tape.Dropout(a, 0, 1);
            Tensor sum = tape.Add(a, kept);
            return tape.Multiply(tape.Slice(sum, 1, 1, 4), tape.Slice(a, 1, 0, 4));
        });
        yield return new Operation("a loss of two heads", [Any([4, 6]), Any([5, 6])], (tape, x) =>
        {
            Tensor weights = tape.Scope.From([1f, 0.5f, 0, 2], [4]);
            Tensor first = tape.HeadCrossEntropy(x[0], x[1], Integers(tape, 5, [4]), weights, 0.25f).Loss;
            Tensor second = tape.HeadCrossEntropy(tape.Map(UnaryFunction.Tanh, x[0]), x[1], Integers(tape, 4, [4]), weights, 0.5f).Loss;
            return tape.Add(first, tape.Add(second, tape.Mean(tape.Map(UnaryFunction.Square, x[0]))));
        })
        {
            IsLoss = true,
            MultipliesMatrices = true,
        };
        yield return new Operation("a head tied to its embedding", [Any([5, 6])], (tape, x) =>
        {
            Tensor hidden = tape.Map(UnaryFunction.Gelu, tape.Embedding(Integers(tape, 5, [4]), x[0]));
            return tape.HeadCrossEntropy(hidden, x[0], Integers(tape, 5, [4]), tape.Scope.From([1f, 0.5f, 0, 2], [4]), 0.25f).Loss;
        })
        {
            IsLoss = true,
            MultipliesMatrices = true,
        };
    }
}
