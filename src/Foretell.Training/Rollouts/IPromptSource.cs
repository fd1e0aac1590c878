namespace Foretell.Training;

/// <summary>An endless row of prompts, each a pure function of its index, so that a run can be resumed anywhere.</summary>
public interface IPromptSource
{
    /// <summary>What decides the prompts, for config.json: a resume with another is refused.</summary>
    string Identity { get; }

    /// <summary>The prompt of an index.</summary>
    /// <param name="index">At least 0.</param>
    RolloutPrompt At(long index);
}
