using Foretell.Models;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>
/// The score of a reward model. Where it shares the policy's tokenizer and template it reads the very ids of the rollout;
/// else the conversation is rendered anew in its own.
/// </summary>
/// <param name="name">For logs.</param>
/// <param name="policy">Whose rollouts are scored.</param>
public sealed class RewardModelReward(string name, RewardModel model, TrainedModel policy) : IReward
{
    private readonly bool _readsIds = model.Tokenizer.Fingerprint == policy.Tokenizer.Fingerprint && model.Template.Source == policy.Template.Source;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">An answer does not fit into the reward model's context.</exception>
    public double[] Score(IReadOnlyList<Rollout> rollouts)
    {
        int[][] sequences = [.. rollouts.Select(rollout => _readsIds ? rollout.Ids : model.Ids([.. rollout.Prompt.Messages, new ChatMessage("assistant", rollout.Text)]))];
        int longest = sequences.Max(sequence => sequence.Length);
        if (longest > model.Transformer.Config.ContextLength)
        {
            throw new InvalidDataException(FormattableString.Invariant($"A prompt with its answer has {longest} tokens, and the reward model {name} reads at most {model.Transformer.Config.ContextLength}; lower maximumTokens or take a reward model of a longer context."));
        }
        return [.. model.Score(sequences).Select(score => (double)score)];
    }
}
