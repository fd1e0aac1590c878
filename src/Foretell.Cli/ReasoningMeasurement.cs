using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Assistant;
using Foretell.Evaluation;
using Foretell.Inference;
using Foretell.Tensors;
using Foretell.Training.Reports;

namespace Foretell.Cli;

/// <summary>Measures a model's reasoning, and says it as a table, as JSON and as a report.</summary>
internal static class ReasoningMeasurement
{
    /// <exception cref="InvalidDataException">Model and value function do not go together.</exception>
    public static void Run(string path, ReasoningRequest request, bool asJson, Func<Device> createDevice)
    {
        using LoadedModel loaded = LoadedModel.Open(path, createDevice);
        using ForetellModel served = ForetellModel.Over(loaded.Pretrained, Path.GetFileName(loaded.Folder));
        using JudgeFolder? judge = request.JudgePath is string folder ? JudgeFolder.Load(folder, loaded.Device) : null;
        if (judge is not null && judge.Tokenizer.Fingerprint != loaded.Tokenizer.Fingerprint)
        {
            throw new InvalidDataException($"{request.JudgePath} judges tokens of another vocabulary than {path} writes; make a value function of this model by foretell value.");
        }
        ReasoningOptions options = request.Options with { CutBelow = request.CutBelow ?? judge?.CutBelow ?? 0 };
        var evaluation = new ReasoningEvaluation(served.Engine, served.Tokenizer, served.Template, judge?.Judge);
        long began = Stopwatch.GetTimestamp();
        IReadOnlyList<ReasoningScore> scores;
        using (var status = new StatusLine())
        {
            scores = evaluation.RunAsync(options, new Progress(status, began), CommandLine.CancelOnInterrupt()).GetAwaiter().GetResult();
        }
        if (request.Report is string report)
        {
            Report(scores, options).Save(report);
        }
        if (asJson)
        {
            JsonText.Print(new JsonObject { ["scores"] = new JsonArray([.. scores.Select(Json)]), ["seconds"] = JsonText.Number(Stopwatch.GetElapsedTime(began).TotalSeconds, 3) });
            return;
        }
        foreach (ReasoningScore score in scores)
        {
            Console.WriteLine(FormattableString.Invariant($"{score.Environment,-22} budget {score.Budget?.ToString(CultureInfo.InvariantCulture) ?? "none",5}  {Samples(score),-34} right {score.Right,-25} {score.Tokens,7:F1} tokens a problem, {score.ThinkingTokens:F1} of thought"));
        }
    }

    internal static HtmlReport Report(IReadOnlyList<ReasoningScore> scores, ReasoningOptions options)
    {
        HtmlReport report = new HtmlReport("Reasoning", FormattableString.Invariant($"{options.Problems:N0} held-out problems of each environment and level, seed {options.Seed}"));
        int most = scores.Max(score => score.Samples);
        IGrouping<string, ReasoningScore>[] environments = [.. scores.GroupBy(score => score.Environment)];
        if (options.Budgets.Count > 1)
        {
            report.Section("Accuracy against the budget of thought").Chart(new LineChart
            {
                Title = FormattableString.Invariant($"Right answers against the budget, {(most == 1 ? "one answer each" : $"by vote of {most}")}"),
                XLabel = "tokens of thought allowed",
                YLabel = "share of problems right",
                YFrom = 0,
                YTo = 1,
                Series = [.. environments.Select(environment => new ChartSeries(environment.Key, [.. environment
                    .Where(score => score.Choice == AnswerChoice.Vote && score.Samples == most && score.Budget is not null)
                    .Select(score => ((double)score.Budget!.Value, score.Right.Share))]))],
            });
        }
        if (most > 1)
        {
            foreach (IGrouping<string, ReasoningScore> environment in environments)
            {
                int? budget = environment.Last().Budget;
                report.Section(environment.Key).Chart(new LineChart
                {
                    Title = "Right answers against tokens drawn",
                    XLabel = "tokens a problem, all samples together",
                    YLabel = "share of problems right",
                    YFrom = 0,
                    YTo = 1,
                    Series = [.. environment.Where(score => score.Budget == budget).GroupBy(score => score.Choice).Select(choice => new ChartSeries(
                        Words(choice.Key), [.. (choice.Count() == 1 ? choice.Append(choice.First() with { Tokens = choice.First().Tokens * 1.02 }) : choice).Select(score => (score.Tokens, score.Right.Share))]))],
                });
            }
        }
        report.Section("All scores").Table(
            ["Environment", "Budget", "Answers", "Right (95%)", "Tokens a problem", "Of thought", "Agreement"],
            [.. scores.Select(score => (IReadOnlyList<string>)[
                score.Environment, score.Budget?.ToString(CultureInfo.InvariantCulture) ?? "none", Samples(score), score.Right.ToString(),
                score.Tokens.ToString("F1", CultureInfo.InvariantCulture), score.ThinkingTokens.ToString("F1", CultureInfo.InvariantCulture), score.Agreement.ToString("P0", CultureInfo.InvariantCulture)])]);
        return report;
    }

    private static string Samples(ReasoningScore score) => score is { Samples: 1, Choice: AnswerChoice.Vote } ? "one answer" : FormattableString.Invariant($"{score.Samples} {Words(score.Choice)}");

    private static string Words(AnswerChoice choice) => choice switch
    {
        AnswerChoice.Vote => "by vote",
        AnswerChoice.WeightedVote => "by weighted vote",
        AnswerChoice.BestValue => "by highest value",
        AnswerChoice.VoteAfterCutting => "cut midway, by vote",
        _ => "cut midway, by weighted vote",
    };

    private static JsonNode Json(ReasoningScore score) => new JsonObject
    {
        ["environment"] = score.Environment,
        ["budget"] = score.Budget,
        ["samples"] = score.Samples,
        ["choice"] = JsonNamingPolicy.CamelCase.ConvertName(score.Choice.ToString()),
        ["right"] = score.Right.Successes,
        ["problems"] = score.Right.Trials,
        ["accuracy"] = JsonText.Number(score.Right.Share),
        ["low"] = JsonText.Number(score.Right.Interval.Low),
        ["high"] = JsonText.Number(score.Right.Interval.High),
        ["tokens"] = JsonText.Number(score.Tokens),
        ["thinkingTokens"] = JsonText.Number(score.ThinkingTokens),
        ["agreement"] = JsonText.Number(score.Agreement),
    };

    private sealed class Progress(StatusLine status, long began) : IProgress<(int Done, int All)>
    {
        public void Report((int Done, int All) value) => status.Show(() =>
            FormattableString.Invariant($"{value.Done} of {value.All} problems  {StatusLine.Remaining(Stopwatch.GetElapsedTime(began), value.Done, value.All)}"));
    }
}
