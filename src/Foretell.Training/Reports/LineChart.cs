namespace Foretell.Training.Reports;

/// <summary>How an axis maps values to places.</summary>
public enum AxisScale
{
    /// <summary>Equal differences are equally far apart.</summary>
    Linear,

    /// <summary>Equal ratios are equally far apart; values that are not positive are left out.</summary>
    Logarithmic,
}

/// <summary>One line of a chart.</summary>
/// <param name="Name">For the legend and the tooltips.</param>
/// <param name="Points">In the order of the line; a point that is not finite interrupts it.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Lines over a common horizontal axis.</summary>
public sealed record LineChart
{
    /// <summary>Says what is to be seen; stands above the chart.</summary>
    public required string Title { get; init; }

    /// <summary>What the horizontal axis counts, with its unit: "steps", "tokens".</summary>
    public required string XLabel { get; init; }

    /// <summary>What the vertical axis measures, with its unit: "nats per token".</summary>
    public required string YLabel { get; init; }

    /// <summary>Drawn in this order, told apart by colour and, from the seventh on, by dashes.</summary>
    public required IReadOnlyList<ChartSeries> Series { get; init; }

    /// <summary>Default linear.</summary>
    public AxisScale XScale { get; init; }

    /// <summary>Default linear.</summary>
    public AxisScale YScale { get; init; }

    /// <summary>Smallest value on the vertical axis, or null to fit the lines. Default null.</summary>
    public double? YFrom { get; init; }

    /// <summary>Largest value on the vertical axis, or null to fit the lines. Default null.</summary>
    public double? YTo { get; init; }
}
