using Foretell.Nn.Optimizers;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Nn.Tests.Optimizers;

public class MuonTests
{
    public static TheoryData<string> Devices => AdamWTests.Devices;

    [Theory]
    [InlineData(12, 12)]
    [InlineData(7, 30)]
    [InlineData(30, 7)]
    [InlineData(64, 20)]
    [InlineData(1, 9)]
    public void Orthogonalize_OfAMatrix_KeepsItsSingularVectorsAndBringsItsSingularValuesNearOne(int rows, int columns)
    {
        // X = U diag(s) Vᵀ by construction, so the result must be U diag(t) Vᵀ with t near 1.
        int rank = Math.Min(rows, columns);
        double[][] left = OrthonormalColumns(rows, rank, 1);
        double[][] right = OrthonormalColumns(columns, rank, 2);
        double[] singular = [.. Enumerable.Range(0, rank).Select(i => 5 * Math.Pow(0.05, i / Math.Max(1.0, rank - 1)))];
        float[] x = new float[rows * columns];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                x[r * columns + c] = (float)Enumerable.Range(0, rank).Sum(i => singular[i] * left[i][r] * right[i][c]);
            }
        }
        foreach (string kernels in Devices.Select(row => row.Data))
        {
            using Device device = AdamWTests.Create(kernels);
            using var tape = new Tape(device, recording: false);
            float[] result = Muon.Orthogonalize(tape, tape.Scope.From(x, [rows, columns])).ToArray();
            for (int i = 0; i < rank; i++)
            {
                for (int j = 0; j < rank; j++)
                {
                    // uᵢᵀ O vⱼ: the singular value on the diagonal, nothing beside it.
                    double value = 0;
                    for (int r = 0; r < rows; r++)
                    {
                        for (int c = 0; c < columns; c++)
                        {
                            value += left[i][r] * result[r * columns + c] * right[j][c];
                        }
                    }
                    if (i == j)
                    {
                        Assert.InRange(value, 0.6, 1.3);
                    }
                    else
                    {
                        Assert.InRange(value, -1e-3, 1e-3);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Step_OnMatricesAndTheRest_IsThePlainComputation(string kernels)
    {
        using Device device = AdamWTests.Create(kernels);
        using var store = new ParameterStore(device, training: true);
        (int Rows, int Columns)[] shapes = [(12, 5), (6, 14)];
        for (int i = 0; i < shapes.Length; i++)
        {
            store.Create($"m{i}", ParameterKind.Matrix, [shapes[i].Rows, shapes[i].Columns]);
        }
        store.Create("table", ParameterKind.Embedding, [3, 4]);
        store.Create("gain", ParameterKind.Vector, [5]);
        foreach (Parameter parameter in store.All)
        {
            Initialization.Normal(parameter, 0.4, 8);
        }
        using var alone = new ParameterStore(device, training: true);
        foreach (Parameter parameter in store.All.Where(parameter => parameter.Kind != ParameterKind.Matrix))
        {
            alone.Create(parameter.Name, parameter.Kind, parameter.Value.Shape).CopyFrom(parameter.Value.ToArray());
        }
        double[][] expected = [.. store.All.Select(parameter => Array.ConvertAll(parameter.Value.ToArray(), v => (double)v))];
        double[][] mean = [.. expected.Select(values => new double[values.Length])];
        var options = new MuonOptions { LearningRate = 0.03, Momentum = 0.9, WeightDecay = 0.2 };
        using var optimizer = new Muon(device, store.All, options, new AdamWOptions());
        using var rest = new AdamW(device, alone.All, new AdamWOptions());
        var random = new SeededRandom(9);
        for (int step = 0; step < 4; step++)
        {
            const double Share = 0.5, Clip = 0.8;
            foreach (Parameter parameter in store.All)
            {
                float[] gradient = [.. Enumerable.Range(0, (int)parameter.Value.Shape.ElementCount).Select(_ => (float)random.NextNormal())];
                parameter.Gradient.CopyFrom(gradient);
                alone.Find(parameter.Name)?.Gradient.CopyFrom(gradient);
            }
            for (int m = 0; m < shapes.Length; m++)
            {
                (int rows, int columns) = shapes[m];
                float[] gradient = store.All[m].Gradient.ToArray();
                double[] ahead = new double[gradient.Length];
                for (int i = 0; i < gradient.Length; i++)
                {
                    mean[m][i] = 0.9 * mean[m][i] + 0.1 * gradient[i] * Clip;
                    ahead[i] = 0.1 * gradient[i] * Clip + 0.9 * mean[m][i];
                }
                double[] direction = NewtonSchulz(ahead, rows, columns);
                for (int i = 0; i < gradient.Length; i++)
                {
                    expected[m][i] -= 0.03 * Share * (Math.Sqrt(Math.Max(1, (double)rows / columns)) * direction[i] + 0.2 * expected[m][i]);
                }
            }
            optimizer.Step(step, Share, Clip);
            rest.Step(step, Share, Clip);
        }
        for (int m = 0; m < shapes.Length; m++)
        {
            float[] actual = store.All[m].Value.ToArray();
            for (int i = 0; i < actual.Length; i++)
            {
                Assert.Equal(expected[m][i], actual[i], 2e-5);
            }
        }
        Assert.All(alone.All, parameter => Assert.Equal(parameter.Value.ToArray(), store.Find(parameter.Name)!.Value.ToArray()));
        Assert.Equal(["m0.momentum", "m1.momentum", "table.first_moment", "table.second_moment", "gain.first_moment", "gain.second_moment"], optimizer.State.Select(entry => entry.Name));
    }

    /// <summary>X = aX + (bA + cA²)X, A = XXᵀ, five times, on the wide form.</summary>
    private static double[] NewtonSchulz(double[] x, int rows, int columns)
    {
        bool tall = rows > columns;
        (int n, int m) = tall ? (columns, rows) : (rows, columns);
        double norm = Math.Sqrt(x.Sum(v => v * v));
        double[,] y = new double[n, m];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
            {
                y[i, j] = (tall ? x[j * columns + i] : x[i * columns + j]) / norm;
            }
        }
        for (int step = 0; step < 5; step++)
        {
            double[,] gram = Product(y, Transpose(y));
            double[,] square = Product(gram, gram);
            double[,] polynomial = new double[n, n];
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    polynomial[i, j] = -4.7750 * gram[i, j] + 2.0315 * square[i, j];
                }
            }
            double[,] moved = Product(polynomial, y);
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < m; j++)
                {
                    y[i, j] = 3.4445 * y[i, j] + moved[i, j];
                }
            }
        }
        double[] result = new double[x.Length];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
            {
                result[tall ? j * columns + i : i * columns + j] = y[i, j];
            }
        }
        return result;
    }

    private static double[,] Product(double[,] a, double[,] b)
    {
        double[,] result = new double[a.GetLength(0), b.GetLength(1)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < b.GetLength(1); j++)
            {
                for (int k = 0; k < a.GetLength(1); k++)
                {
                    result[i, j] += a[i, k] * b[k, j];
                }
            }
        }
        return result;
    }

    private static double[,] Transpose(double[,] a)
    {
        double[,] result = new double[a.GetLength(1), a.GetLength(0)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < a.GetLength(1); j++)
            {
                result[j, i] = a[i, j];
            }
        }
        return result;
    }

    /// <summary>Random vectors made orthonormal (Gram-Schmidt, twice).</summary>
    private static double[][] OrthonormalColumns(int length, int count, ulong seed)
    {
        var random = new SeededRandom(seed);
        double[][] columns = new double[count][];
        for (int i = 0; i < count; i++)
        {
            double[] column = new double[length];
            for (int e = 0; e < length; e++)
            {
                column[e] = random.NextNormal();
            }
            for (int pass = 0; pass < 2; pass++)
            {
                for (int j = 0; j < i; j++)
                {
                    double dot = column.Zip(columns[j], (a, b) => a * b).Sum();
                    column = [.. column.Zip(columns[j], (a, b) => a - dot * b)];
                }
                double norm = Math.Sqrt(column.Sum(v => v * v));
                column = Array.ConvertAll(column, v => v / norm);
            }
            columns[i] = column;
        }
        return columns;
    }
}
