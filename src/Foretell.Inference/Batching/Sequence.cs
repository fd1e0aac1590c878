using System.Runtime.InteropServices;

namespace Foretell.Inference;

/// <summary>One text that grows: a prompt and what was written behind it. What of it the model has read lies in its blocks.</summary>
/// <param name="prompt">At least one token.</param>
/// <param name="fairnessKey">Sequences of one key share its turns.</param>
/// <param name="hasDraft">Whether a draft model reads it too.</param>
internal sealed class Sequence(ReadOnlySpan<int> prompt, string fairnessKey = "", bool hasDraft = false)
{
    private readonly List<int> _tokens = [.. prompt];

    public string FairnessKey { get; } = fairnessKey;

    /// <summary>Tokens of the prompt.</summary>
    public int PromptLength { get; } = prompt.Length;

    /// <summary>All tokens, [Count].</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    public int Count => _tokens.Count;

    public SequenceBlocks Blocks { get; } = new(hasDraft);

    /// <summary>Tokens that the model has not read; the last one's scores are what the next is drawn from.</summary>
    public int Pending => Count - Blocks.Length;

    /// <summary>Place in the order of arrival.</summary>
    public long Arrival { get; set; }

    /// <summary>The most tokens that it would be of use to guess ahead; see <see cref="ScheduledSequence.Drafts"/>.</summary>
    public int DraftLimit { get; set; }

    /// <summary>Prompt tokens that were found in the prefix cache when it was first admitted; null before.</summary>
    public int? CachedPromptTokens { get; set; }

    /// <summary>Times that its blocks were taken away and had to be computed again.</summary>
    public int Preemptions { get; set; }

    /// <summary>What the engine keeps of it beside its tokens.</summary>
    public Answer? Answer { get; init; }

    public void Append(int token) => _tokens.Add(token);
}
