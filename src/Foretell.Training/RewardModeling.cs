using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Foretell.Data;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Nn.Optimizers;

namespace Foretell.Training;

/// <summary>Everything that decides a reward model, beside the model it begins with and the comparisons.</summary>
public sealed record RewardRecipe : PreferenceRecipe
{
    /// <summary>Peak rate of the head, which begins at zero; above 0.</summary>
    public double HeadLearningRate { get; init; } = 1e-3;

    /// <summary>What a comparison's rated margin is multiplied by before the reward margin has to exceed it (Touvron et al. 2023); 0 takes no notice of ratings.</summary>
    public double MarginWeight { get; init; }

    /// <summary>Weight of (r_chosen + r_rejected)², which keeps rewards around 0 (Eisenstein et al. 2023); at least 0.</summary>
    public double CentringWeight { get; init; } = 0.01;

    /// <summary>The names of all settings, as they stand in JSON.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. RewardRecipeJson.Default.RewardRecipe.Properties.Select(property => property.Name)];

    /// <summary>Reads a recipe and applies settings over it; see <see cref="RecipeReader.Parse"/>.</summary>
    /// <exception cref="FormatException">Not JSON, an unknown key or a value out of its range; the message names it.</exception>
    public static RewardRecipe Parse(string? json, IEnumerable<string> settings)
    {
        RewardRecipe recipe = RecipeReader.Parse(json, settings, new RewardRecipe(), RewardRecipeJson.Default.RewardRecipe, "foretell reward", PreferenceWords.Wanted);
        recipe.Validate();
        return recipe;
    }

    public string ToJson() => JsonSerializer.Serialize(this, RewardRecipeJson.Default.RewardRecipe);

    public override void Validate()
    {
        base.Validate();
        Require(HeadLearningRate > 0, "headLearningRate", HeadLearningRate, "above 0");
        Require(MarginWeight >= 0, "marginWeight", MarginWeight, "at least 0");
        Require(CentringWeight >= 0, "centringWeight", CentringWeight, "at least 0");
    }
}

/// <summary>
/// A reward model from comparisons (Christiano et al. 2017, <see href="https://arxiv.org/abs/1706.03741"/>; Ouyang et al.
/// 2022, <see href="https://arxiv.org/abs/2203.02155"/>), by Bradley and Terry's model of choice (1952):
/// P(y_c preferred to y_r | x) = σ(r(x, y_c) - r(x, y_r)), so
/// L = E[-log σ(r_c - r_r - m) + c (r_c + r_r)²]
/// with r a scalar head's number at the answer's end of turn, m an optional rated margin and c small.
/// Departures: comparisons are learned one by one, not all of a prompt's at once; the head begins at zero, so that the first
/// loss is log 2, and has a rate of its own; at the end its bias makes the mean reward of the training answers 0, where
/// Ouyang et al. do so for demonstrations.
/// </summary>
/// <param name="model">Trained in place; its head of words is left as it is.</param>
/// <param name="folder">The run's folder; the reward model comes into its folder "model".</param>
public sealed class RewardModeling(RewardRecipe recipe, TrainedModel model, PreferenceSet data, string folder)
{
    /// <summary>More of config.json, such as paths; null for nothing.</summary>
    public JsonObject? Notes { get; init; }

    /// <summary>Trains from the newest checkpoint, or from the start, to the last step or until cancelled.</summary>
    /// <exception cref="FormatException">The data are no comparisons, or do not fit the model.</exception>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another recipe, model or data.</exception>
    /// <exception cref="TrainingFailedException">A value was not finite, or could not be written.</exception>
    public PreferenceResult Run(IProgress<PreferenceProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (data.Pairs.Count == 0)
        {
            throw new FormatException("A reward model learns from comparisons, and the data are answers with labels; give rows with \"chosen\" and \"rejected\", or train by foretell dpo --method kto.");
        }
        var warnings = new List<string>(data.Warnings);
        (PreferenceSet training, PreferenceSet heldOut) = data.Split(recipe.HeldOutShare, recipe.Seed);
        var tokens = new PreferenceTokens(model.Template, model.Tokenizer, Math.Min(recipe.MaximumTokens ?? int.MaxValue, model.Transformer.Config.ContextLength), recipe.TooLong, warnings.Add);
        IReadOnlyList<PairTokens> pairs = tokens.Encode(training.Pairs);
        IReadOnlyList<PairTokens> measured = tokens.Encode([.. heldOut.Pairs.Take(recipe.HeldOutRows)]);

        using var head = new ScalarHead(model.Transformer.Config.Channels, model.Device, training: true);
        List<Parameter> trunk = [.. model.Parameters.Where(parameter => parameter.Name != "lm_head.weight")];
        var loop = new PreferenceLoop(recipe, pairs.Count);
        using AdamW trunkOptimizer = loop.NewOptimizer(model.Device, trunk, recipe.LearningRate);
        using AdamW headOptimizer = loop.NewOptimizer(model.Device, head.Parameters.All, recipe.HeadLearningRate);
        using TrainingRun run = TrainingRun.Open(folder, PreferenceLoop.Config("reward", recipe.ToJson(), model.Parameters, data), model.Device,
            [CheckpointPart.Of(model.Transformer), CheckpointPart.Of("head.safetensors", [.. head.Parameters.All.Select(parameter => (parameter.Name, parameter.Value))]), CheckpointPart.Of("optimizer.safetensors", [.. trunkOptimizer.State, .. headOptimizer.State])],
            recipe.KeepCheckpoints, Notes);

        (bool finished, IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after) =
            loop.Run(run, [model.Transformer.Parameters, head.Parameters], [trunkOptimizer, headOptimizer], Learn, () => Measure().Values("heldOut"), progress, cancellation);
        if (finished)
        {
            Centre(head, pairs);
            run.Keep("the model", () => RewardModel.Save(model.Transformer, head, model.Tokenizer, model.Template, model.Generation, run.ModelPath));
        }
        RewardMeasurement last = Measure();
        warnings.AddRange(PreferenceWords.About(after, PreferenceWords.Recent(folder), isReward: true));
        run.Keep("report.html", () => RewardReport.Create(recipe, last, folder, warnings, before).Save(Path.Combine(folder, "report.html")));
        return new PreferenceResult(run.Step, finished, before, after, warnings);

        Dictionary<string, double> Learn(int[] batch)
        {
            double loss = 0;
            double right = 0;
            double margins = 0;
            ScoreGradient.Run(model.Transformer, head, [.. batch.Select(row => Sequences(pairs[row]))], (group, rewards, derivatives) =>
            {
                PairTokens pair = pairs[batch[group]];
                double chosen = rewards[0][^1];
                double rejected = rewards[1][^1];
                double margin = chosen - rejected;
                double beyond = margin - recipe.MarginWeight * pair.Margin;
                double sum = chosen + rejected;
                loss += (-Logistic.LogSigmoid(beyond) + recipe.CentringWeight * sum * sum) / batch.Length;
                double slope = -Logistic.Sigmoid(-beyond);
                double centring = 2 * recipe.CentringWeight * sum;
                derivatives[0][^1] = (float)((slope + centring) / batch.Length);
                derivatives[1][^1] = (float)((-slope + centring) / batch.Length);
                right += margin > 0 ? 1 : margin == 0 ? 0.5 : 0;
                margins += margin;
            }, recipe.TokensAtOnce);
            return new Dictionary<string, double> { ["loss"] = loss, ["accuracy"] = right / batch.Length, ["margin"] = margins / batch.Length };
        }

        RewardMeasurement Measure()
        {
            IReadOnlyList<float[]> rewards = ScoreGradient.Scores(model.Transformer, head, [.. measured.SelectMany(Sequences)], recipe.TokensAtOnce);
            return RewardMeasurement.Of([.. measured.Select((pair, i) => new ScoredPair(rewards[2 * i][^1], rewards[(2 * i) + 1][^1], pair.Chosen.Length, pair.Rejected.Length, pair.Source.IsTrue))]);
        }
    }

    /// <summary>Both answers, each with one id more than is scored.</summary>
    private static int[][] Sequences(PairTokens pair) => [[.. pair.Chosen.Ids, pair.Chosen.Ids[^1]], [.. pair.Rejected.Ids, pair.Rejected.Ids[^1]]];

    private void Centre(ScalarHead head, IReadOnlyList<PairTokens> pairs)
    {
        const int Enough = 1024;
        IReadOnlyList<float[]> rewards = ScoreGradient.Scores(model.Transformer, head, [.. pairs.Take(Enough).SelectMany(Sequences)], recipe.TokensAtOnce);
        Parameter bias = head.Parameters.All.Single(parameter => parameter.Kind == ParameterKind.Vector);
        bias.Value.CopyFrom([(float)(bias.Value.ToArray()[0] - rewards.Average(scores => (double)scores[^1]))]);
    }
}

[JsonSerializable(typeof(RewardRecipe))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
internal sealed partial class RewardRecipeJson : JsonSerializerContext;
