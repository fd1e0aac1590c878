using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Tests.Matrix;

public unsafe class MatrixProductTests
{
    private static readonly int[] s_sizes = [0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 100];

    public static TheoryData<string> Engines => TestEngines.Names;

    /// <summary>How the product is asked for.</summary>
    public enum Form
    {
        Plain,
        Accumulate,
        Bias,
        NarrowWithBias,
        OneShot,
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Multiply_OddSizes_EqualsPlainLoops(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        using var pool = new WorkerPool(2);
        int seed = 1;
        for (int i = 0; i < s_sizes.Length; i++)
        {
            for (int j = 0; j < s_sizes.Length; j++)
            {
                // Every pair of rows and columns; depths, types, orders and forms rotate through the pairs.
                int depth = s_sizes[(i * 3 + j * 5 + 1) % s_sizes.Length];
                DType leftType = seed % 2 == 0 ? DType.Float32 : DType.BFloat16;
                DType rightType = seed / 2 % 2 == 0 ? DType.Float32 : DType.BFloat16;
                Check(engine, pool, s_sizes[i], depth, s_sizes[j], leftType, seed / 4 % 2 == 0, rightType, seed / 8 % 2 == 0, (Form)(seed % 5), seed);
                seed++;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Multiply_EveryTypeOrderAndForm_EqualsPlainLoops(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        using var pool = new WorkerPool(2);
        foreach (Form form in Enum.GetValues<Form>())
        {
            for (int variant = 0; variant < 16; variant++)
            {
                Check(engine, pool, 37, 70, 45, (variant & 1) == 0 ? DType.Float32 : DType.BFloat16, (variant & 2) != 0,
                    (variant & 4) == 0 ? DType.Float32 : DType.BFloat16, (variant & 8) != 0, form, variant + 1);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Multiply_BeyondOneBlock_EqualsPlainLoops(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        using var pool = new WorkerPool(2);
        Check(engine, pool, 70, 1700, 71, DType.Float32, false, DType.Float32, false, Form.Plain, 1);
        Check(engine, pool, 70, 1700, 71, DType.BFloat16, true, DType.BFloat16, false, Form.NarrowWithBias, 2);
        Check(engine, pool, 3, 1700, 1300, DType.BFloat16, false, DType.BFloat16, true, Form.Accumulate, 3);
        Check(engine, pool, 1100, 40, 900, DType.Float32, false, DType.Float32, true, Form.Bias, 4);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Multiply_ByThreadsAndRowsAround_GivesTheSameBits(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        const int rows = 77, depth = 1100, columns = 333;
        using var left = TestMatrix.Random(rows, depth, DType.Float32, 5);
        using var right = TestMatrix.Random(depth, columns, DType.Float32, 6);
        using var whole = new TestMatrix(rows, columns);
        using (var one = new WorkerPool(1))
        {
            var product = new MatrixProduct(engine, one);
            using PackedRight packed = product.Pack(right.View, false);
            product.Multiply(left.View, false, packed, whole.View);
        }
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using var pool = new WorkerPool(threads);
            var product = new MatrixProduct(engine, pool);
            using PackedRight packed = product.Pack(right.View, false);
            foreach (int some in new[] { 1, 2, 3, 4, 5, 7, 9, 16, 18, 32, 40, rows })
            {
                int first = (some * 13 + threads) % (rows - some + 1);
                using var part = new TestMatrix(some, columns);
                product.Multiply(left.View.Slice(first, some, 0, depth), false, packed, part.View);
                for (int row = 0; row < some; row++)
                {
                    for (int column = 0; column < columns; column++)
                    {
                        if (Bits(whole[first + row, column]) != Bits(part[row, column]))
                        {
                            Assert.Fail($"{threads} threads, {some} rows: [{first + row}, {column}] is {part[row, column]:R}, not {whole[first + row, column]:R}");
                        }
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Multiply_DepthInTwoParts_GivesTheSameBits(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        using var pool = new WorkerPool(1);
        var product = new MatrixProduct(engine, pool);
        const int depth = 200, columns = 50;
        foreach (int rows in new[] { 1, 3, 20, 41 })
        {
            using var left = TestMatrix.Random(rows, depth, DType.BFloat16, 5);
            using var right = TestMatrix.Random(depth, columns, DType.BFloat16, 6);
            using var whole = new TestMatrix(rows, columns);
            using var parts = new TestMatrix(rows, columns);
            product.Multiply(left.View, false, right.View, false, whole.View);
            int cut = 3 * 32;
            product.Multiply(left.View.Slice(0, rows, 0, cut), false, right.View.Slice(0, cut, 0, columns), false, parts.View);
            product.Multiply(left.View.Slice(0, rows, cut, depth - cut), false, right.View.Slice(cut, depth - cut, 0, columns), false, parts.View, accumulate: true);
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    Assert.Equal(Bits(whole[row, column]), Bits(parts[row, column]));
                }
            }
        }
    }

    [Fact]
    public void Multiply_ShapesThatDoNotFit_NamesThem()
    {
        using var pool = new WorkerPool(1);
        var product = new MatrixProduct(new PortableEngine(DType.Float32), pool);
        using var left = new TestMatrix(3, 4);
        using var right = new TestMatrix(5, 6);
        using var result = new TestMatrix(3, 6);
        string message = Assert.Throws<ArgumentException>(() => product.Multiply(left.View, false, right.View, false, result.View)).Message;
        Assert.Contains("[3, 4]", message, StringComparison.Ordinal);
        Assert.Contains("[5, 6]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Multiply_AccumulateIntoBFloat16_IsRefused()
    {
        using var pool = new WorkerPool(1);
        var product = new MatrixProduct(new PortableEngine(DType.Float32), pool);
        using var left = new TestMatrix(3, 4);
        using var right = new TestMatrix(4, 6);
        using var result = new TestMatrix(3, 6, DType.BFloat16);
        Assert.Throws<ArgumentException>(() => product.Multiply(left.View, false, right.View, false, result.View, accumulate: true));
    }

    private static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    private static void Check(MatrixEngine engine, WorkerPool pool, int rows, int depth, int columns, DType leftType, bool leftTransposed,
        DType rightType, bool rightTransposed, Form form, int seed)
    {
        using var left = TestMatrix.Random(leftTransposed ? depth : rows, leftTransposed ? rows : depth, leftType, seed);
        using var right = TestMatrix.Random(rightTransposed ? columns : depth, rightTransposed ? depth : columns, rightType, seed + 1000);
        using var bias = TestMatrix.Random(1, columns, DType.Float32, seed + 2000);
        using var result = TestMatrix.Random(rows, columns, form == Form.NarrowWithBias ? DType.BFloat16 : DType.Float32, seed + 3000, padding: seed % 4 * 16 + 1);
        var expected = new PlainProduct(engine, left, leftTransposed, right, rightTransposed,
            form == Form.Accumulate ? result : null, form is Form.Bias or Form.NarrowWithBias ? bias : null);

        var product = new MatrixProduct(engine, pool);
        float* biasPointer = form is Form.Bias or Form.NarrowWithBias ? (float*)bias.View.Pointer : null;
        if (form == Form.OneShot)
        {
            product.Multiply(left.View, leftTransposed, right.View, rightTransposed, result.View);
        }
        else
        {
            using PackedRight packed = product.Pack(right.View, rightTransposed);
            product.Multiply(left.View, leftTransposed, packed, result.View, form == Form.Accumulate, biasPointer);
        }
        string what = $"{engine.Name}: [{rows}, {depth}] x [{depth}, {columns}], {leftType}{(leftTransposed ? " transposed" : "")} x {rightType}{(rightTransposed ? " transposed" : "")}, {form}";
        expected.AssertEqual(result, what);
        result.AssertPaddingUntouched();
    }
}
