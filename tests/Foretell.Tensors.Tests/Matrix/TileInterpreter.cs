using System.Buffers.Binary;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Iced.Intel;

namespace Foretell.Tensors.Tests.Matrix;

/// <summary>
/// Executes assembled tile kernels without a machine that has them: the instructions that they use, decoded from the emitted
/// bytes, on real memory. Every access must lie in a region that the test has declared, of the right kind, and every tile
/// must be configured. Follows the Intel manual (TDPBF16PS: sums of the even and of the odd products by fused
/// multiply-adds, then their sum, then the destination; round to nearest even, subnormals taken and given as zero).
/// </summary>
internal sealed unsafe class TileInterpreter
{
    private const int TileCount = 8;
    private const int MostRows = 16;
    private const int RowBytes = 64;
    private const long MostInstructions = 50_000_000;

    private readonly List<(nint Start, nint End, bool Writable, string Name)> _regions = [];
    private readonly Dictionary<byte[], Dictionary<ulong, Instruction>> _programs = new(ReferenceEqualityComparer.Instance);
    private readonly long[] _registers = new long[16];
    private readonly byte[][,] _tiles = new byte[TileCount][,];
    private readonly int[] _tileRows = new int[TileCount];
    private readonly int[] _tileBytes = new int[TileCount];
    private readonly Stack<long> _stack = new();
    private bool _configured;
    private long _compared;

    /// <summary>Instructions executed so far, by name.</summary>
    public Dictionary<Mnemonic, long> Executed { get; } = [];

    /// <summary>Declares memory that the code may read, and write where <paramref name="writable"/>.</summary>
    public void Allow(void* start, long bytes, bool writable, string name) =>
        _regions.Add(((nint)start, (nint)start + (nint)bytes, writable, name));

    /// <summary>Forgets the declared memory.</summary>
    public void Forbid() => _regions.Clear();

    /// <summary>Calls the code with one pointer argument and checks that it gives back the stack, the saved registers and the tiles.</summary>
    public void Run(byte[] code, void* arguments)
    {
        Dictionary<ulong, Instruction> program = Decode(code);
        Register[] saved = [Register.RBX, Register.RBP, Register.R12, Register.R13, Register.R14, Register.R15];
        for (int i = 0; i < _registers.Length; i++)
        {
            _registers[i] = unchecked((long)0xdead_beef_0000_0000) + i * 8;
        }
        long[] before = [.. _registers];
        _registers[Index(Register.RDI)] = (long)arguments;
        _stack.Clear();
        _configured = false;
        ulong at = 0;
        for (long count = 0; ; count++)
        {
            Assert.True(count < MostInstructions, "the code does not end");
            Assert.True(program.TryGetValue(at, out Instruction instruction), $"no instruction at {at:x}");
            Executed[instruction.Mnemonic] = Executed.GetValueOrDefault(instruction.Mnemonic) + 1;
            if (instruction.Mnemonic == Mnemonic.Ret)
            {
                break;
            }
            at = Step(instruction);
        }
        Assert.Empty(_stack);
        Assert.False(_configured, "the code returned with live tiles");
        foreach (Register register in saved)
        {
            Assert.Equal(before[Index(register)], _registers[Index(register)]);
        }
    }

    private Dictionary<ulong, Instruction> Decode(byte[] code)
    {
        if (!_programs.TryGetValue(code, out Dictionary<ulong, Instruction>? program))
        {
            program = [];
            var decoder = Decoder.Create(64, code, 0);
            while (decoder.IP < (ulong)code.Length)
            {
                Instruction instruction = decoder.Decode();
                Assert.False(instruction.IsInvalid, $"undecodable bytes at {instruction.IP:x}");
                program.Add(instruction.IP, instruction);
            }
            _programs.Add(code, program);
        }
        return program;
    }

    private ulong Step(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Push:
                _stack.Push(_registers[Index(instruction.Op0Register)]);
                break;
            case Mnemonic.Pop:
                _registers[Index(instruction.Op0Register)] = _stack.Pop();
                break;
            case Mnemonic.Mov:
                Write(instruction, Read(instruction, 1));
                break;
            case Mnemonic.Add:
                Write(instruction, _compared = Read(instruction, 0) + Read(instruction, 1));
                break;
            case Mnemonic.Sub:
                Write(instruction, _compared = Read(instruction, 0) - Read(instruction, 1));
                break;
            case Mnemonic.Cmp:
                _compared = Read(instruction, 0) - Read(instruction, 1);
                break;
            case Mnemonic.Dec:
                Write(instruction, _compared = Read(instruction, 0) - 1);
                break;
            case Mnemonic.Shl:
                Write(instruction, _compared = Read(instruction, 0) << (int)Read(instruction, 1));
                break;
            case Mnemonic.Jmp:
                return instruction.NearBranchTarget;
            case Mnemonic.Je when _compared == 0:
            case Mnemonic.Jne when _compared != 0:
            case Mnemonic.Jl when _compared < 0:
            case Mnemonic.Jge when _compared >= 0:
                return instruction.NearBranchTarget;
            case Mnemonic.Je or Mnemonic.Jne or Mnemonic.Jl or Mnemonic.Jge:
            case Mnemonic.Prefetchw or Mnemonic.Prefetcht0 or Mnemonic.Prefetcht1:
                break;
            case Mnemonic.Ldtilecfg:
                Configure(Address(instruction));
                break;
            case Mnemonic.Tilerelease:
                _configured = false;
                break;
            case Mnemonic.Tilezero:
                Tile(instruction.Op0Register);
                _tiles[TileIndex(instruction.Op0Register)] = new byte[MostRows, RowBytes];
                break;
            case Mnemonic.Tileloadd or Mnemonic.Tileloaddt1:
                Load(instruction);
                break;
            case Mnemonic.Tilestored:
                Store(instruction);
                break;
            case Mnemonic.Tdpbf16ps:
                DotProducts(instruction);
                break;
            case Mnemonic.Tdpbsud:
                ByteProducts(instruction);
                break;
            default:
                Assert.Fail($"the interpreter does not know {instruction}");
                break;
        }
        return instruction.NextIP;
    }

    private void Configure(nint address)
    {
        byte* configuration = Check(address, 64, write: false);
        Assert.True(configuration[0] == 1 && configuration[1] == 0, "the tile configuration must be palette 1 from row 0");
        for (int tile = 0; tile < TileCount; tile++)
        {
            _tileBytes[tile] = BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(configuration + 16 + 2 * tile, 2));
            _tileRows[tile] = configuration[48 + tile];
            Assert.InRange(_tileBytes[tile], 1, RowBytes);
            Assert.InRange(_tileRows[tile], 1, MostRows);
            _tiles[tile] = new byte[MostRows, RowBytes];
        }
        _configured = true;
    }

    private int Tile(Register register)
    {
        Assert.True(_configured, "a tile instruction before LDTILECFG");
        return TileIndex(register);
    }

    /// <summary>The base is the first row and the index register the bytes between rows.</summary>
    private (nint First, nint Stride) Rows(in Instruction instruction)
    {
        Assert.Equal(1, instruction.MemoryIndexScale);
        return ((nint)(_registers[Index(instruction.MemoryBase)] + (long)instruction.MemoryDisplacement64),
            (nint)_registers[Index(instruction.MemoryIndex)]);
    }

    private void Load(in Instruction instruction)
    {
        int tile = Tile(instruction.Op0Register);
        (nint first, nint stride) = Rows(instruction);
        var loaded = new byte[MostRows, RowBytes];
        for (int row = 0; row < _tileRows[tile]; row++)
        {
            byte* from = Check(first + row * stride, _tileBytes[tile], write: false);
            for (int i = 0; i < _tileBytes[tile]; i++)
            {
                loaded[row, i] = from[i];
            }
        }
        _tiles[tile] = loaded;
    }

    private void Store(in Instruction instruction)
    {
        int tile = Tile(instruction.Op1Register);
        (nint first, nint stride) = Rows(instruction);
        for (int row = 0; row < _tileRows[tile]; row++)
        {
            byte* to = Check(first + row * stride, _tileBytes[tile], write: true);
            for (int i = 0; i < _tileBytes[tile]; i++)
            {
                to[i] = _tiles[tile][row, i];
            }
        }
    }

    /// <summary>The operands of a product of tiles, which the hardware refuses where their shapes do not fit each other.</summary>
    private (int Sums, int Left, int Right) Operands(in Instruction instruction)
    {
        int sums = Tile(instruction.Op0Register), left = Tile(instruction.Op1Register), right = Tile(instruction.Op2Register);
        Assert.True(sums != left && sums != right && left != right, $"{instruction.Mnemonic} needs three different tiles");
        Assert.Equal(_tileRows[sums], _tileRows[left]);
        Assert.Equal(_tileBytes[sums], _tileBytes[right]);
        Assert.Equal(_tileBytes[left] / 4, _tileRows[right]);
        return (sums, left, right);
    }

    /// <summary>Signed bytes of the left tile times unsigned ones of the right, four at a time, into 32-bit integers.</summary>
    private void ByteProducts(in Instruction instruction)
    {
        (int sums, int left, int right) = Operands(instruction);
        fixed (byte* sumTile = _tiles[sums], leftTile = _tiles[left], rightTile = _tiles[right])
        {
            for (int row = 0; row < _tileRows[sums]; row++)
            {
                int* sum = (int*)(sumTile + row * RowBytes);
                for (int i = 0; i < _tileRows[right] * 4; i++)
                {
                    int factor = (sbyte)leftTile[row * RowBytes + i];
                    for (int column = 0; column < _tileBytes[sums] / 4; column++)
                    {
                        sum[column] += factor * rightTile[i / 4 * RowBytes + column * 4 + i % 4];
                    }
                }
            }
        }
    }

    private void DotProducts(in Instruction instruction)
    {
        (int sums, int left, int right) = Operands(instruction);
        var even = new float[RowBytes / 4];
        var odd = new float[RowBytes / 4];
        fixed (byte* sumTile = _tiles[sums], leftTile = _tiles[left], rightTile = _tiles[right])
        {
            for (int row = 0; row < _tileRows[sums]; row++)
            {
                even.AsSpan().Clear();
                odd.AsSpan().Clear();
                for (int pair = 0; pair < _tileRows[right]; pair++)
                {
                    ushort* factors = (ushort*)(leftTile + row * RowBytes) + 2 * pair;
                    ushort* pairs = (ushort*)(rightTile + pair * RowBytes);
                    float first = Widen(factors[0]), second = Widen(factors[1]);
                    for (int column = 0; column < _tileBytes[sums] / 4; column++)
                    {
                        even[column] = Flush(MathF.FusedMultiplyAdd(first, Widen(pairs[2 * column]), even[column]));
                        odd[column] = Flush(MathF.FusedMultiplyAdd(second, Widen(pairs[2 * column + 1]), odd[column]));
                    }
                }
                float* sum = (float*)(sumTile + row * RowBytes);
                for (int column = 0; column < _tileBytes[sums] / 4; column++)
                {
                    sum[column] = Flush(Flush(sum[column]) + Flush(even[column] + odd[column]));
                }
            }
        }
    }

    private static float Widen(ushort value) => Flush(BFloat16Conversion.Widen(value));

    private static float Flush(float value) => float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;

    private byte* Check(nint address, int bytes, bool write)
    {
        foreach ((nint start, nint end, bool writable, string name) in _regions)
        {
            if (address >= start && address + bytes <= end)
            {
                Assert.True(writable || !write, $"{name} is written");
                return (byte*)address;
            }
        }
        Assert.Fail($"{(write ? "a write" : "a read")} of {bytes} bytes at {address:x} is outside {string.Join(", ", _regions.Select(r => $"{r.Name} {r.Start:x}..{r.End:x}"))}");
        return null;
    }

    private nint Address(in Instruction instruction)
    {
        long address = (long)instruction.MemoryDisplacement64;
        if (instruction.MemoryBase != Register.None)
        {
            address += _registers[Index(instruction.MemoryBase)];
        }
        if (instruction.MemoryIndex != Register.None)
        {
            address += _registers[Index(instruction.MemoryIndex)] * instruction.MemoryIndexScale;
        }
        return (nint)address;
    }

    private long Read(in Instruction instruction, int operand) => instruction.GetOpKind(operand) switch
    {
        OpKind.Register => _registers[Index(instruction.GetOpRegister(operand))],
        OpKind.Memory => *(long*)Check(Address(instruction), MemoryBytes(instruction), write: false),
        _ => (long)instruction.GetImmediate(operand),
    };

    private void Write(in Instruction instruction, long value)
    {
        if (instruction.Op0Kind == OpKind.Memory)
        {
            *(long*)Check(Address(instruction), MemoryBytes(instruction), write: true) = value;
            return;
        }
        Register register = instruction.Op0Register;
        _registers[Index(register)] = register.GetSize() == 4 ? (uint)value : value;
    }

    private static int MemoryBytes(in Instruction instruction)
    {
        int bytes = instruction.MemorySize.GetSize();
        Assert.Equal(8, bytes);
        return bytes;
    }

    private static int Index(Register register)
    {
        Assert.True(register.IsGPR64() || register.IsGPR32(), $"the interpreter has no {register}");
        return register.GetFullRegister() - Register.RAX;
    }

    private static int TileIndex(Register register) => register - Register.TMM0;
}
