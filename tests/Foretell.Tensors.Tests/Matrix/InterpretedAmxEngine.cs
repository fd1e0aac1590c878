using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Tests.Matrix;

/// <summary>The AMX engine with its assembled kernels interpreted, each call confined to the memory that it was given.</summary>
internal sealed unsafe class InterpretedAmxEngine : AmxEngine
{
    private readonly TileInterpreter _interpreter = new();
    private readonly Lock _oneAtATime = new();
    private int _rows;

    public override string Name => "interpreted amx bfloat16";

    /// <summary>What the interpreter has executed.</summary>
    public IReadOnlyDictionary<Iced.Intel.Mnemonic, long> Executed => _interpreter.Executed;

    protected override void Run(KernelArguments arguments, int rows)
    {
        lock (_oneAtATime)
        {
            _rows = rows;
            base.Run(arguments, rows);
        }
    }

    protected override void Execute(ExecutableMemory kernel, KernelArguments* arguments)
    {
        KernelArguments call = *arguments;
        _interpreter.Forbid();
        _interpreter.Allow(arguments, sizeof(KernelArguments), writable: true, "the arguments");
        _interpreter.Allow(call.TileConfiguration, 64, writable: false, "the tile configuration");
        _interpreter.Allow(call.Left, call.Steps * TilePanels.StepBytes, writable: false, "the left panel");
        int streams = call.RightStreamBytes == 0 ? 1 : AmxKernel.MostStreams;
        for (int stream = 0; stream < streams; stream++)
        {
            for (long panel = 0; panel < call.Panels; panel++)
            {
                byte* right = call.Right + stream * call.RightStreamBytes + panel * call.RightPanelBytes;
                _interpreter.Allow(right, call.Steps * TilePanels.StepBytes, writable: false, $"right panel {panel} of stream {stream}");
            }
            for (int row = 0; row < _rows; row++)
            {
                byte* result = (byte*)call.Result + row * call.ResultRowBytes + stream * call.ResultStreamBytes;
                _interpreter.Allow(result, call.Panels * ColumnPanel * sizeof(float), writable: true, $"row {row} of the result, stream {stream}");
            }
        }
        _interpreter.Run(kernel.Code, arguments);
    }
}
