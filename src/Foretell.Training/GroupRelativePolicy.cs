using Foretell.Models;
using Foretell.Nn.Optimizers;
using Foretell.Tensors;

namespace Foretell.Training;

/// <summary>
/// Group relative policy optimisation: GRPO (Shao et al. 2024, <see href="https://arxiv.org/abs/2402.03300"/>). Many answers
/// to a prompt judge each other, so no value function is needed.
/// <code>
/// Â   = (r - mean(r of the group)) / std(r of the group), the same for all tokens of an answer
/// ρₜ  = π(oₜ) / π_old(oₜ)
/// loss = - Σₜ wₜ [ min(ρₜ Â, clip(ρₜ, 1 - ε_low, 1 + ε_high) Â) - β k₃(π(oₜ), π_ref(oₜ)) ]
/// </code>
/// <list type="table">
/// <item><term>GRPO</term><description>advantage Normalized, lossScale Sequence, klCoefficient above 0</description></item>
/// <item><term>Dr. GRPO (Liu et al. 2025, <see href="https://arxiv.org/abs/2503.20783"/>)</term><description>Centered, Constant, no KL</description></item>
/// <item><term>DAPO (Yu et al. 2025, <see href="https://arxiv.org/abs/2503.14476"/>)</term><description>Normalized, Token, no KL, clipHigh 0.28, dynamicSamplingRounds, lengthWeight</description></item>
/// <item><term>RLOO (Ahmadian et al. 2024, <see href="https://arxiv.org/abs/2402.14740"/>)</term><description>LeaveOneOut, Constant, one epoch of one minibatch, so that every ratio is 1</description></item>
/// </list>
/// Departures: the reference is the model that training began from and is never renewed; the deviation is that of the whole
/// group (divided by n); the weights wₜ of <see cref="LossScale.Token"/> are those of the minibatch rather than of each group;
/// dynamic sampling gives up after a number of rounds and learns from what there is; RLOO's KL stands in the loss (k₃), not in the reward.
/// </summary>
/// <param name="policy">Begins as what is to be improved; its weights are changed.</param>
/// <param name="reference">What divergence is measured from; null for no measure, where klCoefficient is 0.</param>
/// <param name="folder">The run's folder: config.json, metrics.jsonl, checkpoints/, model/.</param>
public sealed class GroupRelativePolicy(GroupRelativeRecipe recipe, TrainedModel policy, Transformer? reference, ReinforcementTask task, string folder)
{
    private readonly RolloutCollector _collector = new(policy.Transformer, policy.Tokenizer, policy.Generation.EndIds);
    private readonly LearningRateSchedule _schedule = recipe.Schedule();

    /// <summary>By what the run's health is judged.</summary>
    public HealthLimits Limits { get; init; } = new() { UpdatesPerStep = recipe.Epochs * recipe.Minibatches };

    /// <summary>Trains from the newest checkpoint, or from the start, to the last step or until cancelled.</summary>
    /// <exception cref="FormatException">The recipe does not hold together.</exception>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another run, or a reward is not finite.</exception>
    /// <exception cref="TrainingFailedException">A gradient or weight was not finite, or a file could not be written.</exception>
    public ReinforcementResult Run(IProgress<ReinforcementProgress>? progress = null, CancellationToken cancellation = default)
    {
        recipe.Validate();
        if (reference is null && recipe.KlCoefficient > 0)
        {
            throw new FormatException("recipe: klCoefficient is above 0, but there is no reference to diverge from.");
        }
        using var optimizer = new AdamW(policy.Device, policy.Parameters, recipe.AdamW(recipe.LearningRate));
        using ReinforcementRun run = ReinforcementRun.Open("grpo", recipe, recipe.ToJson(), task, policy, policy.Parameters, [CheckpointPart.Of(policy.Transformer), CheckpointPart.Of("optimizer.safetensors", optimizer.State)], Limits, folder);
        return run.Train(
            record =>
            {
                // Collect, and reward.
                List<Scored[]> groups = Collect(run, record, cancellation);

                // Advantages.
                foreach (Scored[] group in groups)
                {
                    double[] advantages = GroupAdvantages.Of(Array.ConvertAll(group, answer => answer.Reward), recipe.Advantage);
                    for (int i = 0; i < group.Length; i++)
                    {
                        group[i].Advantage = advantages[i];
                    }
                }

                // Loss, and update.
                record.Time("learning", () => Learn(run, record, optimizer, groups));
            },
            progress,
            cancellation);
    }

    /// <summary>A token's loss before its weight, and its derivative by the token's log-probability.</summary>
    /// <param name="now">log π, of the policy as it is.</param>
    /// <param name="old">log π_old, when the token was drawn.</param>
    /// <param name="reference">log π_ref; without effect where klCoefficient is 0.</param>
    internal static (double Loss, double Slope, bool IsClipped) TokenLoss(GroupRelativeRecipe recipe, double now, double old, double advantage, double reference)
    {
        double ratio = Math.Exp(now - old);
        double free = ratio * advantage;
        double clipped = Math.Clamp(ratio, 1 - recipe.ClipLow, 1 + recipe.ClipHigh) * advantage;
        double loss = -Math.Min(free, clipped);
        double slope = free <= clipped ? -free : 0;
        if (recipe.KlCoefficient > 0)
        {
            loss += recipe.KlCoefficient * Divergence.Positive(now, reference);
            slope += recipe.KlCoefficient * Divergence.PositiveSlope(now, reference);
        }
        return (loss, slope, free > clipped);
    }

    /// <summary>wₜ: what the losses of an answer's tokens are multiplied by.</summary>
    /// <param name="length">Tokens of the answer.</param>
    /// <param name="answers">Answers of the minibatch.</param>
    /// <param name="tokens">Tokens of all of them.</param>
    internal static double Weight(GroupRelativeRecipe recipe, int length, int answers, double tokens) => recipe.LossScale switch
    {
        LossScale.Sequence => 1.0 / answers / length,
        LossScale.Token => 1 / tokens,
        _ => 1.0 / answers / recipe.MaximumTokens,
    };

    /// <summary>An answer with what it is worth.</summary>
    private sealed record Scored(Rollout Rollout, double Reward)
    {
        public double Advantage { get; set; }

        /// <summary>The reference's log-probabilities, in <see cref="SequenceGradient"/>'s form; null without a reference.</summary>
        public float[]? Reference { get; set; }
    }

    /// <summary>A step's groups of answers with their rewards; with dynamic sampling those that differ in reward, as far as there are some.</summary>
    private List<Scored[]> Collect(ReinforcementRun run, StepRecord record, CancellationToken cancellation)
    {
        var kept = new List<Scored[]>();
        var all = new List<IReadOnlyList<Rollout>>();
        var scored = new List<Rollout>();
        RewardTable? table = null;
        for (int round = 0; round <= recipe.DynamicSamplingRounds && kept.Count < recipe.PromptsPerStep; round++)
        {
            RolloutPrompt[] prompts = [.. Enumerable.Range(0, recipe.PromptsPerStep).Select(i => task.Prompts.At(run.Prompt + i))];
            ulong seed = new SeededRandom(recipe.Seed).Fork("rollouts", run.Prompt).NextBits();
            IReadOnlyList<IReadOnlyList<Rollout>> groups = record.Time("rollout", () => _collector.Collect(prompts, recipe.Rollouts(), seed, cancellation));
            run.Prompt += prompts.Length;
            all.AddRange(groups);
            scored.AddRange(groups.SelectMany(group => group));
            int first = scored.Count - (recipe.PromptsPerStep * recipe.Samples);
            RewardTable more = record.Time("reward", () => task.Reward.Score(scored.GetRange(first, scored.Count - first)));
            table = table is null ? more : table.With(more);
            for (int i = 0; i < groups.Count && kept.Count < recipe.PromptsPerStep; i++)
            {
                ReadOnlySpan<double> rewards = more.Total.AsSpan(i * recipe.Samples, recipe.Samples);
                if (recipe.DynamicSamplingRounds == 0 || !GroupAdvantages.AreEqual(rewards))
                {
                    double[] given = rewards.ToArray();
                    kept.Add([.. groups[i].Select((rollout, sample) => new Scored(rollout, given[sample]))]);
                }
            }
        }
        record.Count(all, table!);
        if (reference is not null && kept.Count > 0)
        {
            Scored[] answers = [.. kept.SelectMany(group => group)];
            IReadOnlyList<float[]> given = record.Time("reward", () => SequenceGradient.LogProbabilities(reference, [.. answers.Select(answer => answer.Rollout.Ids)]));
            for (int i = 0; i < answers.Length; i++)
            {
                answers[i].Reference = given[i];
            }
            record.CountDivergence([.. answers.Select(answer => answer.Rollout)], given);
        }
        return kept;
    }

    private void Learn(ReinforcementRun run, StepRecord record, AdamW optimizer, List<Scored[]> groups)
    {
        int minibatches = Math.Min(recipe.Minibatches, groups.Count);
        double loss = 0;
        int updates = 0;
        for (int epoch = 0; epoch < recipe.Epochs; epoch++)
        {
            Scored[][] order = [.. groups];
            SeededRandom random = new SeededRandom(recipe.Seed).Fork("order", (run.Step * recipe.Epochs) + epoch);
            random.Shuffle(order);
            for (int part = 0; part < minibatches; part++)
            {
                Scored[] batch = [.. order[(part * order.Length / minibatches)..((part + 1) * order.Length / minibatches)].SelectMany(group => group)];
                if (recipe.KlCoefficient == 0 && Array.TrueForAll(batch, answer => answer.Advantage == 0))
                {
                    // The gradient would be 0; the optimizer's momentum alone should not move the policy.
                    continue;
                }
                loss += Update(run, record, optimizer, batch, isFirst: updates == 0);
                updates++;
            }
        }
        record.Set("loss", updates == 0 ? 0 : loss / updates);
    }

    private double Update(ReinforcementRun run, StepRecord record, AdamW optimizer, Scored[] batch, bool isFirst)
    {
        double tokens = batch.Sum(answer => (double)answer.Rollout.Answer.Length);
        double loss = 0;
        policy.Transformer.Parameters.ClearGradients();
        SequenceGradient.Run(policy.Transformer, [.. batch.Select(answer => (IReadOnlyList<int[]>)[answer.Rollout.Ids])], (index, logProbabilities, derivatives) =>
        {
            (Rollout rollout, double advantage, float[]? given) = (batch[index].Rollout, batch[index].Advantage, batch[index].Reference);
            double weight = Weight(recipe, rollout.Answer.Length, batch.Length, tokens);
            for (int token = 0; token < rollout.Answer.Length; token++)
            {
                int place = rollout.First + token;
                double now = logProbabilities[0][place];
                (double nats, double slope, bool isClipped) = TokenLoss(recipe, now, rollout.LogProbabilities[token], advantage, given?[place] ?? 0);
                loss += weight * nats;
                derivatives[0][place] = (float)(weight * slope);
                record.CountToken(isClipped);
                if (isFirst)
                {
                    record.CountMismatch(now, rollout.LogProbabilities[token]);
                }
            }
        });
        double norm = run.RequireFinite(policy.Parameters);
        optimizer.Step(run.Update, _schedule.At(run.Step), recipe.GradientClip > 0 ? Math.Min(1, recipe.GradientClip / (norm + 1e-12)) : 1);
        run.Update++;
        record.CountUpdate(norm);
        return loss;
    }
}
