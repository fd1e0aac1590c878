using System.Globalization;
using Foretell.Training.Reports;

namespace Foretell.Cli.Quickstarting;

/// <summary>The second stage in the quick start's report: scores over seeds, the same questions after each stage, each stage's curve.</summary>
internal static class StageReport
{
    /// <summary>Student's t for a 95% interval, by degrees of freedom from 1.</summary>
    private static readonly double[] s_student = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

    private static readonly (string Name, Func<StageScore, double> Value)[] s_scores =
    [
        ("Answers right", score => score.Right.Share),
        ("Makes up answers", score => score.MadeUp.Share),
        ("Asks back", score => score.AskedBack.Share),
        ("Sums right", score => score.Sums.Share),
        ("Ends by itself", score => score.Ended.Share),
    ];

    /// <summary>A stage's scores over all seeds, a cell each.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["Stage", .. s_scores.Select(score => score.Name), "Preferred to fine-tuned"];

    /// <summary>One row a stage: means over the seeds with 95% intervals.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Rows(IReadOnlyList<IReadOnlyList<StageResult>> seeds) =>
        [.. Enumerable.Range(0, seeds[0].Count).Select(stage => (IReadOnlyList<string>)
        [
            Words(seeds[0][stage].Name),
            .. s_scores.Select(score => Interval([.. seeds.Select(seed => score.Value(seed[stage].Score))])),
            stage <= 1 ? "" : Interval([.. seeds.Select(seed => seed[stage].Score.PreferredTo(seed[1].Score))]),
        ])];

    public static void Write(HtmlReport report, StageExam exam, IReadOnlyList<IReadOnlyList<StageResult>> seeds, IReadOnlyList<double> rewardAccuracy)
    {
        IReadOnlyList<StageResult> first = seeds[0];
        report.Section("From a predictor to an assistant")
            .Text("After pretraining comes the second stage. The model is shown how one answers; a reward model learns from comparisons which answers people prefer; the model follows that reward, on a leash; and it learns to say that it does not know, and to ask back. After each stage it answers the same held-out questions of the little world, whose truth is known. Means over "
                + seeds.Count.ToString(CultureInfo.InvariantCulture) + " seeds of the whole second stage, with 95% intervals (Student's t).")
            .Table(Columns, Rows(seeds))
            .Text($"The reward model agreed with {Interval(rewardAccuracy)} of held-out comparisons, of which {SecondStage.LabelNoise.ToString("P0", CultureInfo.InvariantCulture)} are labelled the wrong way round, as people err.");
        ReportSection answers = report.Section("The same questions after each stage").Text("Of the first seed, the likeliest answer each time.");
        for (int i = 0; i < exam.Shown.Count; i++)
        {
            int question = i;
            answers.Table([exam.Shown[i], "Answer"], [.. first.Select(stage => (IReadOnlyList<string>)[Words(stage.Name), stage.Score.Answers[question].Length > 0 ? stage.Score.Answers[question] : "(nothing)"])]);
        }
        ReportSection curves = report.Section("How each stage learned");
        foreach ((string stage, string value, string title, string unit) in new[]
        {
            ("fine-tuned", "heldOutNats", "Fine-tuning: held-out conversations become foreseeable", "nats per token of the assistant"),
            ("reward", "heldOutAccuracy", "Reward model: held-out comparisons ranked as people did", "share"),
            ("reinforced", "reward", "Reinforcement: the reward rises", "reward model's score"),
            ("reinforced", "kl", "Reinforcement: the leash holds", "nats of an answer from the fine-tuned model"),
            ("doubt-shown", "heldOutNats", "Doubt, shown", "nats per token of the assistant"),
            ("doubt-learned", "reward", "Doubt, learned from outcomes", "reward"),
        })
        {
            ChartSeries[] series = [.. seeds.Select((stages, seed) => (Seed: seed + 1, Path: Path.Combine(Path.GetDirectoryName(stages[1].Folder!)!, stage, "metrics.jsonl")))
                .Where(run => File.Exists(run.Path))
                .Select(run => new ChartSeries(FormattableString.Invariant($"seed {run.Seed}"), [.. MetricsLog.Read(run.Path).Where(entry => entry.Values.ContainsKey(value)).Select(entry => ((double)entry.Step, entry.Values[value]))]))
                .Where(line => line.Points.Count > 0)];
            if (series.Length > 0)
            {
                curves.Chart(new LineChart { Title = title, XLabel = "steps", YLabel = unit, Series = series });
            }
        }
    }

    /// <summary>Mean and 95% interval of the mean, of shares.</summary>
    internal static string Interval(IReadOnlyList<double> values)
    {
        double mean = values.Average();
        string text = mean.ToString("P1", CultureInfo.InvariantCulture);
        if (values.Count < 2)
        {
            return text;
        }
        double deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        double half = s_student[Math.Min(values.Count - 1, s_student.Length) - 1] * deviation / Math.Sqrt(values.Count);
        return text + " ± " + (100 * half).ToString("F1", CultureInfo.InvariantCulture);
    }

    private static string Words(string name) => name switch
    {
        "doubt-learned" => "Doubt learned",
        _ => char.ToUpperInvariant(name[0]) + name[1..],
    };
}
