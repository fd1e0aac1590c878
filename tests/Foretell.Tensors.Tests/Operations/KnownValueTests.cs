using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Operations;

/// <summary>
/// The conventions that finite differences cannot see: which key a query sees, which elements a rotation pairs, in which
/// order gates and windows lie. The numbers follow from the formulas by hand or by Python's math module.
/// </summary>
public class KnownValueTests
{
    public static TheoryData<string> Exact() => [.. Backends.All.Where(backend => !backend.RoundsProducts).Select(backend => backend.Name)];

    [Theory]
    [MemberData(nameof(Exact))]
    public void Functions_OfOneNumber_AreTheirFormulas(string backend) => Check(backend, tape =>
    {
        Tensor x = tape.Scope.From([-2.5f, -0.5f, 0.75f, 3.5f], [4]);
        Expect([-0.015524163f, -0.154268769f, 0.580029486f, 3.499185798f], tape.Map(UnaryFunction.Gelu, x));
        Expect([-0.015084266f, -0.154285990f, 0.579960555f, 3.499383802f], tape.Map(UnaryFunction.GeluTanh, x));
        Expect([-0.189645450f, -0.188770334f, 0.509384024f, 3.397407192f], tape.Map(UnaryFunction.Silu, x));
        Expect([0, 0, 0.75f, 3.5f], tape.Map(UnaryFunction.Relu, x));
        Expect([0, 0, 0.5625f, 12.25f], tape.Map(UnaryFunction.ReluSquared, x));
        Expect([6.25f, 0.25f, 0.5625f, 12.25f], tape.Map(UnaryFunction.Square, x));
        Expect([2.5f, 0.5f, -0.75f, -3.5f], tape.Map(UnaryFunction.Negate, x));
        Expect([-2.5f * -0.189645450f, -0.5f * -0.188770334f, 0.75f * 0.509384024f, 3.5f * 3.397407192f], tape.SwiGlu(x, x));
    });

    [Theory]
    [MemberData(nameof(Exact))]
    public void Attention_TwoHeadsOverOneWithACachedKey_SeesThePast(string backend) => Check(backend, tape =>
    {
        Tensor q = tape.Scope.From([1f, 0, 0.5f, -1, 0, 2, 1, 1], [2, 4]);
        Tensor k = tape.Scope.From([1, 1, 0, -1, 2, 0.5f], [3, 2]);
        Tensor v = tape.Scope.From([1f, 2, 3, -1, 0, 4], [3, 2]);
        Expect([1.755081338f, 0.867377994f, 2.358357398f, -0.037536098f, 0.807183730f, 2.463328118f, 0.665850375f, 2.757296584f], tape.Attention(q, k, v, new AttentionPlan([new(0, 2, 0, 3)], 2, 1, 2, 0.5f)));
    });

    [Theory]
    [MemberData(nameof(Exact))]
    public void Norms_OfARow_AreTheirFormulas(string backend) => Check(backend, tape =>
    {
        Tensor x = tape.Scope.From([1f, -2, 3.5f], [1, 3]);
        Tensor gain = tape.Scope.From([1f, 0.5f, -2], [3]);
        Expect([0.413449115f, -0.413449115f, -2.894143807f], tape.RmsNorm(x, gain, 0.1f));
        Expect([0.173402527f, -0.423921483f, -2.048880878f], tape.LayerNorm(x, gain, tape.Scope.From([0.1f, 0.2f, 0.3f], [3]), 0.1f));
        Expect([0.075572760f, 0.003762546f, 0.920664694f], tape.Softmax(x));
        Expect([-2.582659377f, -5.582659377f, -0.082659377f], tape.LogSoftmax(x));
        Tensor large = tape.Scope.From([1000f, 1000, -1000], [1, 3]);
        Expect([0.5f, 0.5f, 0], tape.Softmax(large));
        Expect([-0.693147181f, -0.693147181f, -2000.693147f], tape.LogSoftmax(large));
    });

    [Theory]
    [MemberData(nameof(Exact))]
    public void Rotary_ByAQuarterAndNoTurn_PairsHalvesOrNeighbours(string backend) => Check(backend, tape =>
    {
        // Position 1 turns the first pair by 90 degrees and the second not at all.
        Tensor x = tape.Scope.From([1f, 2, 3, 4, 5, 6, 7, 8], [1, 8]);
        Tensor positions = tape.Scope.From([1], [1]);
        Tensor cosines = tape.Scope.From([9f, 9, 0, 1], [2, 2]);
        Tensor sines = tape.Scope.From([9f, 9, 1, 0], [2, 2]);
        Expect([-3, 2, 1, 4, -7, 6, 5, 8], tape.Rotary(x, positions, cosines, sines, interleaved: false));
        Expect([-2, 1, 3, 4, -6, 5, 7, 8], tape.Rotary(x, positions, cosines, sines, interleaved: true));
    });

    [Theory]
    [MemberData(nameof(Exact))]
    public void LstmCell_OfOneUnit_IsItsFormula(string backend) => Check(backend, tape =>
    {
        (Tensor hidden, Tensor cell) = tape.LstmCell(tape.Scope.From([0.5f, -1, 2, 0.25f], [1, 4]), tape.Scope.From([1.5f], [1, 1]));
        Expect([1.003480095f], cell);
        Expect([0.428969812f], hidden);
    });

    [Theory]
    [MemberData(nameof(Exact))]
    public void Windows_OfASmallImage_AreCountedByHand(string backend) => Check(backend, tape =>
    {
        Tensor image = tape.Scope.From([-1f, -2, -3, -4, -5, -6, -7, -8, -9], [1, 3, 3, 1]);
        Tensor kernel = tape.Scope.From([1f, 10, 100, 1000], [1, 4]);
        Expect([-5421, -6532, -8754, -9865], tape.Convolution(image, kernel, tape.Scope.Zeros([1]), 2, 2));
        // With padding: the first window holds the image's first element alone, in its last place.
        Expect([-1000, -3200, -7040, -9865], tape.Convolution(image, kernel, null, 2, 2, stride: 2, padding: 1));
        Expect([-1, -2, -4, -5], tape.MaximumPool(image, 2, 2, 1));
        Expect([-3, -4, -6, -7], tape.AveragePool(image, 2, 1));
        Expect([-0.25f, -1.25f, -2.75f, -7], tape.AveragePool(image, 2, 2, 1));
    });

    [Theory]
    [MemberData(nameof(Exact))]
    public void Lookups_OfRows_TakeTheirOwn(string backend) => Check(backend, tape =>
    {
        Tensor x = tape.Scope.From([1f, 5, 5, 7, 2, 3], [2, 3]);
        Expect([5, 7, 0], tape.Concatenate(0, tape.MaximumRows(x), tape.Scope.Zeros([1, 1])));
        Expect([5, 7], tape.Gather(x, tape.Scope.From([2, 0], [2])));
        Expect([7, 2, 3, 1, 5, 5, 7, 2, 3], tape.Embedding(tape.Scope.From([1, 0, 1], [3]), x));
        Tensor parameter = tape.Scope.From([1f, 5, 5], [1, 3]);
        parameter.Gradient = tape.Scope.Zeros([1, 3]);
        tape.Backward(tape.Sum(tape.MaximumRows(parameter)));
        Expect([0, 1, 0], parameter.Gradient);
    });

    [Fact]
    public void ErrorFunction_InBothRanges_IsPythons()
    {
        (double X, double Value)[] known =
        [
            (-4, -0.9999999845827421), (-2.999, -0.9999777698314002), (-1, -0.8427007929497149), (-0.1, -0.1124629160182849), (0, 0), (1e-10, 1.1283791670955126e-10),
            (0.5, 0.5204998778130465), (1.7, 0.9837904585907745), (2.5, 0.999593047982555), (3, 0.9999779095030014), (3.2, 0.9999939742388483), (5, 0.9999999999984626), (7, 1),
        ];
        Assert.All(known, pair => Assert.Equal(pair.Value, ReferenceElementwise.ErrorFunction(pair.X), 1e-14));
        Assert.True(double.IsNaN(ReferenceElementwise.ErrorFunction(double.NaN)));
        Assert.Equal(-1, ReferenceElementwise.ErrorFunction(double.NegativeInfinity));
    }

    private static void Check(string backendName, Action<Tape> check)
    {
        BackendUnderTest backend = Backends.Get(backendName);
        if (backend.Missing is not null)
        {
            Assert.Skip($"{backendName}: {backend.Missing}");
        }
        using var device = new Device(backend.Create());
        using var tape = new Tape(device);
        check(tape);
    }

    private static void Expect(float[] wanted, Tensor got, float tolerance = 2e-6f)
    {
        float[] values = got.ToArray();
        Assert.Equal(wanted.Length, values.Length);
        for (int i = 0; i < wanted.Length; i++)
        {
            Assert.True(Math.Abs(wanted[i] - values[i]) <= tolerance * Math.Max(1, Math.Abs(wanted[i])), $"element {i}: {values[i]}, wanted {wanted[i]}");
        }
    }
}
