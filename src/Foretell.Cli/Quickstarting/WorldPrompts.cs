using Foretell.Tokenizers;
using Foretell.Training;
using Foretell.World;
using Foretell.World.Doubt;

namespace Foretell.Cli.Quickstarting;

/// <summary>The questions of the world's comparisons, for learning from a reward model.</summary>
internal sealed class PreferencePrompts(ulong seed, TrainedModel model, WorldSplit split = WorldSplit.Training) : IPromptSource
{
    private readonly WorldPreferences _preferences = new(seed);

    public string Identity => FormattableString.Invariant($"world comparisons, seed {seed} {split}");

    public RolloutPrompt At(long index) => RolloutPrompt.Of([new ChatMessage("user", _preferences.Comparison(index, split).Question)], model.Template, model.Tokenizer);
}

/// <summary>Questions with, without and with two answers.</summary>
internal sealed class DoubtPrompts(ulong seed, TrainedModel model) : IPromptSource
{
    private readonly Dictionary<string, DoubtQuestion> _asked = [];

    public string Identity => FormattableString.Invariant($"world doubt, seed {seed}");

    public RolloutPrompt At(long index)
    {
        DoubtQuestion question = DoubtQuestions.Generate(WorldLessons.Seed(seed, "asked", index), WorldSplit.Training);
        lock (_asked)
        {
            _asked[question.Prompt] = question;
        }
        return RolloutPrompt.Of(question.Ask(), model.Template, model.Tokenizer);
    }

    /// <summary>The question that a prompt of this source asks.</summary>
    public DoubtQuestion Question(RolloutPrompt prompt)
    {
        lock (_asked)
        {
            return _asked[prompt.Messages[^1].Content!];
        }
    }
}

/// <summary>Pays for right answers, for honesty where there is none, and for asking back where there are two.</summary>
internal sealed class DoubtRolloutReward(DoubtPrompts prompts, DoubtReward reward) : IReward
{
    public string Name => "doubt";

    public double[] Score(IReadOnlyList<Rollout> rollouts) => [.. rollouts.Select(rollout => reward.Of(prompts.Question(rollout.Prompt), rollout.Reply))];
}
