using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Foretell.Data;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>Everything that decides a run of KTO, beside the model and the labelled answers.</summary>
public sealed record KahnemanTverskyRecipe : PreferenceRecipe
{
    /// <summary>β, how strongly the policy is held to the reference; above 0.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>λ_D, the weight of good answers; null balances them against the bad ones so that λ_D n_D = λ_U n_U, neither below 1.</summary>
    public double? DesirableWeight { get; init; }

    /// <summary>λ_U, the weight of bad answers; null as above.</summary>
    public double? UndesirableWeight { get; init; }

    /// <summary>The names of all settings, as they stand in JSON.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. KahnemanTverskyJson.Default.KahnemanTverskyRecipe.Properties.Select(property => property.Name)];

    /// <summary>Reads a recipe and applies settings over it; see <see cref="RecipeReader.Parse"/>.</summary>
    /// <exception cref="FormatException">Not JSON, an unknown key or a value out of its range; the message names it.</exception>
    public static KahnemanTverskyRecipe Parse(string? json, IEnumerable<string> settings)
    {
        KahnemanTverskyRecipe recipe = RecipeReader.Parse(json, settings, new KahnemanTverskyRecipe(), KahnemanTverskyJson.Default.KahnemanTverskyRecipe, "foretell dpo --method kto", PreferenceWords.Wanted);
        recipe.Validate();
        return recipe;
    }

    public string ToJson() => JsonSerializer.Serialize(this, KahnemanTverskyJson.Default.KahnemanTverskyRecipe);

    public override void Validate()
    {
        base.Validate();
        Require(Beta > 0, "beta", Beta, "above 0");
        Require(DesirableWeight is null or > 0, "desirableWeight", DesirableWeight ?? 0, "above 0");
        Require(UndesirableWeight is null or > 0, "undesirableWeight", UndesirableWeight ?? 0, "above 0");
    }
}

/// <summary>
/// Kahneman-Tversky optimization (KTO; Ethayarajh et al. 2024, <see href="https://arxiv.org/abs/2402.01306"/>): answers that
/// are called good or bad one by one, valued as people value gains and losses around a reference point. With
/// r = log(π(y|x) / π_ref(y|x)) and z = max(0, mean over the batch of log(π(y'|x) / π_ref(y'|x))), y' the answer to another
/// prompt, through which no gradient goes:
/// L = E[λ_D (1 - σ(β (r - z)))] over good answers + E[λ_U (1 - σ(β (z - r)))] over bad ones
/// Departures: y' is the answer of the next row of another prompt, fixed for the whole run so that the reference's
/// log-probabilities are known, where the paper shifts the answers within each batch. Comparisons are taken apart: the
/// chosen answer is good, the rejected one bad.
/// </summary>
/// <param name="model">Trained in place; as it is now it is the reference.</param>
/// <param name="folder">The run's folder; the finished model comes into its folder "model".</param>
public sealed class KahnemanTversky(KahnemanTverskyRecipe recipe, TrainedModel model, PreferenceSet data, string folder)
{
    /// <summary>More of config.json, such as paths; null for nothing.</summary>
    public JsonObject? Notes { get; init; }

    /// <inheritdoc cref="DirectPreference.Run"/>
    public PreferenceResult Run(IProgress<PreferenceProgress>? progress = null, CancellationToken cancellation = default)
    {
        var warnings = new List<string>(data.Warnings);
        (PreferenceSet training, PreferenceSet heldOut) = data.Split(recipe.HeldOutShare, recipe.Seed);
        var tokens = new PreferenceTokens(model.Template, model.Tokenizer, PolicyRun.MaximumTokens(recipe, model), recipe.TooLong, warnings.Add);
        IReadOnlyList<LabelledTokens> rows = tokens.Encode(training.Answers);
        IReadOnlyList<LabelledTokens> measured = tokens.Encode([.. heldOut.Answers.Take(recipe.HeldOutRows)]);
        int good = rows.Count(row => row.Source.IsDesirable);
        if (good == 0 || good == rows.Count)
        {
            throw new FormatException($"All {rows.Count} answers to learn from are labelled {(good == 0 ? "bad" : "good")}; KTO needs both.");
        }
        if (rows.All(row => row.Mismatched is null))
        {
            throw new FormatException("All answers to learn from have one prompt; KTO needs the answers to another prompt for its reference point.");
        }
        return PolicyRun.Run(recipe, model, data, new Objective(recipe, model, rows, measured), folder, warnings, Notes, progress, cancellation);
    }

    /// <summary>An answer's loss and its derivative by the answer's log-ratio.</summary>
    /// <param name="ratio">r, in nats.</param>
    /// <param name="point">z, in nats.</param>
    internal static (double Loss, double Slope) Loss(double beta, double weight, double ratio, double point, bool isDesirable)
    {
        double direction = isDesirable ? 1 : -1;
        double value = Logistic.Sigmoid(direction * beta * (ratio - point));
        return (weight * (1 - value), -direction * weight * beta * value * (1 - value));
    }

    private sealed class Objective(KahnemanTverskyRecipe recipe, TrainedModel model, IReadOnlyList<LabelledTokens> rows, IReadOnlyList<LabelledTokens> heldOut) : IPolicyObjective
    {
        private readonly double _goodShare = rows.Count(row => row.Source.IsDesirable) / (double)rows.Count;

        public string Name => "kto";

        public string Title => "Kahneman-Tversky optimization";

        public string RecipeJson => recipe.ToJson();

        public int Rows => rows.Count;

        public IReadOnlyList<AnswerTokens> Answers { get; } = [.. rows.Concat(heldOut).SelectMany(row => row.Mismatched is null ? new[] { row.Answer } : [row.Answer, row.Mismatched])];

        public IEnumerable<IReadOnlyList<ChatMessage>> HeldOutPrompts => heldOut.Select(row => row.Source.Prompt);

        private double GoodWeight => recipe.DesirableWeight ?? Math.Max(1, (1 - _goodShare) / _goodShare);

        private double BadWeight => recipe.UndesirableWeight ?? Math.Max(1, _goodShare / (1 - _goodShare));

        public Dictionary<string, double> Learn(int[] batch, ReferenceLogProbabilities reference)
        {
            double point = Point([.. batch.Select(row => rows[row])], reference);
            double total = 0;
            var good = new List<double>();
            var bad = new List<double>();
            SequenceGradient.Run(model.Transformer, [.. batch.Select(row => (IReadOnlyList<int[]>)[rows[row].Answer.Ids])], (group, logProbabilities, derivatives) =>
            {
                LabelledTokens row = rows[batch[group]];
                double ratio = new AnswerLogRatio(logProbabilities[0][(row.Answer.Start - 1)..], reference[row.Answer]).Sum;
                (double loss, double slope) = Loss(recipe.Beta, row.Source.IsDesirable ? GoodWeight : BadWeight, ratio, point, row.Source.IsDesirable);
                total += loss / batch.Length;
                derivatives[0].AsSpan(row.Answer.Start - 1).Fill((float)(slope / batch.Length));
                (row.Source.IsDesirable ? good : bad).Add(recipe.Beta * ratio);
            }, recipe.TokensAtOnce);
            var values = new Dictionary<string, double> { ["loss"] = total, ["referencePoint"] = point };
            if (good.Count > 0 && bad.Count > 0)
            {
                values["accuracy"] = Ordered(good, bad);
                values["margin"] = good.Average() - bad.Average();
            }
            return values;
        }

        public Dictionary<string, double> Measure(ReferenceLogProbabilities reference)
        {
            if (heldOut.Count == 0)
            {
                return [];
            }
            double point = Point(heldOut, reference);
            IReadOnlyList<float[]> policy = ReferenceLogProbabilities.Of(model.Transformer, [.. heldOut.Select(row => row.Answer)], recipe.TokensAtOnce);
            List<(bool IsDesirable, AnswerLogRatio Ratio)> ratios = [.. heldOut.Select((row, i) => (row.Source.IsDesirable, new AnswerLogRatio(policy[i], reference[row.Answer])))];
            List<AnswerLogRatio> good = [.. ratios.Where(row => row.IsDesirable).Select(row => row.Ratio)];
            List<AnswerLogRatio> bad = [.. ratios.Where(row => !row.IsDesirable).Select(row => row.Ratio)];
            var values = new Dictionary<string, double>
            {
                ["heldOutLoss"] = ratios.Average(row => Loss(recipe.Beta, row.IsDesirable ? GoodWeight : BadWeight, row.Ratio.Sum, point, row.IsDesirable).Loss),
                ["heldOutKl"] = ratios.Average(row => row.Ratio.Kl),
                ["heldOutReferencePoint"] = point,
            };
            if (good.Count > 0 && bad.Count > 0)
            {
                values["heldOutPairs"] = Math.Min(good.Count, bad.Count);
                values["heldOutAccuracy"] = Ordered([.. good.Select(ratio => ratio.Sum)], [.. bad.Select(ratio => ratio.Sum)]);
                values["heldOutMargin"] = recipe.Beta * (good.Average(ratio => ratio.Sum) - bad.Average(ratio => ratio.Sum));
                values["heldOutChosenLogRatio"] = good.Average(ratio => ratio.Mean);
                values["heldOutRejectedLogRatio"] = bad.Average(ratio => ratio.Mean);
            }
            return values;
        }

        /// <summary>z: how much likelier than under the reference the policy makes answers that have nothing to do with their prompts.</summary>
        private double Point(IReadOnlyList<LabelledTokens> batch, ReferenceLogProbabilities reference)
        {
            AnswerTokens[] mismatched = [.. batch.Select(row => row.Mismatched).OfType<AnswerTokens>()];
            if (mismatched.Length == 0)
            {
                return 0;
            }
            IReadOnlyList<float[]> policy = ReferenceLogProbabilities.Of(model.Transformer, mismatched, recipe.TokensAtOnce);
            return Math.Max(0, mismatched.Select((answer, i) => new AnswerLogRatio(policy[i], reference[answer]).Sum).Average());
        }

        /// <summary>How often a good answer has the higher reward than a bad one, over all of both (the area under the ROC curve).</summary>
        private static double Ordered(List<double> good, List<double> bad) => good.Average(high => bad.Average(low => high > low ? 1 : high == low ? 0.5 : 0));
    }
}

[JsonSerializable(typeof(KahnemanTverskyRecipe))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
internal sealed partial class KahnemanTverskyJson : JsonSerializerContext;
