using Foretell.Models;
using Foretell.Nn;
using Foretell.Nn.Optimizers;
using Foretell.Tensors;

namespace Foretell.Training;

/// <summary>
/// Proximal policy optimisation (Schulman et al. 2017, <see href="https://arxiv.org/abs/1707.06347"/>) as it is used to follow
/// a reward function (Ziegler et al. 2019, <see href="https://arxiv.org/abs/1909.08593"/>; the details as Huang et al. 2024 list
/// them, <see href="https://arxiv.org/abs/2403.17031"/>).
/// <code>
/// rₜ = -β (log π_old(oₜ) - log π_ref(oₜ)), and the answer's reward at its last token
/// Âₜ : generalised advantages of rₜ under V, whitened
/// policy loss = - mean min(ρₜ Âₜ, clip(ρₜ, 1 - ε_low, 1 + ε_high) Âₜ),  ρₜ = π(oₜ) / π_old(oₜ)
/// value loss  = ½ mean max((V - R)², (clip(V, V_old ± ε_v) - R)²),      R = Â + V_old
/// </code>
/// The value function is a transformer of its own, begun as a copy of the policy or of the reward model, with a
/// <see cref="ScalarHead"/>: sharing a trunk would save memory and set the two losses against each other.
/// Departures: advantages are whitened over the step rather than the minibatch, so that minibatches do not change them; policy
/// and value function have optimizers of their own, so no coefficient joins their losses; Adam's ε is 1e-8.
/// </summary>
/// <param name="policy">Begins as what is to be improved; its weights are changed.</param>
/// <param name="values">The value function's transformer, with gradients; its weights are changed.</param>
/// <param name="head">Reads the values off it.</param>
/// <param name="reference">What divergence is measured from.</param>
/// <param name="folder">The run's folder: config.json, metrics.jsonl, checkpoints/, model/.</param>
public sealed class ProximalPolicy(ProximalRecipe recipe, TrainedModel policy, Transformer values, ScalarHead head, Transformer reference, ReinforcementTask task, string folder)
{
    private const string Coefficient = "klCoefficient";

    private readonly RolloutCollector _collector = new(policy.Transformer, policy.Tokenizer, policy.Generation.EndIds);
    private readonly LearningRateSchedule _schedule = recipe.Schedule();
    private readonly KlController? _controller = recipe.KlTarget > 0 ? new KlController(recipe.KlTarget, recipe.KlGain) : null;
    private readonly Parameter[] _valueParameters = [.. values.Parameters.All, .. head.Parameters.All];

    /// <summary>By what the run's health is judged; where there is a KL target, twice that is the leash.</summary>
    public HealthLimits Limits { get; init; } = new() { UpdatesPerStep = recipe.Epochs * recipe.Minibatches, Divergence = recipe.KlTarget > 0 ? 2 * recipe.KlTarget : double.PositiveInfinity };

    /// <inheritdoc cref="GroupRelativePolicy.Run"/>
    public ReinforcementResult Run(IProgress<ReinforcementProgress>? progress = null, CancellationToken cancellation = default)
    {
        recipe.Validate();
        using var optimizer = new AdamW(policy.Device, policy.Parameters, recipe.AdamW(recipe.LearningRate));
        using var valueOptimizer = new AdamW(policy.Device, _valueParameters, recipe.AdamW(recipe.ValueLearningRate));
        CheckpointPart[] parts =
        [
            CheckpointPart.Of(policy.Transformer),
            CheckpointPart.Of("optimizer.safetensors", optimizer.State),
            CheckpointPart.Of("values.safetensors", [.. _valueParameters.Select(parameter => (parameter.Name, parameter.Value))]),
            CheckpointPart.Of("values-optimizer.safetensors", valueOptimizer.State),
        ];
        using ReinforcementRun run = ReinforcementRun.Open("ppo", recipe, recipe.ToJson(), task, policy, [.. policy.Parameters, .. _valueParameters], parts, Limits, folder);
        return run.Train(
            record =>
            {
                double coefficient = run.Numbers.TryGetValue(Coefficient, out double moved) ? moved : recipe.KlCoefficient;

                // Collect.
                RolloutPrompt[] prompts = [.. Enumerable.Range(0, recipe.PromptsPerStep).Select(i => task.Prompts.At(run.Prompt + i))];
                ulong seed = new SeededRandom(recipe.Seed).Fork("rollouts", run.Prompt).NextBits();
                IReadOnlyList<IReadOnlyList<Rollout>> groups = record.Time("rollout", () => _collector.Collect(prompts, recipe.Rollouts(), seed, cancellation));
                run.Prompt += prompts.Length;

                // Rewards, and what was thought of each state.
                Rollout[] rollouts = [.. groups.SelectMany(group => group)];
                Episode[] episodes = record.Time("reward", () => Reward(record, groups, rollouts, coefficient));

                // Advantages.
                Advantages(record, episodes);

                // Loss, and update.
                record.Time("learning", () => Learn(run, record, optimizer, valueOptimizer, episodes));
                record.Set(Coefficient, coefficient);
                run.Numbers[Coefficient] = _controller?.Next(coefficient, record.Values["kl"]) ?? coefficient;
            },
            progress,
            cancellation);
    }

    /// <summary>An answer as a game of its tokens; arrays are [answer].</summary>
    private sealed record Episode(Rollout Rollout, double[] Rewards, float[] Values)
    {
        public double[] Advantages { get; set; } = [];

        public double[] Returns { get; set; } = [];
    }

    private Episode[] Reward(StepRecord record, IReadOnlyList<IReadOnlyList<Rollout>> groups, Rollout[] rollouts, double coefficient)
    {
        RewardTable table = task.Reward.Score(rollouts);
        record.Count(groups, table);
        int[][] sequences = Array.ConvertAll(rollouts, rollout => rollout.Ids);
        IReadOnlyList<float[]> given = SequenceGradient.LogProbabilities(reference, sequences);
        record.CountDivergence(rollouts, given);
        IReadOnlyList<float[]> states = ScoreGradient.Scores(values, head, sequences);
        Episode[] episodes = [.. rollouts.Select((rollout, i) =>
        {
            double[] rewards = new double[rollout.Answer.Length];
            for (int token = 0; token < rewards.Length; token++)
            {
                rewards[token] = -coefficient * Divergence.Plain(rollout.LogProbabilities[token], given[i][rollout.First + token]);
            }
            rewards[^1] += recipe.MissingEndReward is double missing && !rollout.EndedByItself ? missing : table.Total[i];
            return new Episode(rollout, rewards, states[i][rollout.First..]);
        })];
        if (recipe.WhitenRewards)
        {
            Whitening.Apply([.. episodes.Select(episode => episode.Rewards)], keepMean: true);
        }
        return episodes;
    }

    private void Advantages(StepRecord record, Episode[] episodes)
    {
        foreach (Episode episode in episodes)
        {
            (episode.Advantages, episode.Returns) = GeneralizedAdvantages.Of(episode.Rewards, episode.Values, recipe.Discount, recipe.AdvantageDecay);
        }
        record.Set("explainedVariance", Whitening.ExplainedVariance([.. episodes.SelectMany(episode => episode.Returns)], [.. episodes.SelectMany(episode => episode.Values.Select(value => (double)value))]));
        record.Set("value", episodes.SelectMany(episode => episode.Values).Average());
        if (recipe.WhitenAdvantages)
        {
            Whitening.Apply([.. episodes.Select(episode => episode.Advantages)], keepMean: false);
        }
    }

    private void Learn(ReinforcementRun run, StepRecord record, AdamW optimizer, AdamW valueOptimizer, Episode[] episodes)
    {
        double rate = _schedule.At(run.Step);
        double loss = 0;
        double valueLoss = 0;
        int updates = recipe.Epochs * recipe.Minibatches;
        for (int update = 0; update < updates; update++)
        {
            (int epoch, int part) = (update / recipe.Minibatches, update % recipe.Minibatches);
            Episode[] order = [.. episodes];
            SeededRandom random = new SeededRandom(recipe.Seed).Fork("order", (run.Step * recipe.Epochs) + epoch);
            random.Shuffle(order);
            Episode[] batch = order[(part * order.Length / recipe.Minibatches)..((part + 1) * order.Length / recipe.Minibatches)];
            IReadOnlyList<IReadOnlyList<int[]>> sequences = [.. batch.Select(episode => (IReadOnlyList<int[]>)[episode.Rollout.Ids])];
            double weight = 1 / batch.Sum(episode => (double)episode.Rollout.Answer.Length);

            values.Parameters.ClearGradients();
            head.Parameters.ClearGradients();
            ScoreGradient.Run(values, head, sequences, (index, scores, derivatives) =>
            {
                Episode episode = batch[index];
                for (int token = 0; token < episode.Returns.Length; token++)
                {
                    int place = episode.Rollout.First + token;
                    (double error, double slope) = ValueLoss(recipe, scores[0][place], episode.Values[token], episode.Returns[token]);
                    valueLoss += weight * error;
                    derivatives[0][place] = (float)(weight * slope);
                }
            });
            double valueNorm = run.RequireFinite(_valueParameters);
            valueOptimizer.Step((run.Step * updates) + update, rate, Clip(valueNorm));

            if (run.Step < recipe.ValueWarmUpSteps)
            {
                continue;
            }
            policy.Transformer.Parameters.ClearGradients();
            SequenceGradient.Run(policy.Transformer, sequences, (index, logProbabilities, derivatives) =>
            {
                Episode episode = batch[index];
                for (int token = 0; token < episode.Advantages.Length; token++)
                {
                    int place = episode.Rollout.First + token;
                    double now = logProbabilities[0][place];
                    double old = episode.Rollout.LogProbabilities[token];
                    (double nats, double slope, bool isClipped) = TokenLoss(recipe, now, old, episode.Advantages[token]);
                    loss += weight * nats;
                    derivatives[0][place] = (float)(weight * slope);
                    record.CountToken(isClipped);
                    if (update == 0)
                    {
                        record.CountMismatch(now, old);
                    }
                }
            });
            double norm = run.RequireFinite(policy.Parameters);
            optimizer.Step(run.Update, rate, Clip(norm));
            run.Update++;
            record.CountUpdate(norm);
        }
        record.Set("loss", loss / updates);
        record.Set("valueLoss", valueLoss / updates);
    }

    /// <summary>A token's policy loss, and its derivative by the token's log-probability.</summary>
    internal static (double Loss, double Slope, bool IsClipped) TokenLoss(ProximalRecipe recipe, double now, double old, double advantage)
    {
        double ratio = Math.Exp(now - old);
        double free = ratio * advantage;
        double clipped = Math.Clamp(ratio, 1 - recipe.ClipLow, 1 + recipe.ClipHigh) * advantage;
        return (-Math.Min(free, clipped), free <= clipped ? -free : 0, free > clipped);
    }

    /// <summary>A state's value loss, and its derivative by the value.</summary>
    internal static (double Loss, double Slope) ValueLoss(ProximalRecipe recipe, double now, double old, double target)
    {
        double free = now - target;
        if (recipe.ValueClip == 0)
        {
            return (0.5 * free * free, free);
        }
        double clipped = Math.Clamp(now, old - recipe.ValueClip, old + recipe.ValueClip) - target;
        return free * free >= clipped * clipped ? (0.5 * free * free, free) : (0.5 * clipped * clipped, 0);
    }

    private double Clip(double norm) => recipe.GradientClip > 0 ? Math.Min(1, recipe.GradientClip / (norm + 1e-12)) : 1;
}
