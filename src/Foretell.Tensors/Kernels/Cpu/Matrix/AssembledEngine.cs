namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>An engine whose kernels are assembled when they are first needed, one for each number of rows and streams.</summary>
internal abstract unsafe class AssembledEngine : MatrixEngine
{
    /// <summary>Stands for the number of streams of a kernel that reads one and fetches another block meanwhile.</summary>
    protected const int FetchingStream = 0;

    private readonly ExecutableMemory?[,] _kernels = new ExecutableMemory?[33, 5];

    /// <summary>Right panels that the few-row kernel of this many rows reads at once.</summary>
    protected abstract int Streams(int rows);

    protected abstract ExecutableMemory Assemble(int rows, int streams);

    /// <summary>Runs a kernel; tests put an interpreter here.</summary>
    protected virtual void Execute(ExecutableMemory kernel, KernelArguments* arguments) => kernel.Invoke(arguments);

    /// <summary>All the call's panels by the kernel for these rows, in several streams while there are panels enough.</summary>
    protected void RunPanels(KernelArguments call, int rows)
    {
        int streams = Streams(rows);
        long streamPanels = call.Panels / streams;
        long rest = call.Panels % streams;
        KernelArguments part = call;
        if (streamPanels > 0)
        {
            part.Panels = streamPanels;
            part.RightStreamBytes = streams > 1 ? streamPanels * call.RightPanelBytes : 0;
            part.ResultStreamBytes = streams > 1 ? streamPanels * ColumnPanel * sizeof(float) : 0;
            Execute(Kernel(rows, streams), &part);
        }
        if (rest > 0)
        {
            part = call;
            part.Panels = rest;
            part.Right += streamPanels * streams * call.RightPanelBytes;
            part.Result += streamPanels * streams * ColumnPanel;
            Execute(Kernel(rows, 1), &part);
        }
    }

    /// <summary><see cref="MatrixEngine.MultiplyBlocks"/> by kernels of one stream that fetch a coming block while they read one.</summary>
    /// <param name="products">The products.</param>
    /// <param name="kernelRows">Rows that one kernel takes.</param>
    /// <param name="leftRowBytes">Bytes from one row of a left panel to the next.</param>
    protected void RunBlocks(in BlockProducts products, int kernelRows, int leftRowBytes)
    {
        int known = products.Count + products.Following;
        for (int block = 0; block < products.Count; block++)
        {
            byte* right = products.Rights[block];
            for (int row = 0; row < products.Rows; row += kernelRows)
            {
                int rows = Math.Min(kernelRows, products.Rows - row);
                KernelArguments call = new()
                {
                    Left = products.Left + block * products.LeftBlockBytes + row * leftRowBytes,
                    Right = right,
                    Result = products.Result + block * products.ResultBlock + row * products.Stride,
                    RightPanelBytes = products.RightPanelBytes,
                    ResultRowBytes = products.Stride * sizeof(float),
                    Steps = block + 1 < products.Count ? products.Steps : products.LastSteps,
                    Panels = products.Panels,
                    Accumulate = products.Continues && block > 0 ? 1 : 0,
                    RightFetchBytes = row == 0 && block + BlocksAhead < known ? products.Rights[block + BlocksAhead] - right : 0,
                };
                Execute(Kernel(rows, FetchingStream), &call);
            }
        }
    }

    private ExecutableMemory Kernel(int rows, int streams)
    {
        ExecutableMemory? kernel = Volatile.Read(ref _kernels[rows, streams]);
        if (kernel is null)
        {
            lock (_kernels)
            {
                kernel = _kernels[rows, streams] ??= Assemble(rows, streams);
            }
        }
        return kernel;
    }
}
