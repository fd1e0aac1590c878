using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// Assembles the AVX-512 kernels: <c>rows</c> rows of a left panel times the panels of one or several streams, all sums held
/// in registers over the whole depth. Each element's sum is taken in depth order; lanes are columns.
/// </summary>
/// <param name="bfloat16">Pairs of bfloat16 (VDPBF16PS) in the layout of <see cref="TilePanels"/>, else singles in that of <see cref="FloatPanels"/>.</param>
/// <param name="rows">Rows of the left panel.</param>
/// <param name="streams">Right panels read at once, far apart; several also prefetch, since only memory-bound products use them.</param>
internal sealed class Avx512Kernel(bool bfloat16, int rows, int streams)
{
    /// <summary>Rows of a left panel of singles.</summary>
    public const int FloatPanelRows = 8;

    private const int PrefetchBytes = 2048;
    private const int VectorBytes = 64;
    private const int VectorsPerPanel = 2;

    private static readonly AssemblerRegisterZMM[] s_registers =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    private static readonly AssemblerRegister64[] s_streamCursors = [r8, r9, r10, r11];

    private readonly int _sums = rows * streams * VectorsPerPanel;

    public static ExecutableMemory Assemble(bool bfloat16, int rows, int streams) =>
        new(new Avx512Kernel(bfloat16, rows, streams).Emit);

    /// <summary>The byte offset of a field of <see cref="KernelArguments"/>, through rdi.</summary>
    public static AssemblerMemoryOperand Argument(string field) => __qword_ptr[rdi + (int)Marshal.OffsetOf<KernelArguments>(field)];

    private void Emit(Assembler a)
    {
        Label panel = a.CreateLabel(), fromZero = a.CreateLabel(), begin = a.CreateLabel();
        a.mov(rsi, Argument(nameof(KernelArguments.Left)));
        a.mov(rdx, Argument(nameof(KernelArguments.Right)));
        a.Label(ref panel);
        a.cmp(Argument(nameof(KernelArguments.Accumulate)), 0);
        a.je(fromZero);
        ForEachSum(a, (register, memory) => a.vmovups(register, memory));
        a.jmp(begin);
        a.Label(ref fromZero);
        for (int i = 0; i < _sums; i++)
        {
            a.vpxord(s_registers[i], s_registers[i], s_registers[i]);
        }
        a.Label(ref begin);
        FetchNextResult(a);
        a.mov(rax, rsi);
        a.mov(s_streamCursors[0], rdx);
        for (int stream = 1; stream < streams; stream++)
        {
            a.mov(s_streamCursors[stream], s_streamCursors[stream - 1]);
            a.add(s_streamCursors[stream], Argument(nameof(KernelArguments.RightStreamBytes)));
        }
        a.mov(rcx, Argument(nameof(KernelArguments.Steps)));
        EmitDepth(a);
        ForEachSum(a, (register, memory) => a.vmovups(memory, register));
        a.add(rdx, Argument(nameof(KernelArguments.RightPanelBytes)));
        a.add(Argument(nameof(KernelArguments.Result)), VectorsPerPanel * VectorBytes);
        a.dec(Argument(nameof(KernelArguments.Panels)));
        a.jne(panel);
        a.vzeroupper();
        a.ret();
    }

    /// <summary>Walks the result's vectors with rcx, r8 and r9, which the depth loop uses otherwise.</summary>
    private void ForEachSum(Assembler a, Action<AssemblerRegisterZMM, AssemblerMemoryOperand> emit)
    {
        a.mov(rcx, Argument(nameof(KernelArguments.Result)));
        a.mov(r8, Argument(nameof(KernelArguments.ResultRowBytes)));
        for (int stream = 0; stream < streams; stream++)
        {
            a.mov(r9, rcx);
            for (int row = 0; row < rows; row++)
            {
                for (int half = 0; half < VectorsPerPanel; half++)
                {
                    emit(Sum(stream, row, half), __zmmword_ptr[r9 + half * VectorBytes]);
                }
                if (row + 1 < rows)
                {
                    a.add(r9, r8);
                }
            }
            if (stream + 1 < streams)
            {
                a.add(rcx, Argument(nameof(KernelArguments.ResultStreamBytes)));
            }
        }
    }

    /// <summary>Asks for the lines that the next panel's sums go to, so that they are here when it ends.</summary>
    private void FetchNextResult(Assembler a)
    {
        if (streams > 1)
        {
            return;
        }
        a.mov(r9, Argument(nameof(KernelArguments.Result)));
        for (int row = 0; row < rows; row++)
        {
            for (int half = 0; half < VectorsPerPanel; half++)
            {
                a.prefetchw(__byte_ptr[r9 + (VectorsPerPanel + half) * VectorBytes]);
            }
            a.add(r9, Argument(nameof(KernelArguments.ResultRowBytes)));
        }
    }

    private void EmitDepth(Assembler a)
    {
        if (bfloat16)
        {
            Label step = a.CreateLabel();
            a.Label(ref step);
            for (int pair = 0; pair < TilePanels.DepthStep / 2; pair++)
            {
                EmitProducts(a, row => row * 64 + pair * 4, half => half * 1024 + pair * 64);
            }
            Advance(a, TilePanels.StepBytes, TilePanels.StepBytes);
            a.dec(rcx);
            a.jne(step);
            return;
        }
        const int unrolled = 8;
        const int leftBytes = FloatPanelRows * sizeof(float);
        const int rightBytes = MatrixEngine.ColumnPanel * sizeof(float);
        Label many = a.CreateLabel(), few = a.CreateLabel(), one = a.CreateLabel(), done = a.CreateLabel();
        a.sub(rcx, unrolled);
        a.jl(few);
        a.Label(ref many);
        for (int i = 0; i < unrolled; i++)
        {
            EmitProducts(a, row => i * leftBytes + row * 4, half => i * rightBytes + half * VectorBytes);
        }
        Advance(a, unrolled * leftBytes, unrolled * rightBytes);
        a.sub(rcx, unrolled);
        a.jge(many);
        a.Label(ref few);
        a.add(rcx, unrolled);
        a.je(done);
        a.Label(ref one);
        EmitProducts(a, row => row * 4, half => half * VectorBytes);
        Advance(a, leftBytes, rightBytes);
        a.dec(rcx);
        a.jne(one);
        a.Label(ref done);
    }

    /// <summary>One depth index (or pair of them) of every row and stream.</summary>
    private void EmitProducts(Assembler a, Func<int, int> leftOffset, Func<int, int> rightOffset)
    {
        AssemblerRegisterZMM[] left = s_registers[_sums..^VectorsPerPanel];
        AssemblerRegisterZMM[] right = s_registers[^VectorsPerPanel..];
        if (streams > 1)
        {
            for (int row = 0; row < rows; row++)
            {
                a.vbroadcastss(left[row], __dword_ptr[rax + leftOffset(row)]);
            }
        }
        for (int stream = 0; stream < streams; stream++)
        {
            for (int half = 0; half < VectorsPerPanel; half++)
            {
                if (streams > 1)
                {
                    a.prefetcht1(__byte_ptr[s_streamCursors[stream] + (rightOffset(half) + PrefetchBytes)]);
                }
                a.vmovups(right[half], __zmmword_ptr[s_streamCursors[stream] + rightOffset(half)]);
            }
            for (int row = 0; row < rows; row++)
            {
                AssemblerRegisterZMM factor = left[streams > 1 ? row : row % left.Length];
                if (streams == 1)
                {
                    a.vbroadcastss(factor, __dword_ptr[rax + leftOffset(row)]);
                }
                for (int half = 0; half < VectorsPerPanel; half++)
                {
                    if (bfloat16)
                    {
                        a.vdpbf16ps(Sum(stream, row, half), factor, right[half]);
                    }
                    else
                    {
                        a.vfmadd231ps(Sum(stream, row, half), factor, right[half]);
                    }
                }
            }
        }
    }

    private void Advance(Assembler a, int leftBytes, int rightBytes)
    {
        a.add(rax, leftBytes);
        for (int stream = 0; stream < streams; stream++)
        {
            a.add(s_streamCursors[stream], rightBytes);
        }
    }

    private AssemblerRegisterZMM Sum(int stream, int row, int half) => s_registers[(stream * rows + row) * VectorsPerPanel + half];
}
