using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Kernels.Cpu.Quantized;
using Foretell.Tensors.Kernels.Reference;
using Foretell.Tensors.Tests.Matrix;
using Iced.Intel;

namespace Foretell.Tensors.Tests.Quantization;

/// <summary>The tile kernels' machine code, interpreted: it gives the bits of the reference for every type and shape.</summary>
public sealed unsafe class AmxQuantizedKernelsTests
{
    [Theory]
    [InlineData(DType.Q8_0)]
    [InlineData(DType.Q4_0)]
    [InlineData(DType.Q4_K)]
    [InlineData(DType.Q6_K)]
    public void Multiply_OfManyRows_GivesTheReferencesBits(DType type)
    {
        var kernels = new InterpretedKernels();
        using var pool = new WorkerPool(2);
        var product = new QuantizedProduct(kernels, pool);
        foreach ((int rows, int blocks, int outputs) in ((int, int, int)[])[(7, 1, 16), (16, 2, 33), (17, 3, 20), (33, 5, 47), (40, 2, 80), (5, 3, 40)])
        {
            int depth = type.BlockLength() == 256 ? Math.Min(blocks, 2) * 256 : blocks * 32;
            using var device = new Device(new ReferenceBackend());
            using var scope = new TensorScope(device);
            var random = new SeededRandom((ulong)(rows + outputs));
            float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextNormal())];
            Tensor weight = scope.Empty([outputs, depth], type);
            weight.CopyFrom(Numbers(outputs * depth));
            Tensor x = scope.From(Numbers(rows * depth), [rows, depth]);
            Tensor result = scope.Empty([rows, outputs]);
            Assert.True(weight.TryRows(out MatrixView weightRows));
            Assert.True(x.TryRows(out MatrixView xRows));
            Assert.True(result.TryRows(out MatrixView resultRows));
            using PackedQuantized packed = product.Pack(weightRows);
            product.Multiply(xRows, packed, null, resultRows);
            using var tape = new Foretell.Tensors.Autograd.Tape(device, recording: false);
            Assert.Equal(tape.Linear(x, weight).ToArray(), result.ToArray());
        }
        Assert.True(kernels.Executed[Mnemonic.Tdpbsud] > 0);
    }

    /// <summary>The kernels with their code interpreted, each call confined to the memory that it was given.</summary>
    private sealed class InterpretedKernels() : AmxQuantizedKernels(new PortableQuantizedKernels())
    {
        private readonly TileInterpreter _interpreter = new();
        private readonly Lock _oneAtATime = new();

        public IReadOnlyDictionary<Mnemonic, long> Executed => _interpreter.Executed;

        protected override void Execute(ExecutableMemory kernel, QuantizedTileArguments* arguments, int rows, int parts)
        {
            lock (_oneAtATime)
            {
                QuantizedTileArguments call = *arguments;
                _interpreter.Forbid();
                _interpreter.Allow(arguments, sizeof(QuantizedTileArguments), writable: true, "the arguments");
                _interpreter.Allow(call.TileConfiguration, 64, writable: false, "the tile configuration");
                _interpreter.Allow(call.Dots, call.Blocks * parts * QuantizedTileKernel.DotBytes, writable: true, "the dots");
                for (long block = 0; block < call.Blocks; block++)
                {
                    _interpreter.Allow(call.X + (block * call.XBlockBytes), rows * QuantizedLayout.BlockLength, writable: false, $"block {block} of x");
                    _interpreter.Allow(call.Levels + (block * call.LevelBlockBytes), QuantizedLayout.QuadsPerBlock * QuantizedLayout.VectorBytes, writable: false, $"block {block} of the levels");
                }
                _interpreter.Run(kernel.Code, arguments);
            }
        }
    }
}
