using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>
/// How long a model may think before it answers. Thoughts are the tokens between two markers; when as many as are allowed
/// have been written, the closing marker is put behind them without asking the model, and while there are too few it may
/// not be drawn (budget forcing; Muennighoff et al. 2025, s1, <see href="https://arxiv.org/abs/2501.19393"/>, without the
/// word "Wait" that the paper writes where thinking would have ended too early).
/// </summary>
public sealed record ThinkingOptions
{
    /// <summary>What thoughts begin with in the models of today.</summary>
    public const string UsualOpening = "<think>";

    /// <summary>What they end with.</summary>
    public const string UsualClosing = "</think>";

    /// <summary>What thoughts begin with, at least one character.</summary>
    public string Opening { get; init; } = UsualOpening;

    /// <summary>What they end with, at least one character.</summary>
    public string Closing { get; init; } = UsualClosing;

    /// <summary>What is written when the budget is used up: <see cref="Closing"/> and the white space that the model learned around it.</summary>
    public string ForcedClosing { get; init; } = $"\n{UsualClosing}\n\n";

    /// <summary>Whether the prompt ends behind the opening marker; otherwise thoughts are what the answer begins with, where it begins with the marker.</summary>
    public bool IsOpen { get; init; }

    /// <summary>The most tokens of thought; at least 0, and 0 lets none through; a character that has begun is finished first. Default: as many as the answer may have.</summary>
    public int MaximumTokens { get; init; } = int.MaxValue;

    /// <summary>The fewest tokens of thought once it has begun: until then neither the closing marker nor an end is drawn. In [0, <see cref="MaximumTokens"/>].</summary>
    public int MinimumTokens { get; init; }

    /// <summary>What a template says of thoughts: whether this prompt begins them, and what it writes around them.</summary>
    /// <param name="template">The template that rendered the prompt; one that shows no thoughts gives the usual markers.</param>
    /// <param name="prompt">Ends where the answer begins.</param>
    public static ThinkingOptions Of(ChatTemplate template, RenderedChat prompt) => Of(template) with
    {
        IsOpen = prompt.Text.AsSpan().TrimEnd().EndsWith(UsualOpening, StringComparison.Ordinal),
    };

    /// <summary>What a template writes around thoughts, found by rendering some.</summary>
    public static ThinkingOptions Of(ChatTemplate template)
    {
        const string Thought = "probe thought", Answer = "probe answer";
        string text;
        try
        {
            text = template.Render(new Conversation([new ChatMessage("user", "Hello"), new ChatMessage("assistant", Answer) { ReasoningContent = Thought }]) { Now = DateTimeOffset.UnixEpoch }).Text;
        }
        catch (ChatTemplateException)
        {
            return new ThinkingOptions();
        }
        int begin = text.IndexOf(Thought, StringComparison.Ordinal) + Thought.Length;
        int end = text.IndexOf(Answer, StringComparison.Ordinal);
        string between = begin >= Thought.Length && end > begin ? text[begin..end] : "";
        return between.Trim() == UsualClosing ? new ThinkingOptions { ForcedClosing = between } : new ThinkingOptions();
    }

    /// <summary>What an answer says behind its thoughts: all where there are none, nothing where they never end.</summary>
    /// <param name="text">An answer as it was written, the opening marker included or not.</param>
    public static string Reply(string text)
    {
        int end = text.IndexOf(UsualClosing, StringComparison.Ordinal);
        return end >= 0 ? text[(end + UsualClosing.Length)..].Trim()
            : text.AsSpan().TrimStart().StartsWith(UsualOpening, StringComparison.Ordinal) ? ""
            : text.Trim();
    }

    /// <summary>Throws one sentence that names the first setting out of its range.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public void Validate()
    {
        if (MaximumTokens < 0 || MinimumTokens < 0 || MinimumTokens > MaximumTokens)
        {
            throw new ArgumentException(FormattableString.Invariant($"thinking: the budget must be at least 0 tokens, and the minimum in [0, budget]; they are {MaximumTokens} and {MinimumTokens}."));
        }
        if (Opening.Length == 0 || Closing.Length == 0 || !ForcedClosing.Contains(Closing, StringComparison.Ordinal))
        {
            throw new ArgumentException($"thinking: markers must have at least one character, and what is forced must hold the closing one; they are \"{Opening}\", \"{Closing}\" and \"{ForcedClosing}\".");
        }
    }
}
