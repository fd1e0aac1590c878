using Foretell.Nn.Optimizers;

namespace Foretell.Nn.Tests.Optimizers;

public class LearningRateScheduleTests
{
    [Fact]
    public void At_WhileWarmingUp_RisesInAStraightLineAndNeverIsZero()
    {
        var schedule = new LearningRateSchedule { Steps = 100, WarmUpSteps = 9, DecayShare = 0.2 };
        for (int step = 0; step < 9; step++)
        {
            Assert.Equal((step + 1) / 10.0, schedule.At(step), 12);
        }
        Assert.Equal(1, schedule.At(9), 12);
    }

    [Fact]
    public void At_OfALinearFall_IsFlatThenStraightToTheFinalShare()
    {
        var schedule = new LearningRateSchedule { Steps = 100, WarmUpSteps = 10, Shape = DecayShape.Linear, DecayShare = 0.4, FinalShare = 0.1 };
        Assert.All(Enumerable.Range(10, 51), step => Assert.Equal(1, schedule.At(step), 12));
        Assert.Equal(0.1 + 0.9 * 0.75, schedule.At(70), 12);
        Assert.Equal(0.1 + 0.9 * 0.5, schedule.At(80), 12);
        Assert.Equal(0.1 + 0.9 * 0.025, schedule.At(99), 12);
        Assert.Equal(0.1, schedule.At(100), 12);
        Assert.Equal(0.1, schedule.At(1000), 12);
    }

    [Fact]
    public void At_OfACosineFall_IsHalfACosine()
    {
        var schedule = new LearningRateSchedule { Steps = 110, WarmUpSteps = 10, Shape = DecayShape.Cosine, DecayShare = 1, FinalShare = 0 };
        Assert.Equal(1, schedule.At(10), 12);
        Assert.Equal((2 + Math.Sqrt(2)) / 4, schedule.At(35), 12);
        Assert.Equal(0.5, schedule.At(60), 12);
        Assert.Equal((2 - Math.Sqrt(2)) / 4, schedule.At(85), 12);
        Assert.Equal(0, schedule.At(110), 12);
    }

    [Theory]
    [InlineData(DecayShape.Linear)]
    [InlineData(DecayShape.Cosine)]
    public void At_OfAnySchedule_NeverRisesAfterTheWarmUpAndStaysInItsRange(DecayShape shape)
    {
        foreach ((long steps, long warmUp, double share) in (ReadOnlySpan<(long, long, double)>)[(1, 0, 1), (1, 1, 1), (40, 0, 0), (40, 40, 0.5), (37, 5, 0.31)])
        {
            var schedule = new LearningRateSchedule { Steps = steps, WarmUpSteps = warmUp, Shape = shape, DecayShare = share, FinalShare = 0.05 };
            double before = double.PositiveInfinity;
            for (long step = warmUp; step < steps; step++)
            {
                double value = schedule.At(step);
                Assert.InRange(value, 0.05, Math.Min(1, before));
                before = value;
            }
        }
    }

    [Fact]
    public void At_WithoutDecay_StaysAtThePeak() =>
        Assert.All(Enumerable.Range(0, 20), step => Assert.Equal(1, new LearningRateSchedule { Steps = 20, DecayShare = 0 }.At(step)));
}
