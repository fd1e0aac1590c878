using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Iced.Intel;

namespace Foretell.Tensors.Tests.Matrix;

/// <summary>The tile kernels beyond what the table of products shows: which instructions ran, and that the interpreter would notice.</summary>
public unsafe class AmxKernelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(32)]
    public void Configuration_OfRows_FitsTheTileProducts(int rows)
    {
        var configuration = new byte[64];
        AmxKernel.WriteConfiguration(rows, configuration);
        Assert.Equal(1, configuration[0]);
        for (int tile = 0; tile < 8; tile++)
        {
            Assert.Equal(64, configuration[16 + 2 * tile]);
            Assert.InRange(configuration[48 + tile], 1, 16);
        }
        Assert.Equal(rows, rows > 16 ? configuration[48] + configuration[50] : configuration[48]);
    }

    [Fact]
    public void Multiply_ManyRows_LoadsTheStreamedOperandPastTheFirstCache()
    {
        InterpretedAmxEngine engine = Engine();
        Multiply(engine, rows: 64, depth: 320, columns: 64);
        // Two row panels, two column panels, ten steps, four products each, for two tiles of either side.
        Assert.Equal(2 * 2 * 10 * 4, engine.Executed[Mnemonic.Tdpbf16ps]);
        Assert.Equal(2 * 2 * 10 * 2, engine.Executed[Mnemonic.Tileloaddt1]);
        Assert.Equal(2 * 2 * 10 * 2, engine.Executed[Mnemonic.Tileloadd]);
        Assert.Equal(2 * 2 * 4, engine.Executed[Mnemonic.Tilestored]);
        Assert.Equal(engine.Executed[Mnemonic.Ldtilecfg], engine.Executed[Mnemonic.Tilerelease]);
        // One call a row panel, whatever the number of column panels.
        Assert.Equal(2, engine.Executed[Mnemonic.Ldtilecfg]);
    }

    [Fact]
    public void Multiply_FewRows_ReadsEachRightTileOnce()
    {
        InterpretedAmxEngine engine = Engine();
        Multiply(engine, rows: 5, depth: 64, columns: 7 * 32);
        Assert.Equal(7 * 2 * 2, engine.Executed[Mnemonic.Tdpbf16ps]);
        Assert.Equal(2, engine.Executed[Mnemonic.Ldtilecfg]);
    }

    [Fact]
    public void Multiply_NativeAndInterpreted_Agree()
    {
        Assert.SkipUnless(CpuFeatures.Amx, "this machine lacks AMX (tiles, bfloat16) and permission to use it");
        using var left = TestMatrix.Random(45, 500, DType.BFloat16, 1);
        using var right = TestMatrix.Random(500, 260, DType.BFloat16, 2);
        using var native = new TestMatrix(45, 260);
        using var interpreted = new TestMatrix(45, 260);
        using var pool = new WorkerPool(1);
        new MatrixProduct(new AmxEngine(), pool).Multiply(left.View, false, right.View, false, native.View);
        new MatrixProduct(new InterpretedAmxEngine(), pool).Multiply(left.View, false, right.View, false, interpreted.View);
        for (int row = 0; row < 45; row++)
        {
            for (int column = 0; column < 260; column++)
            {
                // Sums of 500 products of numbers below 1: the order of summation shows at 1e-6, a wrong operand at 1e-1.
                // That the hardware rounds as the manual's pseudo-code does has not been seen yet; nothing relies on it.
                Assert.Equal(interpreted[row, column], native[row, column], 2e-5);
            }
        }
    }

    [Fact]
    public void Run_OneStepBeyondTheOperands_IsCaught()
    {
        Assert.SkipUnless(CpuFeatures.CanAssemble, "this machine lacks Linux on x64");
        using var memory = new AlignedMemory(1 << 16);
        var interpreter = new TileInterpreter();
        var arguments = (KernelArguments*)(memory.Pointer + 8192);
        *arguments = new KernelArguments
        {
            Left = memory.Pointer,
            Right = memory.Pointer,
            Result = (float*)memory.Pointer,
            ResultRowBytes = 128,
            Steps = 3,
            Panels = 1,
            TileConfiguration = memory.Pointer + 4096,
        };
        AmxKernel.WriteConfiguration(32, new Span<byte>(memory.Pointer + 4096, 64));
        interpreter.Allow(arguments, sizeof(KernelArguments), writable: true, "the arguments");
        interpreter.Allow(memory.Pointer + 4096, 64, writable: false, "the configuration");
        interpreter.Allow(memory.Pointer, 2 * TilePanels.StepBytes, writable: false, "two steps");
        var failure = Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => interpreter.Run(AmxKernel.TwoRowTiles().Code, arguments));
        Assert.Contains("outside", failure.Message, StringComparison.Ordinal);
    }

    private static InterpretedAmxEngine Engine()
    {
        Assert.SkipUnless(CpuFeatures.CanAssemble, "this machine lacks Linux on x64");
        return new InterpretedAmxEngine();
    }

    private static void Multiply(MatrixEngine engine, int rows, int depth, int columns)
    {
        using var pool = new WorkerPool(1);
        using var left = TestMatrix.Random(rows, depth, DType.BFloat16, 1);
        using var right = TestMatrix.Random(depth, columns, DType.BFloat16, 2);
        using var result = new TestMatrix(rows, columns);
        new MatrixProduct(engine, pool).Multiply(left.View, false, right.View, false, result.View);
    }
}
