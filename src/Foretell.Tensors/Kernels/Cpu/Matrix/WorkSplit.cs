namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>A result cut into a grid of rectangles, one a worker, on panel boundaries.</summary>
internal readonly record struct WorkSplit(int Rows, int RowPanel, int Columns, int ColumnPanel, int RowParts, int ColumnParts)
{
    /// <summary>The grid whose largest rectangle is smallest; of equals the one that cuts rows most, since right operands are shared.</summary>
    public static WorkSplit Of(int rows, int rowPanel, int columns, int columnPanel, int workers)
    {
        long rowPanels = (rows + rowPanel - 1) / rowPanel;
        long columnPanels = (columns + columnPanel - 1) / columnPanel;
        long least = long.MaxValue;
        int best = workers;
        for (int rowParts = workers; rowParts >= 1; rowParts--)
        {
            int columnParts = workers / rowParts;
            long largest = ((rowPanels + rowParts - 1) / rowParts) * ((columnPanels + columnParts - 1) / columnParts);
            if (largest < least)
            {
                least = largest;
                best = rowParts;
            }
        }
        return new WorkSplit(rows, rowPanel, columns, columnPanel, best, workers / best);
    }

    /// <summary>The worker's rectangle, [row, endRow) by [column, endColumn); may be empty.</summary>
    public (int Row, int EndRow, int Column, int EndColumn) Part(int worker)
    {
        if (worker >= RowParts * ColumnParts)
        {
            return default;
        }
        (int row, int endRow) = Cut(Rows, RowPanel, worker / ColumnParts, RowParts);
        (int column, int endColumn) = Cut(Columns, ColumnPanel, worker % ColumnParts, ColumnParts);
        return (row, endRow, column, endColumn);
    }

    private static (int Start, int End) Cut(int count, int panel, int part, int parts)
    {
        long panels = (count + panel - 1) / panel;
        return ((int)Math.Min(count, panels * part / parts * panel), (int)Math.Min(count, panels * (part + 1) / parts * panel));
    }
}
