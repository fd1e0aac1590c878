using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests;

public sealed class TensorTests : IDisposable
{
    private readonly Device _device = new(new ReferenceBackend());
    private readonly TensorScope _scope;

    public TensorTests()
    {
        _device.Memory.Guarded = true;
        _scope = new TensorScope(_device);
    }

    public void Dispose()
    {
        _scope.Dispose();
        Assert.Equal(0, _device.Memory.LiveBytes);
        _device.Dispose();
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Float64)]
    public void CopyFrom_SmallNumbers_ComeBack(DType type)
    {
        Tensor tensor = _scope.Empty([2, 3], type);
        tensor.CopyFrom([1, -2, 0.5f, 4, 0, 100]);
        Assert.Equal([1, -2, 0.5f, 4, 0, 100], tensor.ToArray());
    }

    [Fact]
    public void CopyFrom_WrongCount_SaysBoth()
    {
        Tensor tensor = _scope.Zeros([2, 3]);
        string message = Assert.Throws<ArgumentException>(() => tensor.CopyFrom(new float[5])).Message;
        Assert.Contains("[2, 3]", message);
        Assert.Contains("5", message);
    }

    [Fact]
    public void Views_ShareMemoryAndKnowTheirGaps()
    {
        Tensor tensor = _scope.From([0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [3, 4]);
        Tensor slice = tensor.Sliced(1, 1, 2);
        Tensor transposed = tensor.Transposed(0, 1);
        Assert.Equal([1, 2, 5, 6, 9, 10], slice.ToArray());
        Assert.Equal([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11], transposed.ToArray());
        Assert.Equal([5, 6, 9, 10], slice.Sliced(0, 1, 2).ToArray());
        Assert.Equal([4, 5, 6, 7, 8, 9, 10, 11], tensor.Sliced(0, 1, 2).Span<float>().ToArray());
        Assert.False(slice.IsContiguous);
        Assert.False(transposed.IsContiguous);
        tensor.Span<float>()[5] = 50;
        Assert.Equal(50, slice.ToArray()[2]);
    }

    [Fact]
    public void Strided_SpanOrClear_IsRefused()
    {
        Tensor tensor = _scope.From([0f, 1, 2, 3], [2, 2]);
        Tensor column = tensor.Sliced(1, 0, 1);
        Assert.Throws<InvalidOperationException>(() => column.Span<float>().Length);
        Assert.Throws<InvalidOperationException>(column.Clear);
        Assert.Throws<ArgumentException>(() => column.Reshaped([2]));
        Assert.Equal([0, 1, 2, 3], tensor.ToArray());
    }

    [Fact]
    public void Span_OfAnotherType_IsRefused()
    {
        Assert.Throws<InvalidOperationException>(() => _scope.Zeros([3]).Span<double>().Length);
        Assert.Throws<InvalidOperationException>(() => _scope.Zeros([3]).Span<int>().Length);
        Assert.Throws<InvalidOperationException>(() => _scope.From([1, 2], [2]).Span<float>().Length);
        Assert.Throws<InvalidOperationException>(() => _scope.Zeros([3], DType.BFloat16).Span<float>().Length);
    }

    [Fact]
    public void Empty_HasNoElementsAndEveryView()
    {
        Tensor empty = _scope.Zeros([0, 4]);
        Assert.Empty(empty.ToArray());
        Assert.True(empty.Span<float>().IsEmpty);
        Tensor nothing = _scope.Zeros([3, 4]).Sliced(1, 4, 0);
        Assert.True(nothing.IsContiguous);
        Assert.True(nothing.Span<float>().IsEmpty);
    }

    [Fact]
    public void Slice_OutsideOrOfAnAxisThatIsNotThere_SaysWhere()
    {
        Tensor tensor = _scope.Zeros([3, 4]);
        Assert.Contains("slice", Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Sliced(0, 2, 2)).Message);
        Assert.Contains("[3, 4]", Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Sliced(0, 1, int.MaxValue)).Message);
        Assert.Contains("axis 2", Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Sliced(2, 0, 0)).Message);
        Assert.Contains("transpose", Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Transposed(0, 3)).Message);
    }

    [Fact]
    public void BroadcastTo_ShapeThatDoesNotRepeat_NamesBoth()
    {
        Tensor tensor = _scope.Zeros([3, 4]);
        string message = Assert.Throws<ArgumentException>(() => tensor.BroadcastTo([2, 5, 4])).Message;
        Assert.Contains("[3, 4]", message);
        Assert.Contains("[2, 5, 4]", message);
        Assert.Throws<ArgumentException>(() => tensor.BroadcastTo([4]));
        Assert.Equal([7, 7, 7], _scope.From([7f], [1, 1]).BroadcastTo([3]).ToArray());
    }

    [Fact]
    public void Gradient_OfAnotherShapeTypeOrWithGaps_IsRefused()
    {
        Tensor parameter = _scope.Zeros([2, 3]);
        Assert.Throws<ArgumentException>(() => parameter.Gradient = _scope.Zeros([3, 2]));
        Assert.Throws<ArgumentException>(() => parameter.Gradient = _scope.Zeros([2, 3], DType.BFloat16));
        Assert.Throws<ArgumentException>(() => parameter.Gradient = _scope.Zeros([3, 2]).Transposed(0, 1));
        Assert.False(parameter.RequiresGradient);
        parameter.Gradient = _scope.Zeros([2, 3]);
        Assert.True(parameter.RequiresGradient);
    }

    [Fact]
    public void Version_GrowsWithEveryReplacement()
    {
        Tensor tensor = _scope.Zeros([2]);
        long version = tensor.Storage.Version;
        tensor.CopyFrom([1, 2]);
        Assert.True(tensor.Storage.Version > version);
        version = tensor.Storage.Version;
        tensor.Clear();
        Assert.True(tensor.Storage.Version > version);
    }

    [Fact]
    public void Scope_ReleasedOrDisposed_GivesMemoryBackOnce()
    {
        long before = _device.Memory.LiveBytes;
        var scope = new TensorScope(_device);
        Tensor first = scope.Zeros([1000]);
        scope.Zeros([3_000_000]);
        Assert.True(_device.Memory.LiveBytes >= before + 12_004_000);
        scope.Release(first);
        scope.Release(first);
        Assert.Throws<ObjectDisposedException>(() => first.ToArray());
        scope.Dispose();
        scope.Dispose();
        Assert.Equal(before, _device.Memory.LiveBytes);
        Assert.Throws<ObjectDisposedException>(() => scope.Zeros([1]));
    }

    [Fact]
    public void Memory_WrittenPastItsEnd_IsFoundByTheGuard()
    {
        var scope = new TensorScope(_device);
        Tensor tensor = scope.Zeros([3]);
        Tensor beyond = new(tensor.Storage, 0, DType.Float32, [4]);
        float untouched = beyond.ToArray()[3];
        Assert.True(float.IsNaN(untouched));
        beyond.Span<float>()[3] = 1;
        Assert.Throws<InvalidOperationException>(scope.Dispose);
        beyond.Span<float>()[3] = untouched;
        scope.Release(tensor);
    }
}
