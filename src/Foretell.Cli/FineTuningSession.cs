using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tokenizers;
using Foretell.Training;
using Foretell.Training.Reports;

namespace Foretell.Cli;

/// <summary>Runs a fine-tuning in the terminal: what it learns from, what it needs, how it goes, whether answers end, where it left its results.</summary>
/// <param name="output">Where progress is told.</param>
internal sealed class FineTuningSession(FineTuningRecipe given, FineTuningInputs inputs, string folder, Device device, TextWriter output)
{
    private const int ShownAnswers = 8;

    /// <summary>Trains to the end or until interrupted.</summary>
    /// <returns>The result for machines; null when it was interrupted.</returns>
    public JsonObject? Run(CancellationToken cancellation)
    {
        bool isLora = given.LoraRank > 0;
        if (isLora && inputs.AddMarkers)
        {
            throw new FormatException("--add-markers does not go with --lora: adapters leave the embeddings frozen, so new markers could never be told apart; fine-tune all weights once, then use --lora.");
        }
        using TrainedModel model = Load(training: true);
        (IReadOnlyList<ChatExample> train, IReadOnlyList<ChatExample> heldOut, string? left) = Examples(model, cancellation);
        FineTuningRecipe recipe = given.Resolve(model.Transformer.Config, sized => SupervisedFineTuning.Batches(sized, train, 0));
        output.WriteLine(FormattableString.Invariant($"model: {inputs.Model}, {model.Transformer.Config.ParameterCount:N0} parameters, context {model.Transformer.Config.ContextLength}; turns end with {model.Tokenizer.Decode([model.Chat.EndOfTurnId], withSpecial: true)}"));
        output.WriteLine(FormattableString.Invariant($"data: {train.Count:N0} conversations with {train.Sum(example => (long)example.TargetCount):N0} tokens to learn, {heldOut.Count:N0} held out; {recipe.Steps:N0} steps of {recipe.BatchRows} rows of {recipe.ContextLength} tokens"));
        if (left is not null)
        {
            output.WriteLine($"note: {left}");
        }
        if (isLora)
        {
            model.Adapt(new LoraOptions { Rank = recipe.LoraRank, Alpha = recipe.LoraAlpha!.Value, Dropout = recipe.LoraDropout, Targets = recipe.LoraTargets }, recipe.Seed);
        }
        SayMemory(model, recipe);
        output.WriteLine($"kernels: {device.Description}");

        JsonObject notes = inputs.ToJson();
        notes["recipe"] = JsonNode.Parse(recipe.ToJson());
        var tuning = new SupervisedFineTuning(recipe, model, train, heldOut, folder, notes);
        FineTuningResult result = tuning.Run(new Printer(output), cancellation);
        if (!result.IsFinished)
        {
            output.WriteLine(FormattableString.Invariant($"Stopped after step {result.Step:N0}; the checkpoint is saved. Go on with: foretell sft --out {folder} --resume"));
            return null;
        }
        if (model.Adapter is { } adapter && model.Transformer.Config.Architecture != "gpt2")
        {
            PeftFolder.Save(adapter, model.Transformer.Config, model.Path!, Path.Combine(folder, "adapter"));
        }
        return Finish(model, recipe, result, heldOut.Count > 0 ? heldOut : train, heldOut.Count > 0, left, cancellation);
    }

    private TrainedModel Load(bool training)
    {
        ChatTemplate? template = inputs.Template is string text ? (text == ChatTemplate.ChatMl.Source ? ChatTemplate.ChatMl : ChatTemplate.Parse(text)) : null;
        return given.LoraRank > 0
            ? TrainedModel.LoadFrozen(inputs.Model, device, template, WeightKeys.FromEnvironment())
            : TrainedModel.Load(inputs.Model, device, training, inputs.AddMarkers, template, WeightKeys.FromEnvironment());
    }

    private (IReadOnlyList<ChatExample> Train, IReadOnlyList<ChatExample> HeldOut, string? Left) Examples(TrainedModel model, CancellationToken cancellation)
    {
        int context = given.Context(model.Transformer.Config);
        ChatDataset all = ChatDataset.Encode(ChatForms.Read(inputs.Data, given.Form), model.Chat, context, given.TooLong, cancellation);
        if (inputs.HeldOut.Count == 0)
        {
            (IReadOnlyList<ChatExample> train, IReadOnlyList<ChatExample> held) = all.Split(given.HeldOutShare, given.Seed);
            return (train, held, all.LeftOut(context));
        }
        ChatDataset judges = ChatDataset.Encode(ChatForms.Read(inputs.HeldOut, given.Form), model.Chat, context, given.TooLong, cancellation);
        string[] left = [.. new[] { all.LeftOut(context), judges.LeftOut(context) }.OfType<string>()];
        return (all.Examples, judges.Examples, left.Length > 0 ? string.Join("; ", left) : null);
    }

    private void SayMemory(TrainedModel model, FineTuningRecipe recipe)
    {
        MemoryEstimate memory = MemoryEstimate.Of(
            model.Transformer.Config with { ContextLength = recipe.ContextLength!.Value },
            new PretrainingRecipe { MicroBatchRows = recipe.MicroBatchRows, Optimizer = recipe.Optimizer });
        if (model.Adapter is { } adapter)
        {
            memory = memory with { Weights = memory.Weights + 4 * adapter.Parameters.Count, Gradients = 4 * adapter.Parameters.Count, OptimizerState = 8 * adapter.Parameters.Count };
            output.WriteLine(FormattableString.Invariant($"adapters: {adapter.Options}; {adapter.Parameters.Count:N0} numbers are trained, {100.0 * adapter.Parameters.Count / model.Transformer.Config.ParameterCount:F2}% of the model's; its own have no gradients and no optimizer state"));
        }
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        output.WriteLine($"memory: {MemoryEstimate.Gigabytes(memory.Total)} of {MemoryEstimate.Gigabytes(available)} ({memory})");
        memory.RequireWithin(available);
    }

    /// <summary>Asks held-out questions of the model before and after, and writes the report.</summary>
    private JsonObject Finish(TrainedModel model, FineTuningRecipe recipe, FineTuningResult result, IReadOnlyList<ChatExample> questions, bool isHeldOut, string? left, CancellationToken cancellation)
    {
        IReadOnlyList<ExaminedAnswer> after = AnswerExam.Run(model, questions, recipe.Questions, recipe.AnswerTokens, cancellation: cancellation);
        int drawnEnded = AnswerExam.Run(model, questions, recipe.Questions, recipe.AnswerTokens, temperature: 1, cancellation).Count(answer => answer.Ended);
        model.Transformer.Adapters.Use(null);
        IReadOnlyList<ExaminedAnswer> before;
        using (TrainedModel original = Load(training: false))
        {
            before = AnswerExam.Run(original, questions, recipe.Questions, recipe.AnswerTokens, cancellation: cancellation);
        }
        string kind = isHeldOut ? "held-out" : "training";
        int ended = after.Count(answer => answer.Ended);
        int endedBefore = before.Count(answer => answer.Ended);
        HtmlReport report = TrainingReport.Create($"Fine-tuning {Path.GetFileName(Path.GetFullPath(folder))}", FormattableString.Invariant($"{inputs.Model}, {model.Transformer.Config.ParameterCount:N0} parameters{(recipe.LoraRank > 0 ? $", adapters of rank {recipe.LoraRank}" : "")}, {device.Description}"), MetricsLog.Read(Path.Combine(folder, "metrics.jsonl")));
        ReportSection answers = report.Section("Do answers end?");
        if (after.Count > 0)
        {
            report.Figures(new KeyFigure("Answers that end", FormattableString.Invariant($"{ended} of {after.Count}"), FormattableString.Invariant($"before: {endedBefore}")));
            answers.Text(FormattableString.Invariant($"Of {after.Count} {kind} questions, each answered with at most {recipe.AnswerTokens} tokens, the likeliest each time, the model ended its turn itself in {ended} (in {drawnEnded} when tokens are drawn at temperature 1); before fine-tuning it did in {endedBefore}. {after.Count(answer => answer.Given == answer.Wanted)} answers are word for word those of the data; before, {before.Count(answer => answer.Given == answer.Wanted)} were."));
            answers.Table(["Question", "Wanted", "Before", "After"], [.. after.Take(ShownAnswers).Select((answer, i) => (IReadOnlyList<string>)[Short(answer.Question), Short(answer.Wanted), Shown(before[i]), Shown(answer)])]);
            answers.Note("Answers that did not end by themselves are followed by an ellipsis and cut.");
        }
        else
        {
            answers.Text(recipe.Questions == 0 ? "No question was asked (questions=0)." : FormattableString.Invariant($"No {kind} question leaves room for an answer of {recipe.AnswerTokens} tokens in the model's context of {model.Transformer.Config.ContextLength}; lower answerTokens."));
        }
        if (double.IsFinite(result.BestNats))
        {
            report.Figures(new KeyFigure("Held-out loss", result.BestNats.ToString("F3", CultureInfo.InvariantCulture), FormattableString.Invariant($"nats per token, before: {result.BaseNats:F3}")));
        }
        ReportSection recipes = report.Section("The recipe");
        if (left is not null)
        {
            recipes.Text($"Left out: {left}.");
        }
        recipes.Code(recipe.ToJson());
        string path = Path.Combine(folder, "report.html");
        report.Save(path);
        if (double.IsFinite(result.BestNats))
        {
            output.WriteLine(FormattableString.Invariant($"held-out loss: {result.BestNats:F4} nats a token at step {result.BestStep:N0}, whose weights are kept; before: {result.BaseNats:F4}"));
        }
        output.WriteLine(FormattableString.Invariant($"answers that end by themselves: {ended} of {after.Count} {kind} questions, {drawnEnded} when drawn at temperature 1; before: {endedBefore}"));
        output.WriteLine($"model: {Path.Combine(folder, "model")}");
        output.WriteLine($"report: {path}");
        return new JsonObject
        {
            ["model"] = Path.Combine(folder, "model"),
            ["steps"] = result.Step,
            ["bestStep"] = result.BestStep,
            ["heldOutNats"] = JsonText.Number(result.BestNats),
            ["heldOutNatsBefore"] = JsonText.Number(result.BaseNats),
            ["questions"] = after.Count,
            ["ended"] = ended,
            ["endedDrawn"] = drawnEnded,
            ["endedBefore"] = endedBefore,
        };
    }

    private static string Shown(ExaminedAnswer answer) => answer.Ended ? Short(answer.Given) : Short(answer.Given).TrimEnd('…') + "…";

    private static string Short(string text)
    {
        const int Longest = 240;
        return text.Length <= Longest ? text : text[..(char.IsHighSurrogate(text[Longest - 1]) ? Longest - 1 : Longest)] + "…";
    }

    /// <summary>Prints at most a line every few seconds, and every evaluation and notice.</summary>
    private sealed class Printer(TextWriter output) : IProgress<FineTuningProgress>
    {
        private static readonly TimeSpan s_every = TimeSpan.FromSeconds(10);
        private long _last;

        public void Report(FineTuningProgress p)
        {
            if (p.Notice is not null)
            {
                output.WriteLine(p.Notice);
            }
            if (p.HeldOutNats is not null || _last == 0 || Stopwatch.GetElapsedTime(_last) >= s_every || p.Step == p.Steps)
            {
                _last = Stopwatch.GetTimestamp();
                string remaining = p.RemainingSeconds < 100 ? FormattableString.Invariant($"{p.RemainingSeconds:F0} s") : FormattableString.Invariant($"{p.RemainingSeconds / 60:F1} min");
                output.WriteLine(FormattableString.Invariant($"step {p.Step,6:N0}/{p.Steps:N0}  epoch {p.Epoch}  loss {p.Loss:F4}  norm {p.GradientNorm:F2}  {p.TokensPerSecond:N0} tokens/s  {remaining} left{(p.HeldOutNats is double nats ? FormattableString.Invariant($"  held out {nats:F4} nats") : "")}"));
            }
        }
    }
}
