using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Foretell.Data;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>Everything that decides a run of ORPO, beside the model and the comparisons.</summary>
public sealed record OddsRatioRecipe : PreferenceRecipe
{
    /// <summary>λ, the weight of the odds ratio beside the cross-entropy; above 0.</summary>
    public double OddsWeight { get; init; } = 0.1;

    /// <summary>The names of all settings, as they stand in JSON.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. OddsRatioJson.Default.OddsRatioRecipe.Properties.Select(property => property.Name)];

    /// <summary>Reads a recipe and applies settings over it; see <see cref="RecipeReader.Parse"/>.</summary>
    /// <exception cref="FormatException">Not JSON, an unknown key or a value out of its range; the message names it.</exception>
    public static OddsRatioRecipe Parse(string? json, IEnumerable<string> settings)
    {
        OddsRatioRecipe recipe = RecipeReader.Parse(json, settings, new OddsRatioRecipe(), OddsRatioJson.Default.OddsRatioRecipe, "foretell dpo --method orpo", PreferenceWords.Wanted);
        recipe.Validate();
        return recipe;
    }

    public string ToJson() => JsonSerializer.Serialize(this, OddsRatioJson.Default.OddsRatioRecipe);

    public override void Validate()
    {
        base.Validate();
        Require(OddsWeight > 0, "oddsWeight", OddsWeight, "above 0");
    }
}

/// <summary>
/// Odds ratio preference optimization (ORPO; Hong et al. 2024, <see href="https://arxiv.org/abs/2403.07691"/>): fine-tuning on
/// the chosen answers and preference in one loss, without a reference. With P(y|x) = exp(mean over tokens of log p),
/// odds(y) = P / (1 - P):
/// L = E[-log P(y_c|x) - λ log σ(log(odds(y_c) / odds(y_r)))]
/// Departures: the cross-entropy counts the answer's tokens alone, as in the paper, where its authors' code counts the
/// prompt's too; the starting model's log-probabilities are computed as well, but only to measure how far the policy went.
/// </summary>
/// <param name="model">Trained in place.</param>
/// <param name="folder">The run's folder; the finished model comes into its folder "model".</param>
public sealed class OddsRatio(OddsRatioRecipe recipe, TrainedModel model, PreferenceSet data, string folder)
{
    /// <summary>More of config.json, such as paths; null for nothing.</summary>
    public JsonObject? Notes { get; init; }

    /// <inheritdoc cref="DirectPreference.Run"/>
    public PreferenceResult Run(IProgress<PreferenceProgress>? progress = null, CancellationToken cancellation = default)
    {
        var warnings = new List<string>(data.Warnings);
        var pairs = PairData.Encode(recipe, model, data, warnings);
        return PolicyRun.Run(recipe, model, data, new Objective(recipe, model, pairs), folder, warnings, Notes, progress, cancellation);
    }

    /// <summary>The loss of two mean log-probabilities, in nats a token, and its derivatives by them.</summary>
    internal static (double Loss, double ChosenSlope, double RejectedSlope) Loss(double oddsWeight, double chosen, double rejected)
    {
        double ratio = LogOdds(chosen) - LogOdds(rejected);
        double slope = -oddsWeight * Logistic.Sigmoid(-ratio);
        return (-chosen - oddsWeight * Logistic.LogSigmoid(ratio), -1 + slope * LogOddsSlope(chosen), -slope * LogOddsSlope(rejected));
    }

    /// <summary>log(P / (1 - P)) of log P.</summary>
    private static double LogOdds(double logProbability) => logProbability - Math.Log(-double.ExpM1(Bounded(logProbability)));

    /// <summary>1 / (1 - P), the derivative of the log odds by log P.</summary>
    private static double LogOddsSlope(double logProbability) => -1 / double.ExpM1(Bounded(logProbability));

    /// <summary>A certain answer would have infinite odds.</summary>
    private static double Bounded(double logProbability) => Math.Min(logProbability, -1e-9);

    private sealed class Objective(OddsRatioRecipe recipe, TrainedModel model, PairData pairs) : IPolicyObjective
    {
        public string Name => "orpo";

        public string Title => "Odds ratio preference optimization";

        public string RecipeJson => recipe.ToJson();

        public int Rows => pairs.Training.Count;

        public IReadOnlyList<AnswerTokens> Answers => pairs.Answers;

        public IEnumerable<IReadOnlyList<ChatMessage>> HeldOutPrompts => pairs.HeldOutPrompts;

        public Dictionary<string, double> Learn(int[] batch, ReferenceLogProbabilities reference)
        {
            double total = 0;
            var measured = new PolicyMeasurement(recipe.OddsWeight);
            SequenceGradient.Run(model.Transformer, [.. batch.Select(row => pairs.Sequences(row))], (group, logProbabilities, derivatives) =>
            {
                PairTokens pair = pairs.Training[batch[group]];
                float[] chosen = logProbabilities[0][(pair.Chosen.Start - 1)..];
                float[] rejected = logProbabilities[1][(pair.Rejected.Start - 1)..];
                (double loss, double chosenSlope, double rejectedSlope) = Loss(recipe.OddsWeight, chosen.Average(value => (double)value), rejected.Average(value => (double)value));
                total += loss / batch.Length;
                derivatives[0].AsSpan(pair.Chosen.Start - 1).Fill((float)(chosenSlope / chosen.Length / batch.Length));
                derivatives[1].AsSpan(pair.Rejected.Start - 1).Fill((float)(rejectedSlope / rejected.Length / batch.Length));
                measured.Add(new AnswerLogRatio(chosen, reference[pair.Chosen]), new AnswerLogRatio(rejected, reference[pair.Rejected]), pair.Source.IsTrue);
            }, recipe.TokensAtOnce);
            Dictionary<string, double> values = measured.Values("");
            values["loss"] = total;
            return values;
        }

        public Dictionary<string, double> Measure(ReferenceLogProbabilities reference) => pairs.Measure(model, reference, recipe.OddsWeight, recipe.TokensAtOnce, (chosen, rejected) =>
            Loss(recipe.OddsWeight, chosen.Policy.Average(value => (double)value), rejected.Policy.Average(value => (double)value)).Loss);
    }
}

[JsonSerializable(typeof(OddsRatioRecipe))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
internal sealed partial class OddsRatioJson : JsonSerializerContext;
