using Foretell.Data;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>A comparison as ids.</summary>
/// <param name="Margin">How much better the chosen one was rated; 0 where nothing is known.</param>
internal sealed record PairTokens(AnswerTokens Chosen, AnswerTokens Rejected, double Margin, PreferencePair Source);

/// <summary>A labelled answer as ids, and beside it the answer to another prompt in its place.</summary>
/// <param name="Mismatched">This prompt with the next row's answer; null where it does not fit.</param>
internal sealed record LabelledTokens(AnswerTokens Answer, AnswerTokens? Mismatched, LabelledAnswer Source);

/// <summary>Rendered preferences. What does not fit is treated as the recipe says, and said.</summary>
/// <param name="maximum">The most ids of a conversation.</param>
/// <param name="warn">Receives a sentence for each kind of row that was left out or cut.</param>
internal sealed class PreferenceTokens(ChatTemplate template, Tokenizer tokenizer, int maximum, TooLong tooLong, Action<string> warn)
{
    private const int RowsNamed = 5;

    private readonly List<string> _dropped = [];
    private readonly List<string> _cut = [];

    /// <exception cref="FormatException">A row can't be rendered, or is too long and that is refused; or none is left.</exception>
    public IReadOnlyList<PairTokens> Encode(IReadOnlyList<PreferencePair> pairs)
    {
        var encoded = new List<PairTokens>(pairs.Count);
        foreach (PreferencePair pair in pairs)
        {
            if (Fit(pair.Prompt, [pair.Chosen, pair.Rejected], pair.Origin) is [AnswerTokens chosen, AnswerTokens rejected])
            {
                encoded.Add(new PairTokens(chosen, rejected, pair.Margin, pair));
            }
        }
        return Told(encoded, pairs.Count);
    }

    /// <inheritdoc cref="Encode(IReadOnlyList{PreferencePair})"/>
    public IReadOnlyList<LabelledTokens> Encode(IReadOnlyList<LabelledAnswer> answers)
    {
        var encoded = new List<LabelledTokens>(answers.Count);
        for (int i = 0; i < answers.Count; i++)
        {
            LabelledAnswer row = answers[i];
            if (Fit(row.Prompt, [row.Answer], row.Origin) is [AnswerTokens answer])
            {
                encoded.Add(new LabelledTokens(answer, Mismatched(answers, i), row));
            }
        }
        return Told(encoded, answers.Count);
    }

    /// <summary>The prompt of row i with the answer of the next row of another prompt; null where there is none or it is too long.</summary>
    private AnswerTokens? Mismatched(IReadOnlyList<LabelledAnswer> answers, int row)
    {
        string prompt = PreferenceText.Key(answers[row].Prompt);
        for (int step = 1; step < answers.Count; step++)
        {
            LabelledAnswer other = answers[(row + step) % answers.Count];
            if (PreferenceText.Key(other.Prompt) != prompt)
            {
                AnswerTokens tokens = Render([.. answers[row].Prompt, other.Answer], answers[row].Origin);
                return tokens.Ids.Length <= maximum ? tokens : null;
            }
        }
        return null;
    }

    private AnswerTokens[] Fit(IReadOnlyList<ChatMessage> prompt, ChatMessage[] answers, string origin)
    {
        bool wasCut = false;
        while (true)
        {
            AnswerTokens[] tokens = [.. answers.Select(answer => Render([.. prompt, answer], origin))];
            int longest = tokens.Max(answer => answer.Ids.Length);
            if (longest <= maximum)
            {
                if (wasCut)
                {
                    _cut.Add(origin);
                }
                return tokens;
            }
            int oldest = prompt[0].Role == "system" ? 1 : 0;
            if (tooLong == TooLong.Refuse)
            {
                throw new FormatException(FormattableString.Invariant($"{origin}: the conversation has {longest} tokens, and at most {maximum} are read; shorten it, or set tooLong=Cut or tooLong=Drop."));
            }
            if (tooLong == TooLong.Drop || prompt.Count - oldest <= 1)
            {
                _dropped.Add(origin);
                return [];
            }
            // A turn of the user goes with the assistant's answer to it.
            int next = oldest + 1;
            while (next < prompt.Count - 1 && prompt[next].Role != "user")
            {
                next++;
            }
            prompt = [.. prompt.Take(oldest), .. prompt.Skip(next)];
            wasCut = true;
        }
    }

    private AnswerTokens Render(IReadOnlyList<ChatMessage> messages, string origin)
    {
        try
        {
            return AnswerTokens.Of(template, tokenizer, messages);
        }
        catch (FormatException error)
        {
            throw new FormatException($"{origin}: {error.Message}", error);
        }
    }

    private List<T> Told<T>(List<T> encoded, int rows)
    {
        Tell(_dropped, FormattableString.Invariant($"are longer than {maximum} tokens and are not used"));
        Tell(_cut, FormattableString.Invariant($"are longer than {maximum} tokens and lost their oldest turns"));
        bool isEmpty = encoded.Count == 0 && rows > 0;
        _dropped.Clear();
        _cut.Clear();
        return !isEmpty ? encoded : throw new FormatException(FormattableString.Invariant($"All {rows} rows are longer than {maximum} tokens; use a model with a longer context, set tooLong=Cut, or give shorter ones."));
    }

    private void Tell(List<string> origins, string what)
    {
        if (origins.Count > 0)
        {
            warn(FormattableString.Invariant($"{origins.Count} rows {what}: {string.Join("; ", origins.Take(RowsNamed))}{(origins.Count > RowsNamed ? "; ..." : "")}."));
        }
    }
}
