using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Tests.Matrix;

/// <summary>The products of packed blocks on one thread, as attention uses them.</summary>
public unsafe class MatrixEngineTests
{
    public static TheoryData<string> Engines => TestEngines.Names;

    [Theory]
    [MemberData(nameof(Engines))]
    public void Multiply_PackedBlocks_EqualsPlainLoops(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        foreach ((int rows, int depth, int columns, bool accumulate) in new[] { (1, 64, 64, false), (33, 64, 40, true), (64, 128, 64, false), (70, 33, 65, true), (5, 1, 1, false) })
        {
            using var left = TestMatrix.Random(rows, depth, DType.BFloat16, 1);
            using var right = TestMatrix.Random(columns, depth, DType.BFloat16, 2);
            using var result = TestMatrix.Random(rows, columns, DType.Float32, 3);
            var expected = new PlainProduct(engine, left, false, right, true, accumulate ? result : null, null);
            using var packedLeft = new AlignedMemory(engine.LeftBytes(rows, depth));
            using var packedRight = new AlignedMemory(engine.RightBytes(depth, columns));
            // A kernel that let packing's leftovers into a result would show it.
            new Span<byte>(packedLeft.Pointer, (int)packedLeft.Bytes).Fill(0xff);
            new Span<byte>(packedRight.Pointer, (int)packedRight.Bytes).Fill(0xff);
            engine.PackLeft(left.View, false, packedLeft.Pointer);
            engine.PackRight(right.View, true, packedRight.Pointer);
            engine.Multiply(packedLeft.Pointer, packedRight.Pointer, depth, (float*)result.View.Pointer, result.Stride, rows, columns, accumulate);
            expected.AssertEqual(result, $"{engine.Name}: [{rows}, {depth}] x [{depth}, {columns}]{(accumulate ? ", accumulated" : "")}");
            result.AssertPaddingUntouched();
        }
    }

    [Fact]
    public void Multiply_NoDepth_ClearsOrKeeps()
    {
        var engine = new PortableEngine(DType.Float32);
        using var result = TestMatrix.Random(3, 5, DType.Float32, 1);
        float before = result[1, 2];
        engine.Multiply(null, null, 0, (float*)result.View.Pointer, result.Stride, 3, 5, accumulate: true);
        Assert.Equal(before, result[1, 2]);
        engine.Multiply(null, null, 0, (float*)result.View.Pointer, result.Stride, 3, 5, accumulate: false);
        Assert.Equal(0, result[1, 2]);
        result.AssertPaddingUntouched();
    }

    /// <summary>Infinities and NaN in one row stay in that row, whatever is packed beside it.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void Multiply_NaNInOneRow_StaysThere(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        const int rows = 9, depth = 40, columns = 35;
        using var left = TestMatrix.Random(rows, depth, DType.Float32, 1);
        using var right = TestMatrix.Random(depth, columns, DType.Float32, 2);
        using var result = new TestMatrix(rows, columns);
        left[4, 7] = float.NaN;
        using var packedLeft = new AlignedMemory(engine.LeftBytes(rows, depth));
        using var packedRight = new AlignedMemory(engine.RightBytes(depth, columns));
        engine.PackLeft(left.View, false, packedLeft.Pointer);
        engine.PackRight(right.View, false, packedRight.Pointer);
        engine.Multiply(packedLeft.Pointer, packedRight.Pointer, depth, (float*)result.View.Pointer, result.Stride, rows, columns, accumulate: false);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                Assert.Equal(row == 4, float.IsNaN(result[row, column]));
            }
        }
    }
}
