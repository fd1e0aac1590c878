using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Nn.Optimizers;
using Foretell.Tokenizers;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>An objective of preferences, as the run of a policy sees it.</summary>
internal interface IPolicyObjective
{
    /// <summary>The name in config.json and on the command line, such as "dpo".</summary>
    string Name { get; }

    /// <summary>The report's title.</summary>
    string Title { get; }

    string RecipeJson { get; }

    /// <summary>Rows to learn from.</summary>
    int Rows { get; }

    /// <summary>Every answer whose log-probabilities under the reference are needed, in a fixed order.</summary>
    IReadOnlyList<AnswerTokens> Answers { get; }

    /// <summary>Held-out prompts, to show answers to.</summary>
    IEnumerable<IReadOnlyList<ChatMessage>> HeldOutPrompts { get; }

    /// <summary>Adds the gradient of some rows to the model's parameters and gives the step's numbers.</summary>
    Dictionary<string, double> Learn(int[] batch, ReferenceLogProbabilities reference);

    /// <summary>The numbers of the held-out rows.</summary>
    Dictionary<string, double> Measure(ReferenceLogProbabilities reference);
}

/// <summary>What DPO, KTO and ORPO share beside their objectives: reference, loop, saved model, report.</summary>
internal static class PolicyRun
{
    public static PreferenceResult Run(PreferenceRecipe recipe, TrainedModel model, PreferenceSet data, IPolicyObjective objective, string folder, List<string> warnings, JsonObject? notes, IProgress<PreferenceProgress>? progress, CancellationToken cancellation)
    {
        JsonObject config = PreferenceLoop.Config(objective.Name, objective.RecipeJson, model.Parameters, data);
        int endId = objective.Answers[0].Ids[^1];
        IReadOnlyList<TextSample> samplesBefore = PolicySamples.Of(model, objective.HeldOutPrompts, endId, "before");
        var loop = new PreferenceLoop(recipe, objective.Rows);
        using AdamW optimizer = loop.NewOptimizer(model.Device, model.Parameters, recipe.LearningRate);
        ReferenceLogProbabilities? reference = null;
        // The reference is the model as it was loaded, so it comes before the checkpoint; the run's lock comes before both.
        using TrainingRun run = TrainingRun.Open(folder, config, model.Device,
            [
                new CheckpointPart(CheckpointPart.Of(model.Transformer).File, CheckpointPart.Of(model.Transformer).Write, path =>
                {
                    reference = NewReference();
                    CheckpointPart.Of(model.Transformer).Read(path);
                }),
                CheckpointPart.Of("optimizer.safetensors", optimizer.State),
            ],
            recipe.KeepCheckpoints, notes);
        reference ??= NewReference();
        (bool finished, IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after) =
            loop.Run(run, [model.Transformer.Parameters], [optimizer], batch => objective.Learn(batch, reference), () => objective.Measure(reference), progress, cancellation);
        if (finished)
        {
            run.Keep("the model", () => model.Save(run.ModelPath));
        }
        warnings.AddRange(PreferenceWords.About(after, PreferenceWords.Recent(folder), isReward: false));
        IReadOnlyList<TextSample> samplesAfter = PolicySamples.Of(model, objective.HeldOutPrompts, endId, "after");
        run.Keep("report.html", () => PolicyReport.Create(objective.Title, objective.RecipeJson, folder, warnings, before, after, samplesBefore, samplesAfter).Save(Path.Combine(folder, "report.html")));
        return new PreferenceResult(run.Step, finished, before, after, warnings);

        ReferenceLogProbabilities NewReference() => ReferenceLogProbabilities.For(model.Transformer, config["modelFingerprint"]!.GetValue<string>(), objective.Answers, folder, recipe.TokensAtOnce);
    }

    /// <summary>How many ids of a conversation are read.</summary>
    public static int MaximumTokens(PreferenceRecipe recipe, TrainedModel model) => Math.Min(recipe.MaximumTokens ?? int.MaxValue, model.Transformer.Config.ContextLength);
}
