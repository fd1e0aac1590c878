using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>
/// Products of x with quantized weights on all workers. Few rows wait for memory, so each worker reads its panels of weights
/// once, in several far-apart streams. Many rows pass, panel by panel, over blocks of weights that stay in a core's cache.
/// </summary>
internal sealed unsafe class QuantizedProduct(IQuantizedKernels kernels, WorkerPool pool)
{
    /// <summary>Multiplications below which waking other workers costs more than it gives.</summary>
    private const long LeastParallelWork = 128 << 10;

    /// <summary>Numbers of x below which one thread rounds them all.</summary>
    private const long LeastParallelElements = 32 << 10;

    /// <summary>Bytes of weights that stay in the second-level cache while the panels of x pass.</summary>
    private const long BlockBytes = 384 << 10;

    public IQuantizedKernels Kernels => kernels;

    /// <summary>Packs weights for many products.</summary>
    /// <param name="weight">[outputs, depth], quantized.</param>
    public PackedQuantized Pack(MatrixView weight)
    {
        var packed = new PackedQuantized(weight.Type, weight.Rows, weight.Columns);
        packed.Pack(weight, pool);
        return packed;
    }

    /// <summary>result = x Wᵀ (+ bias).</summary>
    /// <param name="x">[rows, depth], Float32 or BFloat16.</param>
    /// <param name="weight">[outputs, depth].</param>
    /// <param name="bias">[outputs] singles, or null.</param>
    /// <param name="result">[rows, outputs], Float32.</param>
    public void Multiply(MatrixView x, PackedQuantized weight, float* bias, MatrixView result)
    {
        if (x.Columns != weight.Depth || result.Columns != weight.Outputs || result.Rows != x.Rows)
        {
            throw new ArgumentException($"A product of {x} with weights [{weight.Outputs}, {weight.Depth}] into {result} has no meaning: the depths and the result's shape must match.");
        }
        if (result.IsEmpty)
        {
            return;
        }
        DType type = weight.Type;
        int height = ActivationPanels.Height(x.Rows, kernels.MostRows);
        byte* panels = Scratch.Get(Scratch.Purpose.PackedLeft, ActivationPanels.Bytes(type, x.Rows, x.Columns));
        int count = (x.Rows + height - 1) / height;
        if ((long)x.Rows * x.Columns < LeastParallelElements)
        {
            PackPanels(type, x, height, 0, count, panels);
        }
        else
        {
            pool.For(count, 1, (start, end) => PackPanels(type, x, height, start, end, panels));
        }
        var work = new Work(kernels, x.Rows, height, panels, weight, bias, result);
        if (pool.Count == 1 || (long)x.Rows * weight.Outputs * weight.Depth < LeastParallelWork)
        {
            work.Run(0, x.Rows, 0, weight.Panels);
            return;
        }
        var split = WorkSplit.Of(x.Rows, height, weight.Panels, count == 1 ? 1 : 2, pool.Count);
        pool.Run(worker =>
        {
            (int row, int endRow, int panel, int endPanel) = split.Part(worker);
            if (row < endRow && panel < endPanel)
            {
                work.Run(row, endRow, panel, endPanel);
            }
        });
    }

    private static void PackPanels(DType type, MatrixView x, int height, int start, int end, byte* panels)
    {
        for (int panel = start; panel < end; panel++)
        {
            int row = panel * height;
            ActivationPanels.Pack(type, x.RowRange(row, Math.Min(height, x.Rows - row)), panels + ActivationPanels.Bytes(type, row, x.Columns));
        }
    }

    /// <summary>One product, to be run rectangle by rectangle.</summary>
    private sealed class Work(IQuantizedKernels kernels, int rows, int height, byte* panels, PackedQuantized weight, float* bias, MatrixView result)
    {
        private readonly QuantizedArguments _depth = new()
        {
            Groups = QuantizedLayout.Groups(weight.Type, weight.Depth),
            Tail = QuantizedLayout.HasTail(weight.Type, weight.Depth) ? 1 : 0,
            ResultRowBytes = result.Stride * sizeof(float),
        };

        /// <summary>Rows [row, endRow), on a panel boundary, of the outputs of panels [panel, endPanel).</summary>
        public void Run(int row, int endRow, int panel, int endPanel)
        {
            int firstColumn = panel * QuantizedLayout.PanelOutputs;
            int endColumn = Math.Min(weight.Outputs, endPanel * QuantizedLayout.PanelOutputs);
            int wholePanels = Math.Min(endPanel, weight.Outputs / QuantizedLayout.PanelOutputs);
            if (rows <= height)
            {
                RunFewRows(panel, wholePanels);
            }
            else
            {
                RunManyRows(row, endRow, panel, wholePanels);
            }
            if (wholePanels < endPanel)
            {
                RunLastPanel(row, endRow, wholePanels);
            }
            for (int r = row; r < endRow && bias != null; r++)
            {
                float* values = result.FloatRow(r);
                for (int column = firstColumn; column < endColumn; column++)
                {
                    values[column] += bias[column];
                }
            }
        }

        private static int Streams(int rows) => rows <= 3 ? 4 : rows == 4 ? 3 : 2;

        private void RunFewRows(int panel, int endPanel)
        {
            int streams = Streams(rows);
            int each = (endPanel - panel) / streams;
            if (each > 0)
            {
                Run(0, panel, each, streams, each, prefetch: true);
            }
            int rest = (endPanel - panel) % streams;
            if (rest > 0)
            {
                Run(0, endPanel - rest, 1, rest, 1, prefetch: true);
            }
        }

        private void RunManyRows(int row, int endRow, int panel, int endPanel)
        {
            int block = (int)Math.Max(2, BlockBytes / Math.Max(1, weight.PanelBytes) / 2 * 2);
            for (; panel < endPanel; panel += block)
            {
                int count = Math.Min(block, endPanel - panel);
                for (int r = row; r < endRow; r += height)
                {
                    if (count > 1)
                    {
                        Run(r, panel, count / 2, 2, -1, prefetch: r == row);
                    }
                    if (count % 2 == 1)
                    {
                        Run(r, panel + count - 1, 1, 1, 1, prefetch: r == row);
                    }
                }
            }
        }

        /// <summary>The panel at <paramref name="row"/> times panels of weights, in streams so many panels apart, or each two neighbours when -1.</summary>
        private void Run(int row, int panel, int count, int streams, int streamPanels, bool prefetch)
        {
            bool neighbours = streamPanels < 0;
            int apart = neighbours ? 1 : streamPanels;
            int step = neighbours ? streams : 1;
            QuantizedArguments call = At(row, panel);
            call.Result = result.FloatRow(row) + panel * QuantizedLayout.PanelOutputs;
            call.Panels = count;
            call.PanelStepBytes = step * weight.PanelBytes;
            call.ResultStepBytes = step * QuantizedLayout.PanelOutputs * sizeof(float);
            call.StreamBytes = apart * weight.PanelBytes;
            call.ResultStreamBytes = (long)apart * QuantizedLayout.PanelOutputs * sizeof(float);
            kernels.Run(weight.Type, Math.Min(height, rows - row), streams, prefetch, &call);
        }

        /// <summary>Kernels write whole panels: the last, partial one goes through a block of its own.</summary>
        private void RunLastPanel(int row, int endRow, int panel)
        {
            int first = panel * QuantizedLayout.PanelOutputs;
            float* block = stackalloc float[kernels.MostRows * QuantizedLayout.PanelOutputs];
            for (; row < endRow; row += height)
            {
                int count = Math.Min(height, rows - row);
                QuantizedArguments call = At(row, panel);
                call.Result = block;
                call.ResultRowBytes = QuantizedLayout.PanelOutputs * sizeof(float);
                call.Panels = 1;
                kernels.Run(weight.Type, count, 1, prefetch: false, &call);
                for (int r = 0; r < count; r++)
                {
                    new ReadOnlySpan<float>(block + r * QuantizedLayout.PanelOutputs, weight.Outputs - first).CopyTo(new Span<float>(result.FloatRow(row + r) + first, weight.Outputs - first));
                }
            }
        }

        private QuantizedArguments At(int row, int panel)
        {
            QuantizedArguments call = _depth;
            call.X = panels + ActivationPanels.Bytes(weight.Type, row, weight.Depth);
            call.Weights = weight.Pointer + panel * weight.PanelBytes;
            return call;
        }
    }
}
