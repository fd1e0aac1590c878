using Foretell.Nn.Optimizers;
using Foretell.Tensors;

namespace Foretell.Nn.Tests.Optimizers;

public class SpikeGuardTests
{
    [Fact]
    public void Judge_AnOutlyingLoss_IsSkippedNamedAndForgotten()
    {
        SpikeGuard guard = AfterQuietSteps(200);
        SpikeStatistics before = guard.Statistics;
        string? complaint = guard.Judge(9, 1);
        Assert.NotNull(complaint);
        Assert.Contains("loss 9.0000", complaint, StringComparison.Ordinal);
        Assert.Equal(before.LossMean, guard.Statistics.LossMean);
        Assert.Equal(before.NormVariance, guard.Statistics.NormVariance);
        Assert.Null(guard.Judge(3, 1));
    }

    [Fact]
    public void Judge_AnOutlyingGradientNorm_IsSkipped()
    {
        SpikeGuard guard = AfterQuietSteps(200);
        Assert.Null(guard.Judge(3, 1.2));
        Assert.Contains("gradient norm 400", guard.Judge(3, 400), StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_ALowLossOrNorm_IsNoOutlier()
    {
        SpikeGuard guard = AfterQuietSteps(200);
        Assert.Null(guard.Judge(0.01, 1));
        Assert.Null(guard.Judge(3, 1e-4));
    }

    [Fact]
    public void Judge_ADrift_IsFollowed()
    {
        SpikeGuard guard = AfterQuietSteps(100);
        var random = new SeededRandom(2);
        for (int step = 0; step < 2000; step++)
        {
            // Up by half a nat and the norm twentyfold, over many steps.
            Assert.Null(guard.Judge(3 + step * 0.00025 + 0.05 * random.NextNormal(), Math.Exp(step * 0.0015 + 0.1 * random.NextNormal())));
        }
    }

    [Fact]
    public void Judge_TheFallAtTheBeginning_IsNoOutlier()
    {
        var guard = new SpikeGuard(8);
        var random = new SeededRandom(3);
        for (int step = 0; step < 300; step++)
        {
            Assert.Null(guard.Judge(2 + 7 * Math.Exp(-step / 40.0) + 0.05 * random.NextNormal(), Math.Exp(0.2 * random.NextNormal())));
        }
    }

    [Fact]
    public void Judge_BeforeItKnowsEnough_SkipsNothing()
    {
        SpikeGuard guard = AfterQuietSteps(20);
        Assert.Null(guard.Judge(1000, 1000));
    }

    /// <summary>What was an outlier and goes on is the new state of things: skipping for ever would be the end of training.</summary>
    [Fact]
    public void Judge_ALastingShift_IsTakenAfterSomeSteps()
    {
        SpikeGuard guard = AfterQuietSteps(200);
        int skipped = 0;
        while (guard.Judge(6, 1) is not null)
        {
            Assert.True(++skipped < 100, "every step is skipped from then on");
        }
        Assert.InRange(skipped, 5, 50);
    }

    [Fact]
    public void Judge_WithoutALimit_SkipsNothing()
    {
        var guard = new SpikeGuard(double.PositiveInfinity);
        for (int step = 0; step < 200; step++)
        {
            Assert.Null(guard.Judge(step == 150 ? 1e6 : 3, 1));
        }
    }

    [Fact]
    public void Statistics_HandedOn_JudgeAlike()
    {
        SpikeGuard guard = AfterQuietSteps(123);
        var resumed = new SpikeGuard(8) { Statistics = guard.Statistics };
        foreach (double loss in (double[])[3, 3.2, 7, 2.9])
        {
            Assert.Equal(guard.Judge(loss, 1), resumed.Judge(loss, 1));
            Assert.Equal(guard.Statistics, resumed.Statistics);
        }
    }

    private static SpikeGuard AfterQuietSteps(int steps)
    {
        var guard = new SpikeGuard(8);
        var random = new SeededRandom(1);
        for (int step = 0; step < steps; step++)
        {
            Assert.Null(guard.Judge(3 + 0.05 * random.NextNormal(), Math.Exp(0.1 * random.NextNormal())));
        }
        return guard;
    }
}
