using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Foretell.Inference;
using Foretell.Nn;
using Foretell.Nn.Optimizers;
using Foretell.Tensors;

namespace Foretell.Training;

/// <summary>Everything that decides a midway value function, beside the policy and the problems.</summary>
public sealed record MidwayRecipe
{
    /// <summary>Problems that the policy answers; at least 10.</summary>
    public int Problems { get; init; } = 600;

    /// <summary>Answers to each, in [2, 128].</summary>
    public int Samples { get; init; } = 4;

    /// <summary>The most tokens of an answer; at least 1.</summary>
    public int MaximumTokens { get; init; } = 256;

    /// <summary>Of the draws; it should be that of later use. At least 0.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Share of the problems that are not learned from: on them the threshold is chosen and the probabilities are checked. In (0, 1).</summary>
    public double HeldOutShare { get; init; } = 0.25;

    /// <summary>Times that each answer is learned from; at least 1.</summary>
    public int Epochs { get; init; } = 2;

    /// <summary>Answers a step; at least 1.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Peak rate of the trunk; above 0.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>Peak rate of the head, which begins at zero; above 0.</summary>
    public double HeadLearningRate { get; init; } = 0.03;

    /// <summary>The gradient's greatest norm; above 0.</summary>
    public double ClipNorm { get; init; } = 1;

    public ulong Seed { get; init; } = 1;

    /// <summary>Steps between checkpoints; at least 1.</summary>
    public int SaveEvery { get; init; } = 50;

    /// <summary>Reads a recipe and applies settings over it; see <see cref="RecipeReader.Parse"/>.</summary>
    /// <exception cref="FormatException">Not JSON, an unknown key or a value out of its range; the message names it.</exception>
    public static MidwayRecipe Parse(string? json, IEnumerable<string> settings)
    {
        MidwayRecipe recipe = RecipeReader.Parse(json, settings, new MidwayRecipe(), MidwayRecipeJson.Default.MidwayRecipe, "foretell value");
        recipe.Validate();
        return recipe;
    }

    public string ToJson() => JsonSerializer.Serialize(this, MidwayRecipeJson.Default.MidwayRecipe);

    /// <exception cref="FormatException">A value is out of its range.</exception>
    public void Validate()
    {
        Require(Problems >= 10, "problems", Problems, "at least 10");
        Require(Samples is >= 2 and <= GenerationRequest.MostChoices, "samples", Samples, "in [2, 128]");
        Require(MaximumTokens >= 1, "maximumTokens", MaximumTokens, "at least 1");
        Require(Temperature >= 0 && double.IsFinite(Temperature), "temperature", Temperature, "at least 0");
        Require(HeldOutShare is > 0 and < 1, "heldOutShare", HeldOutShare, "in (0, 1)");
        Require(Epochs >= 1, "epochs", Epochs, "at least 1");
        Require(BatchSize >= 1, "batchSize", BatchSize, "at least 1");
        Require(LearningRate > 0, "learningRate", LearningRate, "above 0");
        Require(HeadLearningRate > 0, "headLearningRate", HeadLearningRate, "above 0");
        Require(ClipNorm > 0, "clipNorm", ClipNorm, "above 0");
        Require(SaveEvery >= 1, "saveEvery", SaveEvery, "at least 1");
    }

    private static void Require(bool condition, string name, double value, string wanted)
    {
        if (!condition)
        {
            throw new FormatException(FormattableString.Invariant($"recipe: \"{name}\" is {value}; it must be {wanted}."));
        }
    }
}

/// <summary>How far the training of a value function has come.</summary>
/// <param name="Step">Steps made; 0 while the policy still answers.</param>
/// <param name="Steps">Of so many.</param>
/// <param name="Loss">Of the last step, in nats.</param>
public readonly record struct MidwayProgress(long Step, long Steps, double Loss);

/// <summary>What came of it.</summary>
/// <param name="Finished">Whether the last step was made.</param>
/// <param name="CutBelow">The threshold that was chosen; 0 where cutting never paid.</param>
/// <param name="Measurement">On the problems that it did not learn from.</param>
public sealed record MidwayResult(bool Finished, double CutBelow, MidwayMeasurement Measurement);

/// <summary>
/// A value function that judges a path of thought long before its end: V(q, y_1..t) = P(the answer will be right), learned
/// from the verdicts on a policy's own answers, which stand as targets at every one of their tokens (the token-level verifier
/// of Cobbe et al. 2021, <see href="https://arxiv.org/abs/2110.14168"/>; as a critic of partial solutions, Snell et al. 2024):
/// L = E_y[ (1/|y|) Σ_t -(z log V_t + (1 - z) log(1 - V_t)) ], with z = 1 where the verdict on y is right and else 0,
/// V_t = σ(w · h_t + b + u · (Σ_{s≤t} log p_s, min_{s≤t} log p_s)), h_t the last hidden state of a trunk that begins as a copy
/// of the policy, and p_s the policy's own probability of token s when it drew it.
/// Departures from Cobbe et al.: no language-modelling loss beside it, the logistic loss for the squared one, answers count
/// alike whatever their length, and the policy's probabilities stand beside the state, as in thinking that is stopped for lack
/// of confidence (Fu et al. 2025, <see href="https://arxiv.org/abs/2508.15260"/>): a small policy's hidden states alone say
/// next to nothing of whether its last step was a slip, and its probabilities much (docs/journal.md).
/// </summary>
/// <param name="model">The policy; when its answers have been drawn, it becomes the trunk and is trained in place.</param>
/// <param name="prompts">Training problems.</param>
/// <param name="folder">The run's folder; the value function comes into its folder "model".</param>
public sealed class MidwayValue(MidwayRecipe recipe, TrainedModel model, IPromptSource prompts, VerdictReward verdict, string folder)
{
    /// <summary>More of config.json, such as paths; null for nothing.</summary>
    public JsonObject? Notes { get; init; }

    /// <summary>Draws the answers (again, with the same bits, after a kill), trains from the newest checkpoint, chooses the threshold, and saves.</summary>
    /// <exception cref="InvalidDataException">All answers are right, or all are wrong: there is nothing to tell apart. Or the checkpoint belongs to another run.</exception>
    /// <exception cref="TrainingFailedException">A value was not finite, or could not be written.</exception>
    public MidwayResult Run(IProgress<MidwayProgress>? progress = null, CancellationToken cancellation = default)
    {
        recipe.Validate();
        var config = new JsonObject { ["algorithm"] = "midway value", ["recipe"] = JsonNode.Parse(recipe.ToJson()), ["prompts"] = prompts.Identity, ["policy"] = ModelFingerprint.Of(model.Transformer) };
        IReadOnlyList<JudgedPath> paths = Answer(cancellation);
        int heldOut = Math.Max(1, (int)(recipe.Problems * recipe.HeldOutShare));
        JudgedPath[] learned = [.. paths.Where(path => path.Problem >= heldOut)];
        JudgedPath[] measured = [.. paths.Where(path => path.Problem < heldOut)];
        double right = learned.Average(path => path.IsRight ? 1.0 : 0.0);
        if (right is 0 or 1)
        {
            throw new InvalidDataException(FormattableString.Invariant($"All {learned.Length} answers of the policy are {(right == 1 ? "right" : "wrong")}, so there is nothing to tell apart; choose {(right == 1 ? "harder" : "easier")} problems."));
        }

        using var head = new PathHead(model.Transformer.Config.Channels, model.Device, training: true);
        List<Parameter> trunk = [.. model.Parameters.Where(parameter => parameter.Name != "lm_head.weight")];
        using var trunkOptimizer = new AdamW(model.Device, trunk, new AdamWOptions { LearningRate = recipe.LearningRate, WeightDecay = 0.01 });
        using var headOptimizer = new AdamW(model.Device, head.Parameters, new AdamWOptions { LearningRate = recipe.HeadLearningRate, WeightDecay = 0.01 });
        using TrainingRun run = TrainingRun.Open(folder, config, model.Device,
            [CheckpointPart.Of(model.Transformer), CheckpointPart.Of("head.safetensors", [.. head.Parameters.Select(parameter => (parameter.Name, parameter.Value))]), CheckpointPart.Of("optimizer.safetensors", [.. trunkOptimizer.State, .. headOptimizer.State])],
            notes: Notes);
        long perEpoch = (learned.Length + recipe.BatchSize - 1) / recipe.BatchSize;
        var schedule = new LearningRateSchedule { Steps = perEpoch * recipe.Epochs, WarmUpSteps = Math.Min(10, perEpoch), DecayShare = 1 };
        while (run.Step < schedule.Steps && !cancellation.IsCancellationRequested)
        {
            long began = Stopwatch.GetTimestamp();
            int[] order = Order(learned.Length, run.Step / perEpoch);
            int first = (int)(run.Step % perEpoch) * recipe.BatchSize;
            JudgedPath[] batch = [.. order[first..Math.Min(first + recipe.BatchSize, order.Length)].Select(index => learned[index])];
            double loss = Learn(head, batch);
            Parameter[] all = [.. trunk, .. head.Parameters];
            double norm = double.IsFinite(loss) ? run.RequireFinite(model.Device, all) : throw run.NotFinite("the loss is not finite");
            double scale = Math.Min(1, recipe.ClipNorm / norm);
            double rate = schedule.At(run.Step);
            trunkOptimizer.Step(run.Step, rate, scale);
            headOptimizer.Step(run.Step, rate, scale);
            run.Advance(Stopwatch.GetElapsedTime(began).TotalSeconds, [new("loss", loss), new("gradientNorm", norm), new("learningRate", rate * recipe.LearningRate)]);
            if (run.Step % recipe.SaveEvery == 0)
            {
                run.Save();
            }
            progress?.Report(new MidwayProgress(run.Step, schedule.Steps, loss));
        }
        run.Save();
        MidwayMeasurement measurement = Measure(head, measured);
        double cutBelow = measurement.ChooseThreshold();
        bool finished = run.Step >= schedule.Steps;
        if (finished)
        {
            run.Keep("the model", () => JudgeFolder.Save(model.Transformer, head, model.Tokenizer, cutBelow, run.ModelPath));
        }
        run.Keep("report.html", () => MidwayReport.Create(recipe, right, measurement, cutBelow, folder).Save(Path.Combine(folder, "report.html")));
        return new MidwayResult(finished, cutBelow, measurement);
    }

    /// <summary>The policy's answers to the problems, judged.</summary>
    private IReadOnlyList<JudgedPath> Answer(CancellationToken cancellation)
    {
        RolloutPrompt[] asked = [.. Enumerable.Range(0, recipe.Problems).Select(index => prompts.At(index))];
        var collector = new RolloutCollector(model.Transformer, model.Tokenizer, model.Generation.EndIds);
        IReadOnlyList<IReadOnlyList<Rollout>> answers = collector.Collect(asked, new RolloutOptions { Samples = recipe.Samples, MaximumTokens = recipe.MaximumTokens, Temperature = recipe.Temperature }, recipe.Seed, cancellation);
        return [.. answers.SelectMany((rollouts, problem) => rollouts.Select(rollout => JudgedPath.Of(problem, rollout, verdict.Judge(rollout).IsRight, model.Tokenizer)))];
    }

    /// <summary>An epoch's order of the answers, shuffled (Fisher and Yates 1938).</summary>
    private int[] Order(int count, long epoch)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        var random = new SeededRandom(recipe.Seed).Fork("epoch", epoch);
        for (int i = count - 1; i > 0; i--)
        {
            int other = random.NextInt(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }

    private double Learn(PathHead head, JudgedPath[] batch)
    {
        double loss = 0;
        model.Transformer.Parameters.ClearGradients();
        head.State.Parameters.ClearGradients();
        float[] confidenceGradient = new float[2];
        ScoreGradient.Run(model.Transformer, head.State, [.. batch.Select(path => (IReadOnlyList<int[]>)[path.Ids])], (group, scores, derivatives) =>
        {
            JudgedPath path = batch[group];
            double weight = 1.0 / (batch.Length * (double)path.Length);
            int t = path.First;
            foreach (PathConfidence confidence in path.Confidences())
            {
                double score = scores[0][t] + head.Score(confidence);
                loss += weight * -Logistic.LogSigmoid(path.IsRight ? score : -score);
                double slope = weight * (Logistic.Sigmoid(score) - (path.IsRight ? 1 : 0));
                derivatives[0][t++] = (float)slope;
                confidenceGradient[0] += (float)(slope * confidence.Sum);
                confidenceGradient[1] += (float)(slope * confidence.Least);
            }
        });
        head.Confidence.All[0].Gradient.CopyFrom(confidenceGradient);
        return loss;
    }

    private MidwayMeasurement Measure(PathHead head, JudgedPath[] paths)
    {
        IReadOnlyList<float[]> scores = ScoreGradient.Scores(model.Transformer, head.State, [.. paths.Select(path => path.Ids)]);
        return new MidwayMeasurement([.. paths.Select((path, i) => path.Valued(scores[i], head))]);
    }
}

[JsonSerializable(typeof(MidwayRecipe))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true)]
internal sealed partial class MidwayRecipeJson : JsonSerializerContext;
