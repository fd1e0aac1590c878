using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Tests.Operations;

/// <content>Products of matrices, embeddings, attention, the head with its loss.</content>
internal static partial class OperationTable
{
    private static IEnumerable<Operation> Matrices()
    {
        (int Rows, int In, int Out)[] sizes = [(1, 1, 1), (3, 15, 17), (17, 16, 33), (0, 5, 3), (5, 33, 16), (33, 17, 15), (1, 64, 31), (16, 1, 16), (70, 40, 3)];
        foreach ((int rows, int width, int outputs) in sizes)
        {
            yield return new Operation($"linear {rows}x{width}->{outputs}", [Any([rows, width]), Any([outputs, width])],
                (tape, x) => tape.Linear(x[0], x[1]))
            { MultipliesMatrices = true };
            yield return new Operation($"linear with bias {rows}x{width}->{outputs}", [Any([rows, width]), Any([outputs, width]), Any([outputs])],
                (tape, x) => tape.Linear(x[0], x[1], x[2]))
            { MultipliesMatrices = true };
            yield return new Operation($"matrix product {rows}x{width}x{outputs}", [Any([rows, width]), Any([width, outputs])],
                (tape, x) => tape.MatrixProduct(x[0], x[1]))
            { MultipliesMatrices = true };
        }
        yield return new Operation("linear of a batch", [Any([2, 3, 5, 7]), Any([9, 7]), Any([9])], (tape, x) => tape.Linear(x[0], x[1], x[2])) { MultipliesMatrices = true };
        yield return new Operation("linear of a vector", [Any([7]), Any([9, 7])], (tape, x) => tape.Linear(x[0], x[1])) { MultipliesMatrices = true };
        yield return new Operation("linear without inputs", [Any([3, 0]), Any([4, 0]), Any([4])], (tape, x) => tape.Linear(x[0], x[1], x[2])) { MultipliesMatrices = true };
        foreach ((int ids, int channels) in new[] { (1, 1), (9, 15), (40, 16), (7, 33), (0, 4) })
        {
            yield return new Operation($"embedding {ids} of {channels}", [Any([6, channels])], (tape, x) => tape.Embedding(Integers(tape, 6, [ids]), x[0]));
        }
        yield return new Operation("embedding of a batch", [Any([5, 8])], (tape, x) => tape.Embedding(Integers(tape, 5, [3, 4]), x[0]));
    }

    private static IEnumerable<Operation> Attentions()
    {
        yield return Attention("one head", 1, 1, 4, (0, 5, 0, 5));
        yield return Attention("one query", 2, 1, 16, (0, 1, 0, 1));
        yield return Attention("many heads", 3, 3, 5, (0, 7, 0, 7));
        yield return Attention("grouped queries", 4, 2, 8, (0, 9, 0, 9));
        yield return Attention("one key-value head", 6, 1, 3, (0, 6, 0, 6));
        yield return Attention("segments", 4, 2, 16, (0, 3, 0, 3), (3, 1, 3, 1), (4, 17, 4, 17), (21, 16, 21, 16));
        yield return Attention("no segment", 2, 2, 4);
        yield return Attention("an empty segment", 2, 2, 4, (0, 3, 0, 3), (3, 0, 3, 0), (3, 2, 3, 2));
        yield return Attention("cached keys", 4, 2, 8, (0, 1, 0, 12), (1, 3, 12, 8), (4, 5, 20, 5));
        yield return Attention("long", 2, 1, 32, (0, 67, 0, 67));
        yield return Attention("wide head", 1, 1, 80, (0, 4, 0, 4));
    }

    private static Operation Attention(string name, int heads, int keyValueHeads, int size, params (int QueryStart, int Queries, int KeyStart, int Keys)[] segments)
    {
        AttentionSegment[] plan = Array.ConvertAll(segments, s => new AttentionSegment(s.QueryStart, s.Queries, s.KeyStart, s.Keys));
        int queries = plan.Sum(segment => segment.QueryCount);
        int keys = plan.Sum(segment => segment.KeyCount);
        return new Operation($"attention, {name}", [Any([queries, heads * size]), Any([keys, keyValueHeads * size]), Any([keys, keyValueHeads * size])],
            (tape, x) => tape.Attention(x[0], x[1], x[2], new AttentionPlan(plan, heads, keyValueHeads, size, 1 / MathF.Sqrt(size))))
        {
            MultipliesMatrices = true,
        };
    }

    private static IEnumerable<Operation> Losses()
    {
        (int Rows, int Channels, int Vocabulary, int Chunk)[] sizes = [(1, 1, 2, 64), (5, 8, 11, 64), (17, 15, 33, 4), (9, 16, 17, 3), (0, 4, 5, 64), (70, 7, 40, 64), (6, 33, 1, 6)];
        foreach ((int rows, int channels, int vocabulary, int chunk) in sizes)
        {
            yield return new Operation($"head cross-entropy {rows}x{channels} of {vocabulary} by {chunk}", [Any([rows, channels]), Any([vocabulary, channels])], (tape, x) =>
            {
                tape.HeadRowsAtOnce = chunk;
                float[] weights = new float[rows];
                int[] targets = Integers(tape, vocabulary, [rows]).Span<int>().ToArray();
                for (int r = 0; r < rows; r++)
                {
                    weights[r] = r % 3 == 1 ? 0 : 1 + 0.5f * r;
                    targets[r] = weights[r] == 0 ? -100 : targets[r];
                }
                return tape.HeadCrossEntropy(x[0], x[1], tape.Scope.From(targets, [rows]), tape.Scope.From(weights, [rows]), 1f / Math.Max(rows, 1)).Loss;
            })
            {
                IsLoss = true,
                MultipliesMatrices = true,
            };
        }
    }
}
