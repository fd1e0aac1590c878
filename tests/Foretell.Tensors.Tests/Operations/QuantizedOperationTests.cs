using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Operations;

/// <summary>Operations on quantized weights: every backend gives the reference's very bits, and those are near the exact product.</summary>
public class QuantizedOperationTests
{
    private static readonly DType[] s_types = [DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K];

    /// <summary>Rows, blocks of 32 or 256 in a row, outputs.</summary>
    private static readonly (int Rows, int Blocks, int Outputs)[] s_sizes =
    [
        (1, 1, 1), (1, 1, 16), (1, 2, 33), (1, 3, 150), (1, 5, 64), (2, 2, 17), (3, 1, 80), (4, 3, 49), (5, 2, 31), (6, 3, 48),
        (1, 9, 530), (3, 9, 530), (6, 8, 530), (7, 2, 130), (13, 1, 16), (33, 3, 47), (26, 2, 96), (0, 2, 5), (3, 2, 0),
    ];

    public static TheoryData<string, DType> Rows()
    {
        var rows = new TheoryData<string, DType>();
        foreach (BackendUnderTest backend in Backends.All)
        {
            foreach (DType type in s_types)
            {
                rows.Add(backend.Name, type);
            }
        }
        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Linear_OfQuantizedWeights_GivesTheReferencesBits(string backendName, DType type)
    {
        foreach ((int rows, int blocks, int outputs) in s_sizes)
        {
            int depth = type.BlockLength() == 256 ? Math.Min(blocks, 2) * 256 : blocks * 32;
            foreach (bool withBias in (bool[])[false, true])
            {
                float[] wanted = Linear(new ReferenceBackend(), type, rows, depth, outputs, withBias);
                float[] got = Linear(Create(backendName), type, rows, depth, outputs, withBias);
                Assert.Equal(wanted, got);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Linear_OfOneRowAmongMany_HasTheBitsOfTheRowAlone(string backendName, DType type)
    {
        int depth = 2 * type.BlockLength();
        using var device = new Device(Create(backendName));
        using var scope = new TensorScope(device);
        Tensor weight = Weight(scope, type, 70, depth);
        float[] x = Numbers(1, 40 * depth);
        using var tape = new Tape(device, recording: false);
        float[] together = tape.Linear(scope.From(x, [40, depth]), weight).ToArray();
        for (int row = 0; row < 40; row += 13)
        {
            float[] alone = tape.Linear(scope.From(x.AsSpan(row * depth, depth), [depth]), weight).ToArray();
            Assert.Equal(together[(row * 70)..(row * 70 + 70)], alone);
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Linear_OfNumbersThatAreNotFinite_ShowsIt(string backendName, DType type)
    {
        int depth = 2 * type.BlockLength();
        using var device = new Device(Create(backendName));
        using var scope = new TensorScope(device);
        Tensor weight = Weight(scope, type, 20, depth);
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            float[] x = Numbers(1, 3 * depth);
            x[depth + 3] = bad;
            using var tape = new Tape(device, recording: false);
            float[] result = tape.Linear(scope.From(x, [3, depth]), weight).ToArray();
            Assert.All(result[..20], value => Assert.True(float.IsFinite(value)));
            Assert.All(result[20..40], value => Assert.False(float.IsFinite(value)));
            Assert.All(result[40..], value => Assert.True(float.IsFinite(value)));
        }
    }

    [Theory]
    [InlineData(DType.Q8_0)]
    [InlineData(DType.Q4_0)]
    [InlineData(DType.Q4_K)]
    [InlineData(DType.Q6_K)]
    public void Linear_OfQuantizedWeights_ErrsByTheRoundingOfItsInputAtMost(DType type)
    {
        const int rows = 3, outputs = 19;
        int depth = 2 * type.BlockLength();
        using var device = new Device(new ReferenceBackend());
        using var scope = new TensorScope(device);
        Tensor weight = Weight(scope, type, outputs, depth);
        float[] w = weight.ToArray();
        float[] x = Numbers(1, rows * depth);
        using var tape = new Tape(device, recording: false);
        float[] single = tape.Linear(scope.From(x, [rows, depth]), weight).ToArray();
        Tensor doubles = scope.Empty([rows, depth], DType.Float64);
        doubles.CopyFrom(x);
        ReadOnlySpan<double> exact = tape.Linear(doubles, weight).Span<double>();
        for (int row = 0; row < rows; row++)
        {
            for (int output = 0; output < outputs; output++)
            {
                double sum = 0, bound = 1e-6;
                for (int block = 0; block < depth; block += 32)
                {
                    double step = x.Skip(row * depth + block).Take(32).Max(MathF.Abs) / 127.0;
                    for (int i = block; i < block + 32; i++)
                    {
                        sum += (double)x[row * depth + i] * w[output * depth + i];
                        bound += (0.5 * step + 1e-5) * Math.Abs(w[output * depth + i]);
                    }
                }
                Assert.Equal(sum, exact[row * outputs + output], 1e-9);
                Assert.InRange(single[row * outputs + output], sum - bound, sum + bound);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Embedding_OfQuantizedRows_GivesTheirNumbers(string backendName, DType type)
    {
        int channels = 3 * type.BlockLength();
        using var device = new Device(Create(backendName));
        using var scope = new TensorScope(device);
        Tensor weight = Weight(scope, type, 7, channels);
        float[] all = weight.ToArray();
        int[] ids = [6, 0, 3, 3];
        using var tape = new Tape(device, recording: false);
        float[] rows = tape.Embedding(scope.From(ids, [4]), weight).ToArray();
        Assert.Equal(ids.SelectMany(id => all[(id * channels)..((id + 1) * channels)]), rows);
        Assert.Empty(tape.Embedding(scope.From((int[])[], [0]), weight).ToArray());
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void HeadCrossEntropy_OfAQuantizedHead_IsThatOfItsLogits(string backendName, DType type)
    {
        const int rows = 5, vocabulary = 37;
        int channels = type.BlockLength();
        using var device = new Device(Create(backendName));
        using var scope = new TensorScope(device);
        Tensor weight = Weight(scope, type, vocabulary, channels);
        Tensor x = scope.From(Numbers(1, rows * channels), [rows, channels]);
        Tensor targets = scope.From((int[])[0, 36, 4, 4, 11], [rows]);
        using var tape = new Tape(device, recording: false);
        (Tensor loss, Tensor nats) = tape.HeadCrossEntropy(x, weight, targets, scope.From((float[])[1, 1, 0, 1, 1], [rows]), 0.25f);
        float[] wanted = tape.Gather(tape.LogSoftmax(tape.Linear(x, weight)), targets).ToArray();
        for (int row = 0; row < rows; row++)
        {
            Assert.Equal(row == 2 ? 0 : -wanted[row], nats.ToArray()[row], 1e-4f);
        }
        Assert.Equal(nats.ToArray().Sum() / 4, loss.Item(), 1e-4f);
    }

    [Fact]
    public void QuantizedWeights_WhereADerivativeIsAsked_AreRefused()
    {
        using var device = new Device(new ReferenceBackend());
        using var scope = new TensorScope(device);
        Tensor weight = Weight(scope, DType.Q8_0, 4, 32);
        Tensor x = scope.From(Numbers(1, 32), [1, 32]);
        using var tape = new Tape(device);
        Assert.Equal(4, tape.Linear(x, weight).ToArray().Length);
        x.Gradient = scope.Zeros([1, 32]);
        Assert.Contains("have no derivatives", Assert.Throws<ArgumentException>(() => tape.Linear(x, weight)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => tape.HeadCrossEntropy(x, weight, scope.From((int[])[1], [1]), scope.From([1f], [1]), 1));
    }

    [Fact]
    public void QuantizedAndHalfTensors_WhereNumbersAreWanted_AreRefused()
    {
        using var device = new Device(new ReferenceBackend());
        using var scope = new TensorScope(device);
        Tensor weight = Weight(scope, DType.Q8_0, 4, 32);
        Tensor half = scope.Empty([4, 32], DType.Float16);
        half.CopyFrom(new float[128]);
        using var tape = new Tape(device, recording: false);
        Assert.Throws<ArgumentException>(() => tape.Linear(half, weight));
        Assert.Throws<ArgumentException>(() => tape.MatrixProduct(half, weight));
        Assert.Throws<ArgumentException>(() => tape.Add(weight, weight));
        Assert.Throws<ArgumentException>(() => scope.Empty([4, 33], DType.Q8_0));
    }

    /// <summary>Half-precision weights are packed like single-precision ones of the same values.</summary>
    [Theory]
    [MemberData(nameof(BackendNames))]
    public void Linear_OfHalfPrecisionWeights_HasTheBitsOfSinglesOfTheirValues(string backendName)
    {
        foreach ((int rows, int depth, int outputs) in ((int, int, int)[])[(1, 1, 1), (1, 172, 64), (3, 45, 33), (40, 64, 65)])
        {
            using var device = new Device(Create(backendName));
            using var scope = new TensorScope(device);
            Tensor half = scope.Empty([outputs, depth], DType.Float16);
            half.CopyFrom(Numbers(2, outputs * depth));
            half.Storage.IsPersistent = true;
            Tensor x = scope.From(Numbers(1, rows * depth), [rows, depth]);
            using var tape = new Tape(device, recording: false);
            Assert.Equal(tape.Linear(x, scope.From(half.ToArray(), [outputs, depth])).ToArray(), tape.Linear(x, half).ToArray());
            Tensor ids = scope.From((int[])[outputs - 1, 0], [2]);
            float[] all = half.ToArray();
            Assert.Equal([.. all[^depth..], .. all[..depth]], tape.Embedding(ids, half).ToArray());
        }
    }

    public static TheoryData<string> BackendNames => [.. Backends.All.Select(backend => backend.Name)];

    private static float[] Linear(IBackend backend, DType type, int rows, int depth, int outputs, bool withBias)
    {
        using var device = new Device(backend);
        using var scope = new TensorScope(device);
        Tensor weight = Weight(scope, type, outputs, depth);
        weight.Storage.IsPersistent = withBias;
        Tensor? bias = withBias ? scope.From(Numbers(3, outputs), [outputs]) : null;
        using var tape = new Tape(device, recording: false);
        return tape.Linear(scope.From(Numbers(1, rows * depth), [rows, depth]), weight, bias).ToArray();
    }

    private static Tensor Weight(TensorScope scope, DType type, int outputs, int depth)
    {
        Tensor weight = scope.Empty([outputs, depth], type);
        weight.CopyFrom(Numbers(2, outputs * depth));
        return weight;
    }

    /// <summary>Normal numbers, with a block of zeros and blocks of very different sizes among them.</summary>
    private static float[] Numbers(ulong seed, int count)
    {
        var random = new SeededRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            float size = (i / 32 % 7) switch { 3 => 0, 5 => 100, 6 => 1e-3f, _ => 1 };
            values[i] = size * (float)random.NextNormal();
        }
        return values;
    }

    private static IBackend Create(string name)
    {
        BackendUnderTest backend = Backends.Get(name);
        if (backend.Missing is not null)
        {
            Assert.Skip($"{name}: {backend.Missing}");
        }
        return backend.Create();
    }
}
