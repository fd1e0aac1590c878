using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Autograd;

/// <summary>What a tape promises beyond its derivatives: errors, memory, its single use.</summary>
public sealed class TapeTests : IDisposable
{
    private readonly Device _device = new(new ReferenceBackend());
    private readonly TensorScope _scope;
    private readonly Tape _tape;

    public TapeTests()
    {
        _device.Memory.Guarded = true;
        _scope = new TensorScope(_device);
        _tape = new Tape(_device);
    }

    public void Dispose()
    {
        _tape.Dispose();
        _scope.Dispose();
        Assert.Equal(0, _device.Memory.LiveBytes);
        _device.Dispose();
    }

    [Fact]
    public void Backward_Twice_IsRefused()
    {
        Tensor loss = _tape.Sum(Parameter([2, 3]));
        _tape.Backward(loss);
        Assert.Contains("already", Assert.Throws<InvalidOperationException>(() => _tape.Backward(loss)).Message);
    }

    [Fact]
    public void Backward_OfALossThatDependsOnNoParameter_IsRefused()
    {
        Tensor constant = _tape.Sum(_scope.Zeros([3]));
        Assert.Contains("no parameter", Assert.Throws<InvalidOperationException>(() => _tape.Backward(constant)).Message);
        using var evaluating = new Tape(_device, recording: false);
        Tensor loss = evaluating.Sum(Parameter([3]));
        Assert.Throws<InvalidOperationException>(() => evaluating.Backward(loss));
    }

    [Fact]
    public void Backward_OfManyNumbers_IsRefused()
    {
        Tensor many = _tape.Scale(Parameter([2, 3]), 2);
        Assert.Contains("[2, 3]", Assert.Throws<ArgumentException>(() => _tape.Backward(many)).Message);
    }

    [Fact]
    public void Backward_TwoTapes_AddTheirGradients()
    {
        Tensor parameter = Parameter([3]);
        for (int batch = 0; batch < 2; batch++)
        {
            using var tape = new Tape(_device);
            tape.Backward(tape.Sum(tape.Scale(parameter, 1 + batch)));
        }
        Assert.Equal([3, 3, 3], parameter.Gradient!.ToArray());
    }

    [Fact]
    public void Backward_BranchesThatDoNotReachTheLoss_ContributeNothing()
    {
        Tensor parameter = Parameter([3]);
        _tape.Map(UnaryFunction.Exp, _tape.Scale(parameter, 5));
        (Tensor hidden, _) = _tape.LstmCell(_tape.Concatenate(0, parameter, parameter, parameter, parameter), parameter);
        _tape.Sum(hidden);
        _tape.Backward(_tape.Sum(_tape.Scale(parameter, 2)));
        Assert.Equal([2, 2, 2], parameter.Gradient!.ToArray());
    }

    [Fact]
    public void Backward_ConstantsBesideParameters_GetNoGradient()
    {
        Tensor parameter = Parameter([2, 3]);
        Tensor constant = _scope.Zeros([4, 3]);
        _tape.Backward(_tape.Sum(_tape.Linear(parameter, constant)));
        Assert.Null(constant.Gradient);
    }

    [Fact]
    public void Backward_AnIntermediateThatWasGivenAGradient_IsRefused()
    {
        Tensor middle = _tape.Scale(Parameter([3]), 2);
        middle.Gradient = _scope.Zeros([3]);
        Tensor loss = _tape.Sum(_tape.Scale(middle, 3));
        Assert.Contains("leaf", Assert.Throws<InvalidOperationException>(() => _tape.Backward(loss)).Message);
    }

    [Fact]
    public void Backward_Finished_LeavesNoGradientsOfIntermediatesBehind()
    {
        Tensor parameter = Parameter([64, 64]);
        Tensor x = parameter;
        for (int layer = 0; layer < 20; layer++)
        {
            x = _tape.Map(UnaryFunction.Silu, x);
        }
        Tensor loss = _tape.Sum(x);
        long forward = _device.Memory.LiveBytes;
        _tape.Backward(loss);
        Assert.Equal(forward, _device.Memory.LiveBytes);
        // Two gradients at a time, whatever the depth.
        Assert.True(_device.Memory.PeakBytes <= forward + 4 * 64 * 64 * sizeof(float), $"{_device.Memory.PeakBytes - forward} bytes above the forward pass");
    }

    [Fact]
    public void NotRecording_Operations_GiveTheSameBits()
    {
        Tensor parameter = Parameter([3, 4]);
        using var evaluating = new Tape(_device, recording: false);
        Assert.Equal(_tape.Softmax(parameter).ToArray(), evaluating.Softmax(parameter).ToArray());
    }

    [Fact]
    public void Cast_ThroughBFloat16_RoundsForwardAndPassesTheGradient()
    {
        Tensor parameter = Parameter([3]);
        parameter.CopyFrom([1 + 1f / 1024, -3.14159f, 0]);
        Tensor rounded = _tape.Cast(parameter, DType.BFloat16);
        Tensor back = _tape.Cast(rounded, DType.Float32);
        Assert.Equal([1, -3.140625f, 0], back.ToArray());
        _tape.Backward(_tape.Sum(_tape.Scale(back, 2)));
        Assert.Equal([2, 2, 2], parameter.Gradient!.ToArray());
    }

    [Fact]
    public void Cast_ToIntegers_EndsTheGradient()
    {
        Tensor parameter = Parameter([2]);
        Tensor loss = _tape.Sum(_tape.Cast(_tape.Cast(parameter, DType.Int32), DType.Float32));
        Assert.Throws<InvalidOperationException>(() => _tape.Backward(loss));
    }

    [Fact]
    public void Dropout_ManyElements_KeepsItsShareAndRepeatsItself()
    {
        Tensor ones = _scope.Empty([200, 500]);
        ones.Span<float>().Fill(1);
        float[] kept = _tape.Dropout(ones, 0.25f, 5).ToArray();
        Assert.Equal(kept, _tape.Dropout(ones, 0.25f, 5).ToArray());
        Assert.NotEqual(kept, _tape.Dropout(ones, 0.25f, 6).ToArray());
        Assert.All(kept, value => Assert.True(value is 0 or 1 / 0.75f));
        // Five deviations of a share of 100,000.
        Assert.InRange(kept.Count(value => value != 0) / 100_000.0, 0.75 - 0.007, 0.75 + 0.007);
    }

    [Fact]
    public void HeadCrossEntropy_Nats_AreThoseOfLogSoftmaxAndZeroWithoutWeight()
    {
        Tensor x = Parameter([3, 4]);
        Tensor weight = Parameter([5, 4]);
        (Tensor loss, Tensor nats) = _tape.HeadCrossEntropy(x, weight, _scope.From([1, -100, 4], [3]), _scope.From([2f, 0, 1], [3]), 0.5f);
        float[] logProbabilities = _tape.LogSoftmax(_tape.Linear(x, weight)).ToArray();
        float[] row = nats.ToArray();
        Assert.Equal(-logProbabilities[1], row[0], 1e-5f);
        Assert.Equal(0, row[1]);
        Assert.Equal(-logProbabilities[14], row[2], 1e-5f);
        Assert.Equal(0.5f * (2 * row[0] + row[2]), loss.Item(), 1e-5f);
        _tape.Backward(loss);
    }

    [Fact]
    public void HeadCrossEntropy_ThatIsNotTheLoss_IsRefused()
    {
        (Tensor scaled, _) = Head(_tape);
        Tensor doubled = _tape.Scale(scaled, 2);
        Assert.Contains("scale its weights", Assert.Throws<InvalidOperationException>(() => _tape.Backward(doubled)).Message);
        using var other = new Tape(_device);
        Head(other);
        Tensor elsewhere = other.Sum(Parameter([2]));
        Assert.Contains("does not depend", Assert.Throws<InvalidOperationException>(() => other.Backward(elsewhere)).Message);
    }

    private (Tensor Loss, Tensor Nats) Head(Tape tape) =>
        tape.HeadCrossEntropy(Parameter([2, 3]), Parameter([5, 3]), _scope.From([1, 2], [2]), _scope.From([1f, 1], [2]), 0.5f);

    private Tensor Parameter(Shape shape)
    {
        Tensor parameter = _scope.Empty(shape);
        var random = new SeededRandom(1).Fork(shape.ToString());
        Span<float> values = parameter.Span<float>();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)random.NextNormal();
        }
        parameter.Gradient = _scope.Zeros(shape);
        return parameter;
    }
}
