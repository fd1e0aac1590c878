using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>The long short-term memory's cell.</content>
internal sealed unsafe partial class CpuBackend
{
    public override void LstmCell(MatrixView gates, MatrixView cell, MatrixView newCell, MatrixView hidden)
    {
        if (!IsFast(gates))
        {
            base.LstmCell(gates, cell, newCell, hidden);
            return;
        }
        int size = cell.Columns;
        ForCells(cell.Rows, size, (row, column, count) =>
        {
            LstmCellRun<WholeLanes>(gates.FloatRow(row) + column, size, cell.FloatRow(row) + column, newCell.FloatRow(row) + column, hidden.FloatRow(row) + column, Lanes.Whole(count));
            column += Lanes.Whole(count);
            LstmCellRun<PartOfLanes>(gates.FloatRow(row) + column, size, cell.FloatRow(row) + column, newCell.FloatRow(row) + column, hidden.FloatRow(row) + column, count - Lanes.Whole(count));
        });
    }

    public override void LstmCellBackward(MatrixView gates, MatrixView cell, MatrixView newCell, MatrixView dNewCell, MatrixView dHidden, MatrixView dGates, MatrixView dCell)
    {
        if (!IsFast(gates))
        {
            base.LstmCellBackward(gates, cell, newCell, dNewCell, dHidden, dGates, dCell);
            return;
        }
        ForCells(cell.Rows, cell.Columns, (row, column, count) =>
        {
            Run<WholeLanes>(row, column, Lanes.Whole(count));
            Run<PartOfLanes>(row, column + Lanes.Whole(count), count - Lanes.Whole(count));
        });

        void Run<TLanes>(int row, int column, int count)
            where TLanes : struct, ILanes =>
            LstmCellBackwardRun<TLanes>(gates.FloatRow(row) + column, cell.Columns, cell.FloatRow(row) + column, newCell.FloatRow(row) + column,
                dNewCell.IsNone ? null : dNewCell.FloatRow(row) + column, dHidden.IsNone ? null : dHidden.FloatRow(row) + column,
                dGates.FloatRow(row) + column, dCell.FloatRow(row) + column, count);
    }

    /// <summary>body(row, column, count): rows are shared out, or columns where there are few rows (a cell of thousands, one sequence).</summary>
    private void ForCells(int rows, int columns, Action<int, int, int> body)
    {
        // A cell costs as much as a dozen additions.
        long elements = 12L * rows * columns;
        if (rows >= _pool.Count)
        {
            ForRows(rows, elements, (start, end) =>
            {
                for (int row = start; row < end; row++)
                {
                    body(row, 0, columns);
                }
            });
            return;
        }
        ForColumns(columns, elements, (start, end) =>
        {
            for (int row = 0; row < rows; row++)
            {
                body(row, start, end - start);
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LstmCellRun<TLanes>(float* gates, int size, float* cell, float* newCell, float* hidden, int count)
        where TLanes : struct, ILanes
    {
        for (int i = 0; i < count; i += Lanes.Count)
        {
            int rest = Math.Min(Lanes.Count, count - i);
            var gate = CellGates.Of<TLanes>(gates + i, size, rest);
            Vector512<float> state = Vector512.FusedMultiplyAdd(gate.Forget, TLanes.Load(cell + i, rest), gate.Input * gate.Candidate);
            TLanes.Store(state, newCell + i, rest);
            TLanes.Store(gate.Output * VectorMath.Tanh(state), hidden + i, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LstmCellBackwardRun<TLanes>(float* gates, int size, float* cell, float* newCell, float* dNewCell, float* dHidden, float* dGates, float* dCell, int count)
        where TLanes : struct, ILanes
    {
        Vector512<float> one = Vector512<float>.One;
        for (int i = 0; i < count; i += Lanes.Count)
        {
            int rest = Math.Min(Lanes.Count, count - i);
            var gate = CellGates.Of<TLanes>(gates + i, size, rest);
            Vector512<float> squashed = VectorMath.Tanh(TLanes.Load(newCell + i, rest));
            Vector512<float> dH = dHidden == null ? Vector512<float>.Zero : TLanes.Load(dHidden + i, rest);
            Vector512<float> dState = dNewCell == null ? Vector512<float>.Zero : TLanes.Load(dNewCell + i, rest);
            dState = Vector512.FusedMultiplyAdd(dH * gate.Output, Vector512.FusedMultiplyAdd(-squashed, squashed, one), dState);
            TLanes.Store(dState * gate.Candidate * gate.Input * (one - gate.Input), dGates + i, rest);
            TLanes.Store(dState * TLanes.Load(cell + i, rest) * gate.Forget * (one - gate.Forget), dGates + size + i, rest);
            TLanes.Store(dState * gate.Input * Vector512.FusedMultiplyAdd(-gate.Candidate, gate.Candidate, one), dGates + 2 * size + i, rest);
            TLanes.Store(dH * squashed * gate.Output * (one - gate.Output), dGates + 3 * size + i, rest);
            TLanes.Store(dState * gate.Forget, dCell + i, rest);
        }
    }

    /// <summary>The four gates of some cells, after their functions.</summary>
    private readonly struct CellGates
    {
        public required Vector512<float> Input { get; init; }

        public required Vector512<float> Forget { get; init; }

        public required Vector512<float> Candidate { get; init; }

        public required Vector512<float> Output { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static CellGates Of<TLanes>(float* gates, int size, int count)
            where TLanes : struct, ILanes
        {
            return new CellGates
            {
                Input = VectorMath.Sigmoid(TLanes.Load(gates, count)),
                Forget = VectorMath.Sigmoid(TLanes.Load(gates + size, count)),
                Candidate = VectorMath.Tanh(TLanes.Load(gates + 2 * size, count)),
                Output = VectorMath.Sigmoid(TLanes.Load(gates + 3 * size, count)),
            };
        }
    }
}
