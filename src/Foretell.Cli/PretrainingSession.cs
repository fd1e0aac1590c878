using System.Diagnostics;
using System.Globalization;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Training;
using Foretell.Training.Reports;

namespace Foretell.Cli;

/// <summary>Runs a prepared pretraining in the terminal: what it needs, how it goes, where it left its results.</summary>
internal static class PretrainingSession
{
    /// <summary>Trains to the end or until interrupted.</summary>
    /// <param name="resumeHint">The command that goes on after an interruption.</param>
    /// <returns>False when it was interrupted.</returns>
    public static bool Run(PretrainingWorkspace workspace, Device device, string title, string resumeHint, CancellationToken cancellation, Action<HtmlReport, bool>? extend = null)
    {
        PretrainingRecipe recipe = workspace.Recipe;
        long tokensPerStep = (long)recipe.BatchRows!.Value * recipe.ContextLength;
        Console.WriteLine(FormattableString.Invariant($"model: {workspace.Model.ParameterCount:N0} parameters, {workspace.Model.Layers} layers x {workspace.Model.Channels} channels, context {workspace.Model.ContextLength}, vocabulary {workspace.Model.VocabularySize:N0}"));
        Console.WriteLine(FormattableString.Invariant($"data: {workspace.Shards.Train.TokenCount:N0} tokens to train on, {workspace.Shards.Validation.TokenCount:N0} held out; {recipe.Steps:N0} steps of {tokensPerStep:N0} tokens ({recipe.Steps * tokensPerStep / (double)workspace.Shards.Train.TokenCount:F2} epochs)"));
        MemoryEstimate memory = MemoryEstimate.Of(workspace.Model, recipe);
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        Console.WriteLine($"memory: {MemoryEstimate.Gigabytes(memory.Total)} of {MemoryEstimate.Gigabytes(available)} ({memory})");
        memory.RequireWithin(available);
        double peak = CpuDevice.MeasurePeak(device);
        Console.WriteLine(FormattableString.Invariant($"kernels: {device.Description}, {peak / 1e9:F0} GFLOP/s measured peak"));

        var training = new Pretraining(recipe, workspace.Model, device, workspace.Tokenizer, workspace.Shards, workspace.Folder);
        var printer = new Printer(workspace.Model.TrainingOperationsPerToken / peak);
        PretrainingResult result = training.Run(printer, cancellation);
        HtmlReport report = TrainingReport.Create(title, FormattableString.Invariant($"{workspace.Model.ParameterCount:N0} parameters, {device.Description}"), MetricsLog.Read(Path.Combine(workspace.Folder, "metrics.jsonl")));
        try
        {
            extend?.Invoke(report, result.IsFinished);
        }
        finally
        {
            report.Section("The recipe").Code(recipe.ToJson());
            report.Save(Path.Combine(workspace.Folder, "report.html"));
        }
        if (!result.IsFinished)
        {
            Console.WriteLine(FormattableString.Invariant($"Stopped after step {result.Step:N0}; the checkpoint is saved. Go on with: {resumeHint}"));
            return false;
        }
        Console.WriteLine($"model: {training.ModelPath}");
        Console.WriteLine($"report: {Path.Combine(workspace.Folder, "report.html")}");
        return true;
    }

    /// <summary>Prints at most a line every few seconds, and every validation, sample and notice.</summary>
    private sealed class Printer(double peakSecondsPerToken) : IProgress<PretrainingProgress>
    {
        private static readonly TimeSpan s_every = TimeSpan.FromSeconds(10);
        private long _last;

        public void Report(PretrainingProgress p)
        {
            if (p.Notice is not null)
            {
                Console.WriteLine(p.Notice);
            }
            bool due = _last == 0 || Stopwatch.GetElapsedTime(_last) >= s_every || p.Step == p.Steps;
            if (due || p.BitsPerByte is not null)
            {
                _last = Stopwatch.GetTimestamp();
                string validation = p.BitsPerByte is double bits ? FormattableString.Invariant($"  held out {p.ValidationNats:F4} nats, {bits:F4} bits per byte") : "";
                Console.WriteLine(FormattableString.Invariant($"step {p.Step,6:N0}/{p.Steps:N0}  loss {p.Loss:F4}  norm {p.GradientNorm:F2}  {p.TokensPerSecond:N0} tokens/s ({p.TokensPerSecond * peakSecondsPerToken:P0} of peak)  {Remaining(p.RemainingSeconds)} left{validation}"));
            }
            if (p.Sample is { Length: > 0 } sample)
            {
                Console.WriteLine("    | " + sample.ReplaceLineEndings("\n    | "));
            }
        }

        private static string Remaining(double seconds) => seconds < 100
            ? seconds.ToString("F0", CultureInfo.InvariantCulture) + " s"
            : (seconds / 60).ToString("F1", CultureInfo.InvariantCulture) + " min";
    }
}
