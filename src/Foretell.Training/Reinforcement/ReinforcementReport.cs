using System.Globalization;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>
/// The report of a run that learns from rewards, from its metrics.jsonl: what was learned on problems never trained on, the
/// health of the run in words, how far the policy went from its reference, where the time went, and answers before and after.
/// </summary>
public static class ReinforcementReport
{
    private const int Together = 10;

    /// <param name="title">The page's title.</param>
    /// <param name="subtitle">A sentence on the model and its task.</param>
    /// <param name="metrics">The log; see <see cref="MetricsLog.Read"/>.</param>
    /// <param name="problems">Held-out problems of each level that were asked.</param>
    /// <returns>A report to which more can be added.</returns>
    public static HtmlReport Create(string title, string subtitle, IReadOnlyList<MetricsEntry> metrics, int problems)
    {
        var report = new HtmlReport(title, subtitle);
        AddFigures(report, metrics);
        AddLearning(report.Section("What it learned"), metrics, problems);
        AddHealth(report.Section("Health"), metrics);
        ReportSection policy = report.Section("How the policy changed");
        Add(policy, "Divergence from the reference", "nats an answer", metrics, ("KL", "kl"));
        Add(policy, "The price of divergence", "nats of reward a nat", metrics, ("β", "klCoefficient"));
        Add(policy, "Entropy, estimated from the tokens drawn", "nats a token", metrics, ("Entropy", "entropy"));
        Add(policy, "Length of answers", "tokens", metrics, ("Mean length", "length"));
        Add(policy, "Answers that the model ended, and prompts whose answers were all worth the same", "share", metrics, ("Ended by themselves", "ended"), ("Nothing to learn from", "deadGroups"));
        ReportSection engine = report.Section("The engine room");
        Add(engine, "Tokens whose ratio was clipped", "share", metrics, ("Clipped", "clipped"));
        Add(engine, "What the value function explains of the returns", "share of variance", metrics, ("Explained variance", "explainedVariance"));
        Add(engine, "Length of the gradient before clipping", "norm", metrics, ("Gradient norm", "gradientNorm"));
        Add(engine, "Where a step's time goes", "seconds", metrics, ("Rollout", "rolloutSeconds"), ("Reward and reference", "rewardSeconds"), ("Learning", "learningSeconds"));
        AddTimes(engine, metrics);
        AddSamples(report, metrics);
        return report;
    }

    /// <summary>Of a share that was found in some trials, the 95% interval (Wilson 1927).</summary>
    public static (double Low, double High) Interval(double share, int trials)
    {
        const double Z = 1.959964;
        double middle = (share + (Z * Z / (2 * trials))) / (1 + (Z * Z / trials));
        double half = Z / (1 + (Z * Z / trials)) * Math.Sqrt((share * (1 - share) / trials) + (Z * Z / (4.0 * trials * trials)));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }

    private static void AddFigures(HtmlReport report, IReadOnlyList<MetricsEntry> metrics)
    {
        void Figure(string name, double? before, double? after, string format, string unit = "")
        {
            if (after is double last)
            {
                string value = last.ToString(format, CultureInfo.InvariantCulture);
                report.Figures(new KeyFigure(name, before is double first ? $"{first.ToString(format, CultureInfo.InvariantCulture)} → {value}" : value, unit));
            }
        }
        Figure("Reward", Mean(metrics.Take(Together), "reward"), Mean(metrics.TakeLast(Together), "reward"), "0.00", "mean of ten steps");
        Figure("Held-out problems", Last(metrics, "before.trainedAccuracy"), Last(metrics, "trainedAccuracy"), "0%", "right");
        Figure("Held-out environments", Last(metrics, "before.heldOutAccuracy"), Last(metrics, "heldOutAccuracy"), "0%", "right");
        Figure("Judge prefers the policy", null, Last(metrics, "winRate"), "0%", "of answers");
        Figure("Divergence", null, Mean(metrics.TakeLast(Together), "kl"), "0.00", "nats an answer");
        report.Figures(new KeyFigure("Steps", metrics.Count > 0 ? metrics[^1].Step.ToString("#,0", CultureInfo.InvariantCulture) : "0"));
    }

    private static void AddLearning(ReportSection section, IReadOnlyList<MetricsEntry> metrics, int problems)
    {
        string[] parts = [.. Names(metrics, "reward.")];
        Add(section, "Reward", "mean of the step's answers", metrics, [("Reward", "reward"), .. parts.Length > 1 ? parts.Select(name => (name["reward.".Length..], name)) : []]);
        Add(section, "Problems never trained on", "share right", metrics, ("Trained environments", "trainedAccuracy"), ("Held-out environments", "heldOutAccuracy"));
        Add(section, "The judge that gives no reward", "score", metrics, ("Judge", "judge"));
        Add(section, "How often the judge prefers the policy to the reference", "share of answers", metrics, ("Preferred", "winRate"));
        string[] levels = [.. Names(metrics, "accuracy.")];
        if (levels.Length == 0)
        {
            return;
        }
        Add(section, "By environment and level", "share right", metrics, [.. levels.Select(name => (name["accuracy.".Length..], name))]);
        section.Table(["Environment and level", "Before", "After", "95% interval after"], [.. levels.Select(name =>
        {
            double after = Last(metrics, name) ?? double.NaN;
            (double low, double high) = Interval(after, problems);
            return (IReadOnlyList<string>)[name["accuracy.".Length..], Percent(Last(metrics, "before." + name)), Percent(after), $"{Percent(low)} to {Percent(high)}"];
        })]);
        section.Note(string.Create(CultureInfo.InvariantCulture, $"{problems} problems of each level that training never asks, answered by the likeliest tokens. The gap between trained and held-out environments is {(Last(metrics, "gap") is double gap ? Percent(gap) : "not measured")}: the student who only drilled shows a large one."));
    }

    private static void AddHealth(ReportSection section, IReadOnlyList<MetricsEntry> metrics)
    {
        MetricsEntry[] warned = [.. metrics.Where(entry => entry.Texts.ContainsKey("warnings"))];
        if (warned.Length == 0)
        {
            section.Text("No signal died, and nothing speaks for a policy that games its reward.");
        }
        foreach (MetricsEntry entry in warned)
        {
            foreach (string line in entry.Texts["warnings"].Split('\n'))
            {
                section.Text(string.Create(CultureInfo.InvariantCulture, $"Step {entry.Step}, {line}"));
            }
        }
        section.Note("Watched: spread of rewards, groups without differences, clip share, divergence, entropy, length, gradient, explained variance, equality of the sampler's and the trainer's log-probabilities, and a reward that rises while the held-out judge falls. Each is told once.");
    }

    private static void AddTimes(ReportSection section, IReadOnlyList<MetricsEntry> metrics)
    {
        double[] seconds = [.. new[] { "rolloutSeconds", "rewardSeconds", "learningSeconds" }.Select(name => metrics.Sum(entry => entry.Values.GetValueOrDefault(name)))];
        double total = Math.Max(seconds.Sum(), 1e-9);
        section.Table(["Part", "Seconds", "Share"], [.. new[] { "Rollout", "Reward and reference", "Learning" }.Select((name, i) => (IReadOnlyList<string>)[name, seconds[i].ToString("0.0", CultureInfo.InvariantCulture), Percent(seconds[i] / total)])]);
        double tokens = metrics.Sum(entry => entry.Values.GetValueOrDefault("length") * entry.Values.GetValueOrDefault("answers"));
        section.Note(string.Create(CultureInfo.InvariantCulture, $"{tokens:#,0} tokens were rolled out, {tokens / Math.Max(seconds[0], 1e-9):#,0} a second. The largest difference between sampler and trainer was {metrics.Max(entry => entry.Values.GetValueOrDefault("mismatch"))} nats."));
    }

    private static void AddSamples(HtmlReport report, IReadOnlyList<MetricsEntry> metrics)
    {
        var found = new List<(string When, string Json)>();
        foreach (MetricsEntry entry in metrics)
        {
            if (entry.Texts.TryGetValue("samplesBefore", out string? before))
            {
                found.Add(("before", before));
            }
            if (entry.Texts.TryGetValue("samples", out string? after))
            {
                found.Add((string.Create(CultureInfo.InvariantCulture, $"after {entry.Step} steps"), after));
            }
        }
        if (found.Count == 0)
        {
            return;
        }
        ReportSection section = report.Section("Answers");
        foreach ((string when, string json) in found.Count == 1 ? found : [found[0], found[^1]])
        {
            section.Samples(ReinforcementSamples.Read(json).Select(sample => new TextSample(when, sample.Question + "\n", sample.Answer)));
        }
    }

    private static IEnumerable<string> Names(IReadOnlyList<MetricsEntry> metrics, string prefix) =>
        metrics.SelectMany(entry => entry.Values.Keys).Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Distinct();

    private static void Add(ReportSection section, string title, string unit, IReadOnlyList<MetricsEntry> metrics, params IReadOnlyList<(string Name, string Metric)> lines)
    {
        var series = new List<ChartSeries>();
        foreach ((string name, string metric) in lines)
        {
            var points = new List<(double X, double Y)>();
            if (Last(metrics, "before." + metric) is double before)
            {
                points.Add((0, before));
            }
            points.AddRange(metrics.Where(entry => entry.Values.ContainsKey(metric)).Select(entry => ((double)entry.Step, entry.Values[metric])));
            if (points.Count > 1)
            {
                series.Add(new ChartSeries(name, points));
            }
        }
        if (series.Count > 0)
        {
            section.Chart(new LineChart { Title = title, XLabel = "steps", YLabel = unit, Series = series });
        }
    }

    private static double? Mean(IEnumerable<MetricsEntry> entries, string name)
    {
        double[] values = [.. entries.Where(entry => entry.Values.ContainsKey(name)).Select(entry => entry.Values[name])];
        return values.Length == 0 ? null : values.Average();
    }

    private static double? Last(IReadOnlyList<MetricsEntry> metrics, string name) => metrics.LastOrDefault(entry => entry.Values.ContainsKey(name))?.Values[name];

    private static string Percent(double? share) => share is double given && double.IsFinite(given) ? (100 * given).ToString("0.0", CultureInfo.InvariantCulture) + "%" : "–";
}
