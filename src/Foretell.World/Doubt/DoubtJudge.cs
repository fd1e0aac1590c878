namespace Foretell.World.Doubt;

/// <summary>What a reply does.</summary>
public enum DoubtReply
{
    /// <summary>It gives the answer, and no other.</summary>
    Right,

    /// <summary>It claims something else, or something where the passage says nothing or two things; or it says nothing at all.</summary>
    Wrong,

    /// <summary>It says that it does not know, or that the passage does not say.</summary>
    DoesNotKnow,

    /// <summary>It asks back.</summary>
    AsksBack,
}

/// <summary>The judge's finding.</summary>
/// <param name="Reply">What the reply does.</param>
/// <param name="NamesReadings">Whether a question back names both readings and no third.</param>
public readonly record struct DoubtVerdict(DoubtReply Reply, bool NamesReadings = false)
{
    /// <summary>Whether the reply is the one that fits the kind: the answer, not knowing, or the question with both readings.</summary>
    public bool Fits(DoubtKind kind) => kind switch
    {
        DoubtKind.Answerable => Reply == DoubtReply.Right,
        DoubtKind.Unanswerable => Reply == DoubtReply.DoesNotKnow,
        _ => Reply == DoubtReply.AsksBack && NamesReadings,
    };

    /// <summary>Whether the reply makes no claim.</summary>
    public bool Abstains => Reply is DoubtReply.DoesNotKnow or DoubtReply.AsksBack;
}

/// <summary>
/// Classifies any reply to a question of doubt. A claim beside "I don't know" counts as the claim, several claims as wrong; so
/// hedging and listing pay nothing. Answering both readings of an ambiguous question counts as wrong too: asking is asked for.
/// </summary>
public static class DoubtJudge
{
    /// <summary>Replies of more characters are wrong without being read.</summary>
    public const int LongestReply = 2000;

    private static readonly string[] _notKnowing =
    [
        "don't know", "do not know", "dont know", "does not say", "doesn't say", "is not said", "isn't said", "does not tell", "doesn't tell", "not told", "cannot tell", "can't tell", "cannot say", "can't say", "cannot know",
        "can't know", "no idea", "not sure", "unknown", "not mentioned", "does not mention", "doesn't mention", "not stated", "not clear from", "cannot be answered", "can't be answered", "no answer", "cannot answer", "can't answer", "impossible to",
    ];

    private static readonly string[] _asking = ["do you mean", "which one", "who do you mean", "whom do you mean", "what do you mean", "which of"];

    private static readonly HashSet<string> _claims = new(
        [
            .. People.Girls, .. People.Boys, .. People.HeldOutGirls, .. People.HeldOutBoys, .. People.Jobs, .. HeldOut.ColourNames,
            .. Things.Kinds.Select(kind => kind.Name), .. Places.All.Select(place => place.Name), "nobody", "none", "nowhere", "nothing",
        ], StringComparer.OrdinalIgnoreCase);

    /// <summary>Never throws, whatever the reply is.</summary>
    public static DoubtVerdict Judge(DoubtQuestion question, string reply)
    {
        ArgumentNullException.ThrowIfNull(question);
        if (string.IsNullOrWhiteSpace(reply) || reply.Length > LongestReply)
        {
            return new DoubtVerdict(DoubtReply.Wrong);
        }
        reply = reply.Replace('\u2019', '\'');
        var asked = Claims(question.Question);
        var said = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var back = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        bool asks = false, knowsNot = false;
        foreach (string sentence in Sentences(reply))
        {
            bool isQuestion = sentence.EndsWith('?') || Array.Exists(_asking, start => sentence.StartsWith(start, StringComparison.OrdinalIgnoreCase));
            asks |= isQuestion;
            knowsNot |= SaysNotKnowing(sentence);
            (isQuestion ? back : said).UnionWith(Claims(sentence));
        }
        HashSet<string> right = question.Kind == DoubtKind.Answerable ? Claims(question.Reply) : [];
        bool needless = said.IsSubsetOf(asked);
        if (asks && needless)
        {
            return new DoubtVerdict(DoubtReply.AsksBack, NamesReadings(question, back, asked));
        }
        if (knowsNot && needless)
        {
            return new DoubtVerdict(DoubtReply.DoesNotKnow);
        }
        // The question's own words may be said again; what else is said must be the answer.
        said.ExceptWith(asked.Except(right, StringComparer.OrdinalIgnoreCase).ToList());
        bool isRight = right.Count > 0 && !asks && !knowsNot && said.IsSubsetOf(right) && said.Contains(Key(question, right));
        return new DoubtVerdict(isRight ? DoubtReply.Right : DoubtReply.Wrong);
    }

    /// <summary>Whether a text says, anywhere, that its speaker does not know or that nothing is said.</summary>
    public static bool SaysNotKnowing(string text) =>
        Array.Exists(_notKnowing, phrase => text.Replace('\u2019', '\'').Contains(phrase, StringComparison.OrdinalIgnoreCase));

    private static bool NamesReadings(DoubtQuestion question, HashSet<string> back, HashSet<string> asked)
    {
        if (question.Readings.Count == 0)
        {
            return false;
        }
        var wanted = new HashSet<string>(question.Readings.SelectMany(reading => Claims(reading)), StringComparer.OrdinalIgnoreCase);
        // "The red or the blue one" leaves out what the question has said already.
        return back.IsSubsetOf(wanted.Union(asked, StringComparer.OrdinalIgnoreCase)) && wanted.IsSubsetOf(back.Union(asked, StringComparer.OrdinalIgnoreCase));
    }

    // Of "a red ball" the ball must be said; the colour may.
    private static string Key(DoubtQuestion question, HashSet<string> right) =>
        question.Form == "bought" ? right.First(word => !HeldOut.ColourNames.Contains(word, StringComparer.OrdinalIgnoreCase)) : right.First();

    private static HashSet<string> Claims(string text)
    {
        var found = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string word in text.Split([' ', ',', ';', ':', '.', '!', '?', '"', '(', ')', '*', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            string bare = word.EndsWith("'s", StringComparison.OrdinalIgnoreCase) ? word[..^2] : word.Trim('\'');
            if (_claims.Contains(bare))
            {
                found.Add(bare);
            }
        }
        return found;
    }

    private static IEnumerable<string> Sentences(string text)
    {
        int start = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] is '.' or '!' or '?' or '\n')
            {
                if (!string.IsNullOrWhiteSpace(text.AsSpan(start, at - start).ToString()))
                {
                    yield return text[start..(at + 1)].Trim();
                }
                start = at + 1;
            }
        }
        if (start < text.Length && text[start..].Trim() is { Length: > 0 } rest)
        {
            yield return rest;
        }
    }
}
