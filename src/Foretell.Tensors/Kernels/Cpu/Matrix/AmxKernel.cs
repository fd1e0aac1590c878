using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// Assembles the AMX kernels over the layout of <see cref="TilePanels"/>. Each call configures the tiles and releases them at
/// its end, since live tile state makes a later fault in managed code fatal.
/// </summary>
internal static class AmxKernel
{
    /// <summary>Panels that the few-row kernel reads at once.</summary>
    public const int MostStreams = 3;

    private const int TileBytes = 1024;
    private const int TileRowBytes = 64;
    private const int Unrolled = 8;
    private const int PrefetchBytes = 4096;

    /// <summary>
    /// Rows 17 to 32: two by two result tiles. Left tiles are reused by every panel and stay in the first-level cache, so
    /// the right tiles are loaded past it (TILELOADDT1). The result's lines are fetched for writing during the first steps.
    /// </summary>
    public static ExecutableMemory TwoRowTiles() => new(a =>
    {
        Label panel = a.CreateLabel(), fromZero = a.CreateLabel(), begin = a.CreateLabel();
        Label many = a.CreateLabel(), few = a.CreateLabel(), one = a.CreateLabel(), done = a.CreateLabel();
        Start(a);
        a.mov(r11, Avx512Kernel.Argument(nameof(KernelArguments.ResultRowBytes)));

        a.Label(ref panel);
        a.cmp(Avx512Kernel.Argument(nameof(KernelArguments.Accumulate)), 0);
        a.je(fromZero);
        a.mov(r9, r11);
        a.shl(r9, 4);
        a.add(r9, rcx);
        a.tileloadd(tmm0, __[rcx + r11]);
        a.tileloadd(tmm1, __[rcx + r11 + TileRowBytes]);
        a.tileloadd(tmm2, __[r9 + r11]);
        a.tileloadd(tmm3, __[r9 + r11 + TileRowBytes]);
        a.jmp(begin);
        a.Label(ref fromZero);
        a.tilezero(tmm0);
        a.tilezero(tmm1);
        a.tilezero(tmm2);
        a.tilezero(tmm3);
        a.Label(ref begin);

        a.mov(r9, rsi);
        a.mov(r10, rdx);
        a.mov(rax, Avx512Kernel.Argument(nameof(KernelArguments.Steps)));
        a.mov(rbx, rcx);
        a.sub(rax, Unrolled);
        a.jl(few);
        EmitSteps(fetchResult: true);
        a.sub(rax, Unrolled);
        a.jl(few);
        a.Label(ref many);
        EmitSteps(fetchResult: false);
        a.sub(rax, Unrolled);
        a.jge(many);
        a.Label(ref few);
        a.add(rax, Unrolled);
        a.je(done);
        a.Label(ref one);
        EmitStep(0, fetchResult: false);
        a.add(r9, TilePanels.StepBytes);
        a.add(r10, TilePanels.StepBytes);
        a.dec(rax);
        a.jne(one);
        a.Label(ref done);

        a.mov(r9, r11);
        a.shl(r9, 4);
        a.add(r9, rcx);
        a.tilestored(__[rcx + r11], tmm0);
        a.tilestored(__[rcx + r11 + TileRowBytes], tmm1);
        a.tilestored(__[r9 + r11], tmm2);
        a.tilestored(__[r9 + r11 + TileRowBytes], tmm3);
        End(a, panel);

        void EmitSteps(bool fetchResult)
        {
            for (int step = 0; step < Unrolled; step++)
            {
                EmitStep(step, fetchResult);
            }
            a.add(r9, Unrolled * TilePanels.StepBytes);
            a.add(r10, Unrolled * TilePanels.StepBytes);
        }

        void EmitStep(int step, bool fetchResult)
        {
            int offset = step * TilePanels.StepBytes;
            a.tileloaddt1(tmm6, __[r10 + r8 + offset]);
            a.tileloadd(tmm4, __[r9 + r8 + offset]);
            Fetch();
            a.tileloaddt1(tmm7, __[r10 + r8 + (offset + TileBytes)]);
            a.tdpbf16ps(tmm0, tmm4, tmm6);
            Fetch();
            a.tileloadd(tmm5, __[r9 + r8 + (offset + TileBytes)]);
            a.tdpbf16ps(tmm1, tmm4, tmm7);
            Fetch();
            a.tdpbf16ps(tmm2, tmm5, tmm6);
            Fetch();
            a.tdpbf16ps(tmm3, tmm5, tmm7);

            // A row's two lines; 8 steps of 4 reach all 32 rows.
            void Fetch()
            {
                if (fetchResult)
                {
                    a.prefetchw(__byte_ptr[rbx]);
                    a.prefetchw(__byte_ptr[rbx + TileRowBytes]);
                    a.add(rbx, r11);
                }
            }
        }
    });

    /// <summary>
    /// Rows 1 to 16: one left tile times the panels of one or several far-apart streams. Products of so few rows wait for
    /// memory, so several streams also prefetch.
    /// </summary>
    public static ExecutableMemory OneRowTile(int streams) => new(a =>
    {
        AssemblerRegisterTMM[] sums = [tmm0, tmm1, tmm2, tmm3, tmm4, tmm5];
        AssemblerRegister64[] cursors = [r10, rbx, r12];
        Label panel = a.CreateLabel(), fromZero = a.CreateLabel(), begin = a.CreateLabel(), step = a.CreateLabel();
        Start(a);

        a.Label(ref panel);
        a.cmp(Avx512Kernel.Argument(nameof(KernelArguments.Accumulate)), 0);
        a.je(fromZero);
        ForEachSum((sum, memory) => a.tileloadd(sum, memory));
        a.jmp(begin);
        a.Label(ref fromZero);
        for (int i = 0; i < 2 * streams; i++)
        {
            a.tilezero(sums[i]);
        }
        a.Label(ref begin);

        a.mov(r9, rsi);
        a.mov(cursors[0], rdx);
        for (int stream = 1; stream < streams; stream++)
        {
            a.mov(cursors[stream], cursors[stream - 1]);
            a.add(cursors[stream], Avx512Kernel.Argument(nameof(KernelArguments.RightStreamBytes)));
        }
        a.mov(rax, Avx512Kernel.Argument(nameof(KernelArguments.Steps)));
        a.Label(ref step);
        a.tileloadd(tmm7, __[r9 + r8]);
        for (int stream = 0; stream < streams; stream++)
        {
            for (int half = 0; half < 2; half++)
            {
                for (int line = 0; line < TileBytes && streams > 1; line += TileRowBytes)
                {
                    a.prefetcht0(__byte_ptr[cursors[stream] + (PrefetchBytes + half * TileBytes + line)]);
                }
                a.tileloadd(tmm6, __[cursors[stream] + r8 + half * TileBytes]);
                a.tdpbf16ps(sums[2 * stream + half], tmm7, tmm6);
            }
        }
        a.add(r9, TilePanels.StepBytes);
        for (int stream = 0; stream < streams; stream++)
        {
            a.add(cursors[stream], TilePanels.StepBytes);
        }
        a.dec(rax);
        a.jne(step);

        ForEachSum((sum, memory) => a.tilestored(memory, sum));
        End(a, panel);

        void ForEachSum(Action<AssemblerRegisterTMM, AssemblerMemoryOperand> emit)
        {
            a.mov(r11, Avx512Kernel.Argument(nameof(KernelArguments.ResultRowBytes)));
            a.mov(r9, rcx);
            for (int stream = 0; stream < streams; stream++)
            {
                emit(sums[2 * stream], __[r9 + r11]);
                emit(sums[2 * stream + 1], __[r9 + r11 + TileRowBytes]);
                a.add(r9, Avx512Kernel.Argument(nameof(KernelArguments.ResultStreamBytes)));
            }
        }
    });

    /// <summary>The tile shapes for a left panel of <paramref name="rows"/> rows, as LDTILECFG reads them: 64 bytes.</summary>
    public static void WriteConfiguration(int rows, Span<byte> configuration)
    {
        const int firstRowBytes = 16, firstRows = 48, fullTile = 16;
        configuration.Clear();
        configuration[0] = 1;
        ReadOnlySpan<int> tileRows = rows > fullTile
            ? [fullTile, fullTile, rows - fullTile, rows - fullTile, fullTile, rows - fullTile, fullTile, fullTile]
            : [rows, rows, rows, rows, rows, rows, fullTile, rows];
        for (int tile = 0; tile < tileRows.Length; tile++)
        {
            configuration[firstRowBytes + 2 * tile] = TileRowBytes;
            configuration[firstRows + tile] = (byte)tileRows[tile];
        }
    }

    /// <summary>rsi: left, rdx: right, rcx: result, r8: bytes between the rows of a packed tile.</summary>
    private static void Start(Assembler a)
    {
        a.push(rbx);
        a.push(r12);
        a.mov(rax, Avx512Kernel.Argument(nameof(KernelArguments.TileConfiguration)));
        a.ldtilecfg(__[rax]);
        a.mov(rsi, Avx512Kernel.Argument(nameof(KernelArguments.Left)));
        a.mov(rdx, Avx512Kernel.Argument(nameof(KernelArguments.Right)));
        a.mov(rcx, Avx512Kernel.Argument(nameof(KernelArguments.Result)));
        a.mov(r8d, TileRowBytes);
    }

    private static void End(Assembler a, Label panel)
    {
        a.add(rdx, Avx512Kernel.Argument(nameof(KernelArguments.RightPanelBytes)));
        a.add(rcx, MatrixEngine.ColumnPanel * sizeof(float));
        a.dec(Avx512Kernel.Argument(nameof(KernelArguments.Panels)));
        a.jne(panel);
        a.tilerelease();
        a.pop(r12);
        a.pop(rbx);
        a.ret();
    }
}
