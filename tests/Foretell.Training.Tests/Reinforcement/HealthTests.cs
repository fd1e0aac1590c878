using Foretell.Training.Reports;

namespace Foretell.Training.Tests;

public sealed class HealthTests
{
    private static readonly HealthLimits s_limits = new() { Window = 5, UpdatesPerStep = 4, Divergence = 10 };

    [Fact]
    public void Diagnose_OfAHealthyRun_SaysNothing() => Assert.Empty(Health.Diagnose(Steps(40, step => []), s_limits));

    [Theory]
    [InlineData("rewardDeviation", 0, "zero-spread", "every answer had the same reward")]
    [InlineData("deadGroups", 0.95, "dead-groups", "95")]
    [InlineData("clipped", 0.6, "clip-high", "60")]
    [InlineData("clipped", 0, "clip-zero", "4 updates")]
    [InlineData("kl", 25, "kl", "25.0 nats, more than the 10.0")]
    [InlineData("entropy", 0.01, "entropy", "0.01 nats a token from 1")]
    [InlineData("ended", 0.2, "length", "20")]
    [InlineData("gradientNorm", 0, "gradient", "gradient was 0")]
    [InlineData("explainedVariance", -0.5, "values", "-0.50")]
    [InlineData("mismatch", 0.001, "mismatch", "0.001")]
    public void Diagnose_OfASignalThatDied_SaysSoInWords(string name, double value, string signal, string part)
    {
        IReadOnlyList<MetricsEntry> steps = Steps(20, step => step > 15 ? [(name, value)] : []);
        HealthWarning warning = Assert.Single(Health.Diagnose(steps, s_limits));
        Assert.Equal(signal, warning.Signal);
        Assert.Contains(part, warning.Message, StringComparison.Ordinal);
        Assert.Empty(Health.Diagnose([.. steps.Take(15)], s_limits));
    }

    [Theory]
    [InlineData(true, 0.05, true)]
    [InlineData(true, 0.3, false)]
    [InlineData(false, 0.05, false)]
    public void Diagnose_WhenTheRewardRisesWhileTheJudgeFallsByMoreThanItsError_CallsItGaming(bool rewardRises, double error, bool warns)
    {
        // The judge rises to step 30 and falls behind it, with a little noise.
        IReadOnlyList<MetricsEntry> steps = Steps(80, step =>
        {
            var values = new List<(string, double)> { ("reward", (rewardRises ? 0.01 * step : Math.Min(0.3, 0.01 * step)) + Noise(step)) };
            if (step % 5 == 0)
            {
                values.Add(("judge", (step <= 30 ? 0.02 * step : 0.6 - (0.01 * (step - 30))) + Noise(step)));
                values.Add(("judgeError", error));
            }
            return values;
        });
        IReadOnlyList<HealthWarning> warnings = Health.Diagnose(steps, s_limits);
        Assert.Equal(warns, warnings.Any(warning => warning.Signal == "gaming"));
        Assert.DoesNotContain(Health.Diagnose([.. steps.Take(32)], s_limits), warning => warning.Signal == "gaming");
        if (warns)
        {
            Assert.Contains("games its reward", warnings.Single(warning => warning.Signal == "gaming").Message, StringComparison.Ordinal);
        }

        static double Noise(long step) => 0.01 * Math.Sin(step * 12.9898);
    }

    [Fact]
    public void Report_OfALog_ShowsCurvesWordsAndIntervals()
    {
        IReadOnlyList<MetricsEntry> steps = Steps(12, step => step == 1
            ? [("before.accuracy.sorting:2", 0.1), ("before.trainedAccuracy", 0.1)]
            : step == 12 ? [("accuracy.sorting:2", 0.9), ("trainedAccuracy", 0.9), ("heldOutAccuracy", 0.5), ("gap", 0.4)] : []);
        ((Dictionary<string, string>)steps[11].Texts)["warnings"] = "kl: Too far <away>.";
        ((Dictionary<string, string>)steps[11].Texts)["samples"] = ReinforcementSamples.Write([TinyPolicy.Answer("<b>7</b>", prompt: TinyPolicy.Prompt("3 + 4?"))]);
        string html = ReinforcementReport.Create("A run", "tiny", steps, problems: 64).ToHtml();
        Assert.Contains("10% → 90%", html, StringComparison.Ordinal);
        // Wilson's interval of 0.9 in 64.
        Assert.Contains("80.2% to 95.2%", html, StringComparison.Ordinal);
        Assert.Contains("Step 12, kl: Too far &lt;away&gt;.", html, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;7&lt;/b&gt;", html, StringComparison.Ordinal);
        Assert.Contains("sorting:2", html, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
    }

    /// <summary>Steps of a run in which all is well, but for what is laid over them.</summary>
    private static IReadOnlyList<MetricsEntry> Steps(int count, Func<long, IEnumerable<(string Name, double Value)>> over) => [.. Enumerable.Range(1, count).Select(step =>
    {
        var values = new Dictionary<string, double>
        {
            ["reward"] = 0.5,
            ["rewardDeviation"] = 0.3,
            ["deadGroups"] = 0.2,
            ["clipped"] = 0.1,
            ["kl"] = 1,
            ["entropy"] = 1,
            ["ended"] = 1,
            ["length"] = 20,
            ["answers"] = 64,
            ["gradientNorm"] = 0.7,
            ["explainedVariance"] = 0.5,
            ["mismatch"] = 0,
            ["rolloutSeconds"] = 0.5,
            ["rewardSeconds"] = 0.1,
            ["learningSeconds"] = 0.4,
        };
        foreach ((string name, double value) in over(step))
        {
            values[name] = value;
        }
        return new MetricsEntry(step, values, new Dictionary<string, string>());
    })];
}
