namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>An engine whose kernels are assembled when they are first needed, one for each number of rows and streams.</summary>
internal abstract unsafe class AssembledEngine : MatrixEngine
{
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

    /// <summary><see cref="MatrixEngine.MultiplyBlocks"/> with as little around the kernels as can be.</summary>
    /// <param name="products">The products.</param>
    /// <param name="kernelRows">Rows that one kernel takes.</param>
    /// <param name="leftRowBytes">Bytes from one row of a left panel to the next.</param>
    protected void RunBlocks(in BlockProducts products, int kernelRows, int leftRowBytes)
    {
        int fetched = BlocksAhead;
        for (int block = 0, run; block < products.Count; block += run)
        {
            run = products.Rows <= FewRows ? products.Run(block) : 1;
            fetched = products.Fetch(fetched, block + run, kernelRows);
            if (run > 1)
            {
                MultiplyRun(products, block, run);
                continue;
            }
            for (int row = 0; row < products.Rows; row += kernelRows)
            {
                KernelArguments call = new()
                {
                    Left = products.Left + block * products.LeftBlockBytes + row * leftRowBytes,
                    Right = products.Rights[block],
                    Result = products.Result + block * products.ResultBlock + row * products.Stride,
                    RightPanelBytes = products.RightPanelBytes,
                    ResultRowBytes = products.Stride * sizeof(float),
                    Steps = block + 1 < products.Count ? products.Steps : products.LastSteps,
                    Panels = products.Panels,
                    Accumulate = products.Continues && block > 0 ? 1 : 0,
                };
                Execute(Kernel(Math.Min(kernelRows, products.Rows - row), 1), &call);
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
