using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>A loop of one multiply-add instruction on registers, with enough independent sums to keep every unit busy.</summary>
internal sealed unsafe class PeakLoop
{
    private const int Sums = 16;
    private const int PairLanes = 2;
    private const int ByteLanes = 4;
    private const int Lanes = 16;

    private readonly Action<long> _run;

    private PeakLoop(string instruction, long operationsPerTurn, Action<long> run)
    {
        Instruction = instruction;
        OperationsPerTurn = operationsPerTurn;
        _run = run;
    }

    /// <summary>What is measured.</summary>
    public string Instruction { get; }

    /// <summary>Multiplications and additions of one turn.</summary>
    public long OperationsPerTurn { get; }

    public void Run(long turns) => _run(turns);

    public static PeakLoop FusedMultiplyAdd() =>
        new("VFMADD231PS", 2 * Sums * Lanes, Assemble((a, sum) => a.vfmadd231ps(sum, zmm30, zmm31)));

    public static PeakLoop PairProducts() =>
        new("VDPBF16PS", 2 * PairLanes * Sums * Lanes, Assemble((a, sum) => a.vdpbf16ps(sum, zmm30, zmm31)));

    public static PeakLoop ByteProducts() =>
        new("VPDPBUSD", 2 * ByteLanes * Sums * Lanes, Assemble((a, sum) => a.vpdpbusd(sum, zmm30, zmm31)));

    public static PeakLoop TileProducts()
    {
        const int products = 4, rows = 16, columns = 16, depth = 32;
        var configuration = new AlignedMemory(64);
        AmxKernel.WriteConfiguration(32, new Span<byte>(configuration.Pointer, 64));
        var code = new ExecutableMemory(a =>
        {
            Label turn = a.CreateLabel();
            a.mov(rax, Avx512Kernel.Argument(nameof(KernelArguments.TileConfiguration)));
            a.ldtilecfg(__[rax]);
            a.mov(rcx, Avx512Kernel.Argument(nameof(KernelArguments.Steps)));
            foreach (AssemblerRegisterTMM tile in (AssemblerRegisterTMM[])[tmm0, tmm1, tmm2, tmm3, tmm4, tmm5, tmm6, tmm7])
            {
                a.tilezero(tile);
            }
            a.Label(ref turn);
            a.tdpbf16ps(tmm0, tmm4, tmm6);
            a.tdpbf16ps(tmm1, tmm4, tmm7);
            a.tdpbf16ps(tmm2, tmm5, tmm6);
            a.tdpbf16ps(tmm3, tmm5, tmm7);
            a.dec(rcx);
            a.jne(turn);
            a.tilerelease();
            a.ret();
        });
        return new PeakLoop("TDPBF16PS", 2L * products * rows * columns * depth, turns =>
        {
            KernelArguments arguments = new() { Steps = turns, TileConfiguration = configuration.Pointer };
            code.Invoke(&arguments);
        });
    }

    public static PeakLoop Portable() => Vector512.IsHardwareAccelerated
        ? new PeakLoop("Vector512.FusedMultiplyAdd", 2 * 8 * 16, turns => s_sink = Loop512(turns))
        : Vector256.IsHardwareAccelerated
            ? new PeakLoop("Vector256.FusedMultiplyAdd", 2 * 8 * 8, turns => s_sink = Loop256(turns))
            : new PeakLoop("Vector128.FusedMultiplyAdd", 2 * 8 * 4, turns => s_sink = Loop128(turns));

    // Keeps the portable loops from being optimised away.
    private static volatile float s_sink;

    private static Action<long> Assemble(Action<Assembler, AssemblerRegisterZMM> product)
    {
        AssemblerRegisterZMM[] sums = [zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15];
        var code = new ExecutableMemory(a =>
        {
            Label turn = a.CreateLabel();
            a.mov(rcx, Avx512Kernel.Argument(nameof(KernelArguments.Steps)));
            foreach (AssemblerRegisterZMM register in (AssemblerRegisterZMM[])[.. sums, zmm30, zmm31])
            {
                a.vpxord(register, register, register);
            }
            a.Label(ref turn);
            foreach (AssemblerRegisterZMM sum in sums)
            {
                product(a, sum);
            }
            a.dec(rcx);
            a.jne(turn);
            a.vzeroupper();
            a.ret();
        });
        return turns =>
        {
            KernelArguments arguments = new() { Steps = turns };
            code.Invoke(&arguments);
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop512(long turns)
    {
        Vector512<float> x = Vector512.Create(0.5f), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x;
        for (long i = 0; i < turns; i++)
        {
            a = Vector512.FusedMultiplyAdd(x, x, a);
            b = Vector512.FusedMultiplyAdd(x, x, b);
            c = Vector512.FusedMultiplyAdd(x, x, c);
            d = Vector512.FusedMultiplyAdd(x, x, d);
            e = Vector512.FusedMultiplyAdd(x, x, e);
            f = Vector512.FusedMultiplyAdd(x, x, f);
            g = Vector512.FusedMultiplyAdd(x, x, g);
            h = Vector512.FusedMultiplyAdd(x, x, h);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop256(long turns)
    {
        Vector256<float> x = Vector256.Create(0.5f), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x;
        for (long i = 0; i < turns; i++)
        {
            a = Vector256.FusedMultiplyAdd(x, x, a);
            b = Vector256.FusedMultiplyAdd(x, x, b);
            c = Vector256.FusedMultiplyAdd(x, x, c);
            d = Vector256.FusedMultiplyAdd(x, x, d);
            e = Vector256.FusedMultiplyAdd(x, x, e);
            f = Vector256.FusedMultiplyAdd(x, x, f);
            g = Vector256.FusedMultiplyAdd(x, x, g);
            h = Vector256.FusedMultiplyAdd(x, x, h);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop128(long turns)
    {
        Vector128<float> x = Vector128.Create(0.5f), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x;
        for (long i = 0; i < turns; i++)
        {
            a = Vector128.FusedMultiplyAdd(x, x, a);
            b = Vector128.FusedMultiplyAdd(x, x, b);
            c = Vector128.FusedMultiplyAdd(x, x, c);
            d = Vector128.FusedMultiplyAdd(x, x, d);
            e = Vector128.FusedMultiplyAdd(x, x, e);
            f = Vector128.FusedMultiplyAdd(x, x, f);
            g = Vector128.FusedMultiplyAdd(x, x, g);
            h = Vector128.FusedMultiplyAdd(x, x, h);
        }
        return Vector128.Sum(a + b + c + d + e + f + g + h);
    }
}
