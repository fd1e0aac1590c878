using Foretell.Tensors;
using Foretell.Tokenizers;
using Foretell.World;
using Foretell.World.Environments;

namespace Foretell.Training;

/// <summary>A level of an environment.</summary>
public readonly record struct EnvironmentLevel(IEnvironment Environment, int Level)
{
    /// <summary>Such as <c>arithmetic:2</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Environment.Name}:{Level}");
}

/// <summary>Problems of some environments' levels, turn by turn, never the same again but by chance.</summary>
/// <param name="levels">At least one.</param>
/// <param name="split">The training split to learn from, a held-out one to measure on.</param>
public sealed class EnvironmentPrompts(IReadOnlyList<EnvironmentLevel> levels, ChatTemplate template, Tokenizer tokenizer, ulong seed, WorldSplit split = WorldSplit.Training) : IPromptSource
{
    /// <inheritdoc/>
    public string Identity => FormattableString.Invariant($"{string.Join(",", levels)} seed {seed} {split}");

    /// <inheritdoc/>
    public RolloutPrompt At(long index)
    {
        EnvironmentLevel level = levels[(int)(index % levels.Count)];
        return RolloutPrompt.Of(level.Environment.Generate(new SeededRandom(seed).Fork("problem", index).NextBits(), level.Level, split), template, tokenizer);
    }
}
