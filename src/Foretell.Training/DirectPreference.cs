using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Foretell.Data;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>The loss that direct preference learning puts on the margin.</summary>
public enum PreferenceLoss
{
    /// <summary>DPO's: -log σ(margin), with label smoothing as in conservative DPO.</summary>
    Dpo,

    /// <summary>IPO's: the squared distance of the margin from a wanted one.</summary>
    Ipo,
}

/// <summary>Everything that decides a run of direct preference learning, beside the model and the comparisons.</summary>
public sealed record DirectPreferenceRecipe : PreferenceRecipe
{
    /// <summary>Dpo or Ipo.</summary>
    public PreferenceLoss Loss { get; init; } = PreferenceLoss.Dpo;

    /// <summary>β, how strongly the policy is held to the reference (IPO's τ); above 0.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>ε, the share of labels that are taken to be wrong (conservative DPO); in [0, 0.5). Dpo only.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Whether log-ratios are means over an answer's tokens instead of sums, so that long answers weigh no more.</summary>
    public bool AverageTokens { get; init; }

    /// <summary>Weight of the chosen answers' mean cross-entropy beside the loss, which keeps them likely (Pang et al. 2024); at least 0.</summary>
    public double ChosenWeight { get; init; }

    /// <summary>The names of all settings, as they stand in JSON.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. DirectPreferenceJson.Default.DirectPreferenceRecipe.Properties.Select(property => property.Name)];

    /// <summary>Reads a recipe and applies settings over it; see <see cref="RecipeReader.Parse"/>.</summary>
    /// <exception cref="FormatException">Not JSON, an unknown key or a value out of its range; the message names it.</exception>
    public static DirectPreferenceRecipe Parse(string? json, IEnumerable<string> settings)
    {
        DirectPreferenceRecipe recipe = RecipeReader.Parse(json, settings, new DirectPreferenceRecipe(), DirectPreferenceJson.Default.DirectPreferenceRecipe, "foretell dpo",
            key => key == "loss" ? "; wanted Dpo or Ipo" : PreferenceWords.Wanted(key));
        recipe.Validate();
        return recipe;
    }

    public string ToJson() => JsonSerializer.Serialize(this, DirectPreferenceJson.Default.DirectPreferenceRecipe);

    public override void Validate()
    {
        base.Validate();
        Require(Beta > 0, "beta", Beta, "above 0");
        Require(LabelSmoothing is >= 0 and < 0.5, "labelSmoothing", LabelSmoothing, "in [0, 0.5)");
        Require(LabelSmoothing == 0 || Loss == PreferenceLoss.Dpo, "labelSmoothing", LabelSmoothing, "0 for IPO, whose loss has none");
        Require(ChosenWeight >= 0, "chosenWeight", ChosenWeight, "at least 0");
    }
}

/// <summary>
/// Direct preference optimization (Rafailov et al. 2023, <see href="https://arxiv.org/abs/2305.18290"/>): the policy is its
/// own reward model, r(x, y) = β log(π(y|x) / π_ref(y|x)). With Δ = log(π/π_ref)(y_c) - log(π/π_ref)(y_r):
/// DPO:  L = -(1 - ε) log σ(βΔ) - ε log σ(-βΔ)      (ε = 0 in the paper; label smoothing: Mitchell 2023)
/// IPO:  L = (Δ - 1/(2β))²                           (Azar et al. 2023, <see href="https://arxiv.org/abs/2310.12036"/>, equation 17, its τ is β)
/// both plus α times the chosen answer's mean cross-entropy (α = 0 in the papers; Pang et al. 2024, <see href="https://arxiv.org/abs/2404.19733"/>).
/// Departures: the answer's end of turn counts as a token of it; with averageTokens, log-ratios are means over tokens.
/// </summary>
/// <param name="model">Trained in place; as it is now it is the reference.</param>
/// <param name="folder">The run's folder; the finished model comes into its folder "model".</param>
public sealed class DirectPreference(DirectPreferenceRecipe recipe, TrainedModel model, PreferenceSet data, string folder)
{
    /// <summary>More of config.json, such as paths; null for nothing.</summary>
    public JsonObject? Notes { get; init; }

    /// <summary>Trains from the newest checkpoint, or from the start, to the last step or until cancelled.</summary>
    /// <exception cref="FormatException">The data are no comparisons, or do not fit the model.</exception>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another recipe, model or data.</exception>
    /// <exception cref="TrainingFailedException">A value was not finite, or could not be written.</exception>
    public PreferenceResult Run(IProgress<PreferenceProgress>? progress = null, CancellationToken cancellation = default)
    {
        var warnings = new List<string>(data.Warnings);
        var pairs = PairData.Encode(recipe, model, data, warnings);
        return PolicyRun.Run(recipe, model, data, new Objective(recipe, model, pairs), folder, warnings, Notes, progress, cancellation);
    }

    /// <summary>A comparison's loss and its derivatives by the log-probability of each token of the chosen and of the rejected answer.</summary>
    internal static (double Loss, double ChosenSlope, double RejectedSlope) Loss(DirectPreferenceRecipe recipe, AnswerSums chosen, AnswerSums rejected)
    {
        double chosenShare = recipe.AverageTokens ? 1.0 / chosen.Tokens : 1;
        double rejectedShare = recipe.AverageTokens ? 1.0 / rejected.Tokens : 1;
        double difference = chosenShare * chosen.LogRatio - rejectedShare * rejected.LogRatio;
        double loss;
        double slope;
        if (recipe.Loss == PreferenceLoss.Ipo)
        {
            double beyond = difference - 1 / (2 * recipe.Beta);
            loss = beyond * beyond;
            slope = 2 * beyond;
        }
        else
        {
            double margin = recipe.Beta * difference;
            double smoothing = recipe.LabelSmoothing;
            loss = -(1 - smoothing) * Logistic.LogSigmoid(margin) - smoothing * Logistic.LogSigmoid(-margin);
            slope = recipe.Beta * (-(1 - smoothing) * Logistic.Sigmoid(-margin) + smoothing * Logistic.Sigmoid(margin));
        }
        loss -= recipe.ChosenWeight * chosen.LogProbability / chosen.Tokens;
        return (loss, slope * chosenShare - recipe.ChosenWeight / chosen.Tokens, -slope * rejectedShare);
    }

    private sealed class Objective(DirectPreferenceRecipe recipe, TrainedModel model, PairData pairs) : IPolicyObjective
    {
        public string Name => "dpo";

        public string Title => recipe.Loss == PreferenceLoss.Ipo ? "Identity preference optimization" : "Direct preference optimization";

        public string RecipeJson => recipe.ToJson();

        public int Rows => pairs.Training.Count;

        public IReadOnlyList<AnswerTokens> Answers => pairs.Answers;

        public IEnumerable<IReadOnlyList<ChatMessage>> HeldOutPrompts => pairs.HeldOutPrompts;

        public Dictionary<string, double> Learn(int[] batch, ReferenceLogProbabilities reference)
        {
            double total = 0;
            var measured = new PolicyMeasurement(recipe.Beta);
            SequenceGradient.Run(model.Transformer, [.. batch.Select(row => pairs.Sequences(row))], (group, logProbabilities, derivatives) =>
            {
                PairTokens pair = pairs.Training[batch[group]];
                var chosen = new AnswerLogRatio(logProbabilities[0][(pair.Chosen.Start - 1)..], reference[pair.Chosen]);
                var rejected = new AnswerLogRatio(logProbabilities[1][(pair.Rejected.Start - 1)..], reference[pair.Rejected]);
                (double loss, double chosenSlope, double rejectedSlope) = Loss(recipe, chosen.Sums, rejected.Sums);
                total += loss / batch.Length;
                derivatives[0].AsSpan(pair.Chosen.Start - 1).Fill((float)(chosenSlope / batch.Length));
                derivatives[1].AsSpan(pair.Rejected.Start - 1).Fill((float)(rejectedSlope / batch.Length));
                measured.Add(chosen, rejected, pair.Source.IsTrue);
            }, recipe.TokensAtOnce);
            Dictionary<string, double> values = measured.Values("");
            values["loss"] = total;
            return values;
        }

        public Dictionary<string, double> Measure(ReferenceLogProbabilities reference) =>
            pairs.Measure(model, reference, recipe.Beta, recipe.TokensAtOnce, (chosen, rejected) => Loss(recipe, chosen.Sums, rejected.Sums).Loss);
    }
}

[JsonSerializable(typeof(DirectPreferenceRecipe))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
internal sealed partial class DirectPreferenceJson : JsonSerializerContext;
