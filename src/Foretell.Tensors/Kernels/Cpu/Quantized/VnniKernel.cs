using System.Runtime.InteropServices;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>
/// Assembles products of quantized weights for AVX-512 with VNNI: <c>rows</c> rows of x times the panels of one to four
/// streams, all sums in registers. A block's integer sums start at -zero · Σ x, so that unsigned levels times signed bytes
/// give the sums of the signed weights. See <see cref="QuantizedLayout"/> for the operands and
/// <see cref="Reference.ReferenceQuantized"/> for the arithmetic.
/// </summary>
internal sealed class VnniKernel
{
    /// <summary>How far ahead weights are asked for: memory answers after about as many bytes.</summary>
    private const int PrefetchBytes = 4096;

    /// <summary>old | (mask and bits), as VPTERNLOGD counts truth tables.</summary>
    private const byte OrMasked = 0xf8;

    private static readonly AssemblerRegisterZMM[] s_registers =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    private static readonly AssemblerRegister64[] s_cursors = [r8, r9, r10, r11];

    /// <summary>Where the streams' super-blocks start, whose half-precision scales all their units need.</summary>
    private static readonly AssemblerRegister64[] s_headers = [r12, r13, r14, r15];

    private readonly Assembler _a;
    private readonly DType _type;
    private readonly int _rows;
    private readonly int _streams;
    private readonly bool _prefetch;
    private readonly AssemblerRegisterZMM[] _levels;
    private readonly AssemblerRegisterZMM _factor;
    private readonly AssemblerRegisterZMM _other;
    private readonly AssemblerRegisterZMM _lowMask;
    private readonly AssemblerRegisterZMM _highMask;

    private VnniKernel(Assembler assembler, DType type, int rows, int streams, bool prefetch)
    {
        _a = assembler;
        _type = type;
        _rows = rows;
        _streams = streams;
        _prefetch = prefetch;
        int next = 2 * rows * streams;
        _levels = s_registers[next..(next + streams)];
        (_factor, _other, _lowMask, _highMask) = (s_registers[next + streams], s_registers[next + streams + 1], s_registers[30], s_registers[31]);
    }

    public static ExecutableMemory Assemble(DType type, int rows, int streams, bool prefetch) =>
        new(assembler => new VnniKernel(assembler, type, rows, streams, prefetch).Emit());

    private static AssemblerMemoryOperand Argument(string field) => __qword_ptr[rdi + (int)Marshal.OffsetOf<QuantizedArguments>(field)];

    private AssemblerRegisterZMM Sum(int stream, int row) => s_registers[stream * _rows + row];

    private AssemblerRegisterZMM Dot(int stream, int row) => s_registers[(_streams + stream) * _rows + row];

    private void Emit()
    {
        Label panel = _a.CreateLabel(), fromZero = _a.CreateLabel(), begin = _a.CreateLabel();
        Label group = _a.CreateLabel(), unit = _a.CreateLabel(), groupsDone = _a.CreateLabel(), store = _a.CreateLabel();
        int unitBlocks = QuantizedLayout.UnitBlocks(_type);
        int units = QuantizedLayout.GroupBlocks(_type) / unitBlocks;
        SetMask(_lowMask, 0x0f0f0f0f, _type != DType.Q8_0);
        SetMask(_highMask, 0x30303030, _type == DType.Q6_K);
        foreach (AssemblerRegister64 register in (AssemblerRegister64[])[r15, r14, r13, r12])
        {
            _a.push(register);
        }
        _a.mov(rsi, Argument(nameof(QuantizedArguments.X)));

        _a.Label(ref panel);
        _a.cmp(Argument(nameof(QuantizedArguments.Accumulate)), 0);
        _a.je(fromZero);
        ForEachSum((register, memory) => _a.vmovups(register, memory));
        _a.jmp(begin);
        _a.Label(ref fromZero);
        for (int i = 0; i < _streams * _rows; i++)
        {
            _a.vpxord(s_registers[i], s_registers[i], s_registers[i]);
        }
        _a.Label(ref begin);
        _a.mov(rax, rsi);
        _a.mov(s_cursors[0], Argument(nameof(QuantizedArguments.Weights)));
        for (int stream = 1; stream < _streams; stream++)
        {
            _a.mov(s_cursors[stream], s_cursors[stream - 1]);
            _a.add(s_cursors[stream], Argument(nameof(QuantizedArguments.StreamBytes)));
        }
        _a.mov(rcx, Argument(nameof(QuantizedArguments.Groups)));
        _a.test(rcx, rcx);
        _a.je(groupsDone);

        _a.Label(ref group);
        if (units > 1)
        {
            for (int stream = 0; stream < _streams; stream++)
            {
                _a.mov(s_headers[stream], s_cursors[stream]);
                _a.add(s_cursors[stream], QuantizedLayout.HeaderBytes(_type));
            }
            _a.mov(edx, units);
            _a.Label(ref unit);
        }
        for (int block = 0; block < unitBlocks; block++)
        {
            EmitPrefetch(block, unitBlocks);
            EmitBlock(block);
        }
        _a.add(rax, unitBlocks * _rows * QuantizedLayout.RowBlockBytes(_type));
        for (int stream = 0; stream < _streams; stream++)
        {
            _a.add(s_cursors[stream], QuantizedLayout.UnitBytes(_type));
        }
        if (units > 1)
        {
            _a.dec(edx);
            _a.jne(unit);
        }
        _a.dec(rcx);
        _a.jne(group);
        _a.Label(ref groupsDone);

        if (units == 1)
        {
            _a.cmp(Argument(nameof(QuantizedArguments.Tail)), 0);
            _a.je(store);
            EmitBlock(0);
            _a.Label(ref store);
        }
        ForEachSum((register, memory) => _a.vmovups(memory, register));
        _a.mov(rcx, Argument(nameof(QuantizedArguments.PanelStepBytes)));
        _a.add(Argument(nameof(QuantizedArguments.Weights)), rcx);
        _a.mov(rcx, Argument(nameof(QuantizedArguments.ResultStepBytes)));
        _a.add(Argument(nameof(QuantizedArguments.Result)), rcx);
        _a.dec(Argument(nameof(QuantizedArguments.Panels)));
        _a.jne(panel);
        foreach (AssemblerRegister64 register in s_headers)
        {
            _a.pop(register);
        }
        _a.vzeroupper();
        _a.ret();
    }

    private void SetMask(AssemblerRegisterZMM register, int bytes, bool needed)
    {
        if (needed)
        {
            _a.mov(eax, bytes);
            _a.vpbroadcastd(register, eax);
        }
    }

    /// <summary>Walks the result's vectors with rcx, r8 and r9, which the depth loop uses otherwise.</summary>
    private void ForEachSum(Action<AssemblerRegisterZMM, AssemblerMemoryOperand> emit)
    {
        _a.mov(rcx, Argument(nameof(QuantizedArguments.Result)));
        _a.mov(r8, Argument(nameof(QuantizedArguments.ResultRowBytes)));
        for (int stream = 0; stream < _streams; stream++)
        {
            _a.mov(r9, rcx);
            for (int row = 0; row < _rows; row++)
            {
                emit(Sum(stream, row), __zmmword_ptr[r9]);
                _a.add(r9, r8);
            }
            _a.add(rcx, Argument(nameof(QuantizedArguments.ResultStreamBytes)));
        }
    }

    private void EmitPrefetch(int block, int blocks)
    {
        if (!_prefetch)
        {
            return;
        }
        int lines = QuantizedLayout.UnitBytes(_type) / QuantizedLayout.VectorBytes;
        for (int stream = 0; stream < _streams; stream++)
        {
            for (int line = lines * block / blocks; line < lines * (block + 1) / blocks; line++)
            {
                _a.prefetcht0(__byte_ptr[s_cursors[stream] + (PrefetchBytes + line * QuantizedLayout.VectorBytes)]);
            }
        }
    }

    private void EmitBlock(int block)
    {
        int x = block * _rows * QuantizedLayout.RowBlockBytes(_type);
        int parts = QuantizedLayout.Parts(_type);
        (int scales, int starts) = QuantizedLayout.BlockOffsets(_rows);
        for (int part = 0; part < parts; part++)
        {
            for (int stream = 0; stream < _streams; stream++)
            {
                for (int row = 0; row < _rows; row++)
                {
                    AssemblerRegisterZMM dot = Dot(stream, row);
                    if (_type.ZeroLevel() == 0)
                    {
                        _a.vpxord(dot, dot, dot);
                    }
                    else
                    {
                        _a.vpbroadcastd(dot, __dword_ptr[rax + (x + starts + (part * _rows + row) * sizeof(int))]);
                    }
                }
            }
            int quads = QuantizedLayout.QuadsPerBlock / parts;
            for (int quad = part * quads; quad < (part + 1) * quads; quad++)
            {
                EmitQuad(block, quad, x);
            }
            for (int stream = 0; stream < _streams; stream++)
            {
                EmitScale(stream, block, part);
                for (int row = 0; row < _rows; row++)
                {
                    _a.vcvtdq2ps(Dot(stream, row), Dot(stream, row));
                    _a.vmulps(_other, _levels[stream], __dword_bcst[rax + (x + scales + row * sizeof(float))]);
                    _a.vfmadd231ps(Sum(stream, row), _other, Dot(stream, row));
                }
                if (_type.HasMinimum())
                {
                    EmitSmall(stream, QuantizedLayout.SmallMinima(block), QuantizedLayout.HalfMinima);
                    for (int row = 0; row < _rows; row++)
                    {
                        _a.vfnmadd231ps(Sum(stream, row), _levels[stream], __dword_bcst[rax + (x + starts + row * sizeof(float))]);
                    }
                }
            }
        }
    }

    /// <summary>Four neighbours along depth, of every row and stream.</summary>
    private void EmitQuad(int block, int quad, int x)
    {
        for (int stream = 0; stream < _streams; stream++)
        {
            EmitLevels(stream, block, quad);
        }
        for (int row = 0; row < _rows; row++)
        {
            int place = x + row * QuantizedLayout.BlockLength + quad * 4;
            if (_streams == 1)
            {
                _a.vpdpbusd(Dot(0, row), _levels[0], __dword_bcst[rax + place]);
                continue;
            }
            _a.vpbroadcastd(_factor, __dword_ptr[rax + place]);
            for (int stream = 0; stream < _streams; stream++)
            {
                _a.vpdpbusd(Dot(stream, row), _levels[stream], _factor);
            }
        }
    }

    private void EmitLevels(int stream, int block, int quad)
    {
        AssemblerRegisterZMM levels = _levels[stream];
        (int offset, int shift) = QuantizedLayout.Vector(_type, block, quad);
        AssemblerMemoryOperand memory = __zmmword_ptr[s_cursors[stream] + (offset - QuantizedLayout.HeaderBytes(_type))];
        if (_type == DType.Q8_0)
        {
            _a.vmovdqu64(levels, memory);
            return;
        }
        if (_type == DType.Q6_K)
        {
            EmitHighBits(stream, block, quad);
            if (shift == 0)
            {
                _a.vpternlogd(levels, _lowMask, memory, OrMasked);
            }
            else
            {
                _a.vpsrld(_other, memory, (byte)shift);
                _a.vpternlogd(levels, _lowMask, _other, OrMasked);
            }
            return;
        }
        if (shift == 0)
        {
            _a.vpandd(levels, _lowMask, memory);
        }
        else
        {
            _a.vpsrld(levels, memory, (byte)shift);
            _a.vpandd(levels, levels, _lowMask);
        }
    }

    /// <summary>Brings the two bits to bits 4 and 5 of each byte.</summary>
    private void EmitHighBits(int stream, int block, int quad)
    {
        const int place = 4;
        AssemblerRegisterZMM levels = _levels[stream];
        (int offset, int shift) = QuantizedLayout.HighVector(block, quad);
        AssemblerMemoryOperand memory = __zmmword_ptr[s_cursors[stream] + (offset - QuantizedLayout.HeaderBytes(_type))];
        switch (shift - place)
        {
            case 0:
                _a.vpandd(levels, _highMask, memory);
                return;
            case < 0:
                _a.vpslld(levels, memory, (byte)(place - shift));
                break;
            default:
                _a.vpsrld(levels, memory, (byte)(shift - place));
                break;
        }
        _a.vpandd(levels, levels, _highMask);
    }

    /// <summary>The scales of a stream's 16 outputs into its register of levels, which are done with.</summary>
    private void EmitScale(int stream, int block, int part)
    {
        if (QuantizedLayout.GroupBlocks(_type) == 2)
        {
            _a.vcvtph2ps(_levels[stream], __ymmword_ptr[s_cursors[stream] + block * QuantizedLayout.HalfScaleBytes]);
        }
        else
        {
            EmitSmall(stream, QuantizedLayout.SmallScales(_type, block, part), 0);
        }
    }

    /// <summary>Small integers times halves, exact in single precision.</summary>
    private void EmitSmall(int stream, int small, int half)
    {
        AssemblerRegisterZMM register = _levels[stream];
        AssemblerMemoryOperand bytes = __xmmword_ptr[s_cursors[stream] + (small - QuantizedLayout.HeaderBytes(_type))];
        if (_type == DType.Q6_K)
        {
            _a.vpmovsxbd(register, bytes);
        }
        else
        {
            _a.vpmovzxbd(register, bytes);
        }
        _a.vcvtdq2ps(register, register);
        _a.vcvtph2ps(_other, __ymmword_ptr[s_headers[stream] + half]);
        _a.vmulps(register, register, _other);
    }
}
