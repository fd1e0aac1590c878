using Foretell.Training.Reports;

namespace Foretell.Training.Tests.Reports;

public class ChartAxisTests
{
    [Theory]
    [InlineData(0, 3000, 7, "0 500 1000 1500 2000 2500 3000")]
    [InlineData(0, 10, 6, "0 2 4 6 8 10")]
    [InlineData(1.37, 1.52, 5, "1.35 1.40 1.45 1.50 1.55")]
    [InlineData(-0.3, 0.3, 5, "−0.4 −0.2 0 0.2 0.4")]
    [InlineData(0, 0.0006, 4, "0 0.0002 0.0004 0.0006")]
    [InlineData(0, 10, 5, "0 2.5 5.0 7.5 10.0")]
    [InlineData(0, 120_000, 5, "0 50k 100k 150k")]
    [InlineData(0, 12e6, 5, "0 5M 10M 15M")]
    [InlineData(0, 5e9, 3, "0 2.5B 5B")]
    [InlineData(2, 2, 3, "1.75 2.00 2.25")]
    public void Fit_LinearAndWidened_PutsTicksAtRoundNumbers(double low, double high, int count, string labels)
    {
        var axis = ChartAxis.Fit(AxisScale.Linear, [low, high], count, widen: true);
        Assert.Equal(labels, string.Join(' ', axis.Ticks.Select(axis.Label)));
        Assert.Equal(0, axis.Place(axis.Ticks[0]), 1e-9);
        Assert.Equal(1, axis.Place(axis.Ticks[^1]), 1e-9);
    }

    [Theory]
    [InlineData(1, 1000, 5, "1 10 100 1000")]
    [InlineData(20_000, 12e6, 9, "20k 50k 100k 200k 500k 1M 2M 5M 10M")]
    [InlineData(1e-4, 1e8, 5, "0.0001 0.1 100 100k 100M")]
    [InlineData(1.4, 9.8, 5, "2 3 5")]
    [InlineData(1.41, 1.49, 5, "1.425 1.450 1.475")]
    public void Fit_Logarithmic_PutsTicksAtRoundNumbers(double low, double high, int count, string labels)
    {
        var axis = ChartAxis.Fit(AxisScale.Logarithmic, [low, high, -1, 0, double.NaN], count, widen: false);
        Assert.Equal(labels, string.Join(' ', axis.Ticks.Select(axis.Label)));
        Assert.Equal(0, axis.Place(low), 1e-9);
        Assert.Equal(0.5, axis.Place(Math.Sqrt(low * high)), 1e-9);
        Assert.Equal(1, axis.Place(high), 1e-9);
        Assert.False(axis.CanPlace(0));
    }

    [Fact]
    public void Fit_AnyRange_HasFewTicksInsideIt()
    {
        var random = new Random(5);
        for (int round = 0; round < 2000; round++)
        {
            double low = Math.Pow(10, random.Next(-12, 12)) * random.NextDouble() * (random.Next(2) * 2 - 1);
            double high = low + Math.Pow(10, random.Next(-12, 12)) * random.NextDouble();
            foreach (AxisScale scale in Enum.GetValues<AxisScale>())
            {
                // Differences far below the values' own precision among them.
                var axis = ChartAxis.Fit(scale, [low, high], 6, widen: random.Next(2) == 0);
                Assert.InRange(axis.Ticks.Count, 0, 12);
                Assert.All(axis.Ticks, tick => Assert.InRange(axis.Place(tick), -1e-6, 1 + 1e-6));
            }
        }
    }

    [Fact]
    public void Fit_NothingToShow_StillIsAnAxis()
    {
        double[][] extremes = [[double.NaN, double.PositiveInfinity], [0, 5e-324], [double.MinValue, double.MaxValue], [1e300], []];
        foreach (double[] values in extremes)
        {
            foreach (AxisScale scale in Enum.GetValues<AxisScale>())
            {
                var axis = ChartAxis.Fit(scale, values, 5, widen: true);
                Assert.InRange(axis.Ticks.Count, 2, 12);
            }
        }
    }
}
