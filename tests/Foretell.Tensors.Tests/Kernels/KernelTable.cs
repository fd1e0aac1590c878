using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Tests.Kernels;

/// <summary>A kernel call over rows of a number of columns.</summary>
/// <param name="Name">What is called.</param>
/// <param name="Call">Calls it on the rows that the operands show.</param>
/// <param name="Tolerance">Allowed difference from double precision, relative to the larger of 1 and the number.</param>
/// <param name="ByRow">Whether rows alone must give the bits of rows together, sums over rows included; not so for dropout, which goes by the row's number in the call.</param>
internal sealed record KernelCase(string Name, Action<IBackend, KernelOperands, int> Call, double Tolerance = 3e-6, bool ByRow = true)
{
    public override string ToString() => Name;
}

/// <summary>Every kernel of <see cref="IBackend"/> that works row by row, as a call on random operands.</summary>
internal static class KernelTable
{
    /// <summary>x (1 - σ) 2u' with x up to 6: the rounding of 1 - σ, 6e-8, is multiplied by up to 55.</summary>
    private const double GeluTanhSlopeTolerance = 1e-5;

    public static IReadOnlyList<KernelCase> All { get; } = [.. Cases()];

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (UnaryFunction function in Enum.GetValues<UnaryFunction>())
        {
            bool positive = function is UnaryFunction.Log or UnaryFunction.Sqrt;
            (double low, double high) = positive ? (0.1, 9.0) : (-6.0, 6.0);
            yield return new($"Map {function}", (backend, o, columns) =>
                backend.Map(function, o.PerRow("x", columns, low, high), o.PerRow("y", columns)));
            foreach (bool accumulate in (bool[])[false, true])
            {
                yield return new($"MapBackward {function} accumulate={accumulate}", (backend, o, columns) =>
                {
                    MatrixView x = o.PerRow("x", columns, low, high);
                    MatrixView y = o.PerRow("y", columns);
                    backend.Map(function, x, y);
                    backend.MapBackward(function, x, y, o.PerRow("dy", columns), o.PerRow("dx", columns), accumulate);
                }, function == UnaryFunction.GeluTanh ? GeluTanhSlopeTolerance : 3e-6);
            }
        }
        yield return new("SwiGlu", (backend, o, columns) => backend.SwiGlu(o.PerRow("gate", columns), o.PerRow("up", columns), o.PerRow("y", columns)));
        yield return new("SwiGluBackward", (backend, o, columns) =>
            backend.SwiGluBackward(o.PerRow("gate", columns), o.PerRow("up", columns), o.PerRow("dy", columns), o.PerRow("dgate", columns), o.PerRow("dup", columns)));
        yield return new("RmsNorm", (backend, o, columns) =>
            backend.RmsNorm(o.PerRow("x", columns), o.Shared("gain", 1, columns), 1e-5f, o.PerRow("y", columns), o.PerRow("inverse", 1)));
        yield return new("LayerNorm", (backend, o, columns) =>
            backend.LayerNorm(o.PerRow("x", columns), o.Shared("gain", 1, columns), o.Shared("bias", 1, columns), 1e-2f, o.PerRow("y", columns), o.PerRow("statistics", 2)), 3e-5);
        yield return new("LayerNorm without bias", (backend, o, columns) =>
            backend.LayerNorm(o.PerRow("x", columns), o.Shared("gain", 1, columns), MatrixView.None, 1e-2f, o.PerRow("y", columns), o.PerRow("statistics", 2)), 3e-5);
        foreach (bool accumulate in (bool[])[false, true])
        {
            yield return new($"RmsNormBackward accumulate={accumulate}", (backend, o, columns) =>
                backend.RmsNormBackward(o.PerRow("x", columns), o.Shared("gain", 1, columns), o.PerRow("inverse", 1, 0.5, 1), o.PerRow("dy", columns), o.PerRow("dx", columns), accumulate, o.Shared("dgain", 1, columns)), 3e-5);
            yield return new($"LayerNormBackward accumulate={accumulate}", (backend, o, columns) =>
                backend.LayerNormBackward(o.PerRow("x", columns), o.Shared("gain", 1, columns), o.PerRow("statistics", 2, 0.5, 1), o.PerRow("dy", columns), o.PerRow("dx", columns), accumulate, o.Shared("dgain", 1, columns), o.Shared("dbias", 1, columns)), 3e-5);
            yield return new($"SoftmaxBackward accumulate={accumulate}", (backend, o, columns) =>
            {
                MatrixView y = o.PerRow("y", columns);
                backend.Softmax(o.PerRow("x", columns), y);
                backend.SoftmaxBackward(y, o.PerRow("dy", columns), o.PerRow("dx", columns), accumulate);
            });
            yield return new($"LogSoftmaxBackward accumulate={accumulate}", (backend, o, columns) =>
            {
                MatrixView y = o.PerRow("y", columns);
                backend.LogSoftmax(o.PerRow("x", columns), y);
                backend.LogSoftmaxBackward(y, o.PerRow("dy", columns), o.PerRow("dx", columns), accumulate);
            }, 2e-5);
            yield return new($"Dropout accumulate={accumulate}", (backend, o, columns) =>
                backend.Dropout(o.PerRow("x", columns), 99, 0.3f, o.PerRow("y", columns), accumulate), ByRow: false);
        }
        yield return new("RmsNormBackward without dx", (backend, o, columns) =>
            backend.RmsNormBackward(o.PerRow("x", columns), o.Shared("gain", 1, columns), o.PerRow("inverse", 1, 0.5, 1), o.PerRow("dy", columns), MatrixView.None, false, o.Shared("dgain", 1, columns)), 3e-5);
        yield return new("LayerNormBackward of dx only", (backend, o, columns) =>
            backend.LayerNormBackward(o.PerRow("x", columns), o.Shared("gain", 1, columns), o.PerRow("statistics", 2, 0.5, 1), o.PerRow("dy", columns), o.PerRow("dx", columns), false, MatrixView.None, MatrixView.None), 3e-5);
        yield return new("Softmax", (backend, o, columns) => backend.Softmax(o.PerRow("x", columns, -20, 20), o.PerRow("y", columns)));
        yield return new("LogSoftmax", (backend, o, columns) => backend.LogSoftmax(o.PerRow("x", columns, -20, 20), o.PerRow("y", columns)));
        foreach (bool gradient in (bool[])[false, true])
        {
            yield return new($"CrossEntropy gradient={gradient}", (backend, o, columns) =>
                backend.CrossEntropy(o.PerRow("logits", columns, -20, 20), o.Indices("targets", columns), o.Weights("weights"), 0.25f, o.PerRow("losses", 1), gradient));
        }
        yield return new("AddColumnSums", (backend, o, columns) => backend.AddColumnSums(o.PerRow("x", columns), o.Shared("sums", 1, columns)), 3e-5);
        yield return new("Embedding", (backend, o, columns) => backend.Embedding(o.Indices("ids", 11), o.Shared("weight", 11, columns), o.PerRow("y", columns)));
        yield return new("EmbeddingBackward", (backend, o, columns) => backend.EmbeddingBackward(o.Indices("ids", 11), o.PerRow("dy", columns), o.Shared("dweight", 11, columns)), 3e-5);
        yield return new("Gather", (backend, o, columns) => backend.Gather(o.PerRow("x", columns), o.Indices("indices", columns), o.PerRow("y", 1)));
        yield return new("GatherBackward", (backend, o, columns) => backend.GatherBackward(o.Indices("indices", columns), o.PerRow("dy", 1), o.PerRow("dx", columns)));
        yield return new("RowMaximum", (backend, o, columns) => backend.RowMaximum(o.PerRow("x", columns), o.PerRow("y", 1), o.Indices("where", 1)));
        foreach (bool interleaved in (bool[])[false, true])
        {
            foreach (bool inverse in (bool[])[false, true])
            {
                yield return new($"Rotary interleaved={interleaved} inverse={inverse}", (backend, o, columns) =>
                    backend.Rotary(o.PerRow("x", 6 * columns), o.Indices("positions", 13), o.SharedFloats("cosines", 13, columns), o.SharedFloats("sines", 13, columns), interleaved, inverse, o.PerRow("y", 6 * columns)));
            }
        }
        yield return new("LstmCell", (backend, o, columns) =>
            backend.LstmCell(o.PerRow("gates", 4 * columns), o.PerRow("cell", columns), o.PerRow("newCell", columns), o.PerRow("hidden", columns)));
        yield return new("LstmCellBackward", (backend, o, columns) =>
            backend.LstmCellBackward(o.PerRow("gates", 4 * columns), o.PerRow("cell", columns), o.PerRow("newCell", columns), o.PerRow("dNewCell", columns), o.PerRow("dHidden", columns), o.PerRow("dGates", 4 * columns), o.PerRow("dCell", columns)));
        yield return new("LstmCellBackward of the state only", (backend, o, columns) =>
            backend.LstmCellBackward(o.PerRow("gates", 4 * columns), o.PerRow("cell", columns), o.PerRow("newCell", columns), o.PerRow("dNewCell", columns), MatrixView.None, o.PerRow("dGates", 4 * columns), o.PerRow("dCell", columns)));
        yield return new("LstmCellBackward of the output only", (backend, o, columns) =>
            backend.LstmCellBackward(o.PerRow("gates", 4 * columns), o.PerRow("cell", columns), o.PerRow("newCell", columns), MatrixView.None, o.PerRow("dHidden", columns), o.PerRow("dGates", 4 * columns), o.PerRow("dCell", columns)));
    }
}
