namespace Foretell.Training.Tests;

public sealed class RewardMeasurementTests
{
    [Fact]
    public void Of_FourPairs_EqualsWhatIsCountedByHand()
    {
        RewardMeasurement measured = RewardMeasurement.Of(
        [
            new ScoredPair(2, 1, 5, 3, true),
            new ScoredPair(0, 1, 4, 3, false),
            new ScoredPair(1, 1, 2, 6, true),
            new ScoredPair(3, 0, 3, 4, true),
        ]);
        Assert.Equal(2.5 / 4, measured.Accuracy);
        Assert.Equal(3.5 / 4, measured.TrueAccuracy);
        Assert.Equal(0.75, measured.Margin);
        Assert.Equal((Math.Log(1 + Math.Exp(-1)) + Math.Log(1 + Math.Exp(1)) + Math.Log(2) + Math.Log(1 + Math.Exp(-3))) / 4, measured.Loss, 1e-12);
        Assert.Equal(0.5, measured.LongerChosen);
        Assert.Equal(0.5, measured.AccuracyWhereLonger);
        Assert.Equal(0.75, measured.AccuracyWhereShorter);
        // numpy: corrcoef([2, 1, 0, 1, 1, 1, 3, 0], [5, 3, 4, 3, 2, 6, 3, 4])
        Assert.Equal(-0.08434823, measured.LengthCorrelation, 1e-6);
    }

    [Fact]
    public void Calibration_OfMarginsThatAreRightAsOftenAsTheySay_HasNoError()
    {
        // σ(log 3) = 0.75: of four, three are right.
        double margin = Math.Log(3);
        PairCalibration calibration = PairCalibration.Of([margin, margin, margin, -margin]);
        CalibrationBin bin = Assert.Single(calibration.Bins);
        Assert.Equal((0.75, 0.75, 4), (Math.Round(bin.Confidence, 12), bin.Accuracy, bin.Count));
        Assert.Equal(0, calibration.ExpectedError, 1e-12);
    }

    [Fact]
    public void Calibration_OfASureModelThatIsHalfRight_HasTheDistanceAsItsError()
    {
        PairCalibration calibration = PairCalibration.Of([100, -100, 0, 0]);
        Assert.Equal(2, calibration.Bins.Count);
        // Half of them at confidence 1 and right half of the time, half at 0.5.
        Assert.Equal(0.25, calibration.ExpectedError, 1e-12);
    }
}
