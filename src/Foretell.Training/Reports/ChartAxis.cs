using System.Globalization;

namespace Foretell.Training.Reports;

/// <summary>The range of an axis, where values fall on it, and its ticks at round numbers.</summary>
internal sealed class ChartAxis
{
    private readonly AxisScale _scale;
    private readonly double _from;
    private readonly double _to;

    // Between ticks, or 0 where ticks are at ratios.
    private readonly double _step;

    private ChartAxis(AxisScale scale, double from, double to, IReadOnlyList<double> ticks, double step = 0)
    {
        _step = step;
        _scale = scale;
        _from = from;
        _to = to;
        Ticks = ticks;
    }

    /// <summary>Ascending, inside the range.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <param name="scale">Linear or logarithmic.</param>
    /// <param name="values">What is to be shown; those that can't be placed are ignored.</param>
    /// <param name="tickCount">About how many ticks there is room for, at least 2.</param>
    /// <param name="widen">Whether the range extends to round numbers, as it should where lines end inside the chart.</param>
    /// <param name="from">A fixed lower end, or null.</param>
    /// <param name="to">A fixed upper end, or null.</param>
    public static ChartAxis Fit(AxisScale scale, IEnumerable<double> values, int tickCount, bool widen, double? from = null, double? to = null)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (double value in values)
        {
            if (CanPlace(scale, value))
            {
                low = Math.Min(low, value);
                high = Math.Max(high, value);
            }
        }
        if (low > high)
        {
            (low, high) = (scale == AxisScale.Linear ? 0 : 1, scale == AxisScale.Linear ? 1 : 10);
        }
        low = from is double lower && CanPlace(scale, lower) ? lower : low;
        high = to is double upper && CanPlace(scale, upper) ? upper : high;
        // Differences that doubles hardly resolve are none.
        if (!(high - low > Math.Max(Math.Max(Math.Abs(low), Math.Abs(high)) * 1e-9, 1e-290)))
        {
            double around = Math.Max(Math.Abs(low) * 0.1, scale == AxisScale.Linear ? 1e-3 : double.Epsilon);
            (low, high) = scale == AxisScale.Linear ? (low - around, low + around) : (low / 2, low * 2);
        }
        return scale == AxisScale.Linear
            ? FitLinear(low, high, tickCount, widen, from, to)
            : FitLogarithmic(low, high, tickCount, widen);
    }

    public bool CanPlace(double value) => CanPlace(_scale, value);

    /// <summary>0 at the start of the axis, 1 at its end; values outside fall outside.</summary>
    public double Place(double value) => _scale == AxisScale.Linear
        ? (value - _from) / (_to - _from)
        : (Math.Log(value) - Math.Log(_from)) / (Math.Log(_to) - Math.Log(_from));

    /// <summary>A tick's number as people write it: 0.05, 250, 12k, 1.5M.</summary>
    public string Label(double tick)
    {
        double size = Math.Max(Math.Abs(_from), Math.Abs(_to));
        // One unit for all ticks at equal steps; each tick its own at ratios.
        (double unit, string suffix) = _step == 0 ? UnitOf(Math.Abs(tick) * (2 + 1e-9)) : UnitOf(size);
        double step = _step / unit;
        double shown = tick / unit;
        if (shown != 0 && (Math.Abs(shown) < 1e-4 || (step != 0 && step < 1e-6)))
        {
            return shown.ToString("0.##e0", CultureInfo.InvariantCulture);
        }
        int decimals = step > 0 ? Math.Clamp((int)Math.Ceiling(-Math.Log10(step) - 1e-9), 0, 8) : 8;
        // A step such as 2.5 needs one digit more than its power of ten.
        if (step > 0 && Math.Abs(Math.Round(step, decimals) - step) > step * 1e-6)
        {
            decimals++;
        }
        string format = step > 0 && unit == 1 ? "0." + new string('0', decimals) : "0." + new string('#', Math.Max(decimals, 1));
        string text = shown.ToString(format, CultureInfo.InvariantCulture);
        return text.Trim('0', '-').Length == 0 || shown == 0 ? "0" : text.Replace('-', '\u2212') + suffix;
    }

    private static (double Unit, string Suffix) UnitOf(double size) => size switch
    {
        >= 2e9 => (1e9, "B"),
        >= 2e6 => (1e6, "M"),
        >= 2e4 => (1e3, "k"),
        _ => (1, ""),
    };

    private static bool CanPlace(AxisScale scale, double value) => Math.Abs(value) < 1e290 && (scale == AxisScale.Linear || value > 1e-290);

    private static ChartAxis FitLinear(double low, double high, int tickCount, bool widen, double? from, double? to)
    {
        double step = RoundStep((high - low) / Math.Max(tickCount - 1, 1));
        if (widen)
        {
            low = from ?? Math.Floor(low / step + 1e-9) * step;
            high = to ?? Math.Ceiling(high / step - 1e-9) * step;
        }
        var ticks = new List<double>();
        for (double index = Math.Ceiling(low / step - 1e-9); index * step <= high + step * 1e-9; index++)
        {
            ticks.Add(index * step);
        }
        return new ChartAxis(AxisScale.Linear, low, high, ticks, step);
    }

    /// <summary>The next of 1, 2, 2.5, 5 times a power of ten.</summary>
    private static double RoundStep(double least)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        double factor = least / power;
        return power * (factor <= 1 + 1e-9 ? 1 : factor <= 2 ? 2 : factor <= 2.5 ? 2.5 : factor <= 5 ? 5 : 10);
    }

    private static ChartAxis FitLogarithmic(double low, double high, int tickCount, bool widen)
    {
        double margin = widen ? Math.Pow(high / low, 0.04) : 1;
        (low, high) = (low / margin, high * margin);
        int first = (int)Math.Floor(Math.Log10(low));
        int last = (int)Math.Ceiling(Math.Log10(high));
        // The finest of these that is not too many; over many decades, every second or third power of ten.
        foreach (double[] factors in new double[][] { [1, 1.5, 2, 3, 4, 5, 6, 8], [1, 2, 3, 5], [1, 2, 5], [1, 3], [1] })
        {
            List<double> ticks = LogarithmicTicks(low, high, first, last, 1, factors);
            if (ticks.Count <= tickCount && ticks.Count >= 2)
            {
                return new ChartAxis(AxisScale.Logarithmic, low, high, ticks);
            }
        }
        if (high / low >= 100)
        {
            int every = 1;
            while ((last - first) / every > tickCount)
            {
                every++;
            }
            return new ChartAxis(AxisScale.Logarithmic, low, high, LogarithmicTicks(low, high, first, last, every, [1]));
        }
        ChartAxis even = FitLinear(low, high, tickCount, widen: false, null, null);
        return new ChartAxis(AxisScale.Logarithmic, low, high, even.Ticks, even._step);
    }

    private static List<double> LogarithmicTicks(double low, double high, int first, int last, int every, double[] factors)
    {
        var ticks = new List<double>();
        for (int exponent = first; exponent <= last; exponent += every)
        {
            foreach (double factor in factors)
            {
                // Parsed rather than multiplied, so that 0.3 is 0.3.
                double tick = double.Parse(string.Create(CultureInfo.InvariantCulture, $"{factor}e{exponent}"), CultureInfo.InvariantCulture);
                if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9))
                {
                    ticks.Add(tick);
                }
            }
        }
        return ticks;
    }
}
