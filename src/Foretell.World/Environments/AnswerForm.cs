namespace Foretell.World.Environments;

/// <summary>
/// The forms in which an answer may come: <c>12</c>, <c>12.</c>, <c>The answer is 12.</c>, <c>**12**</c>, <c>12 apples</c>.
/// What is read must be one answer; two candidates are none.
/// </summary>
internal static class AnswerForm
{
    private static readonly string[] _leads =
        ["so", "thus", "therefore", "the final answer is", "the answer is", "final answer", "answer", "the result is", "it is", "it's", "it was", "that is", "that makes", "they are"];

    // Words that may stand around an answer without changing it.
    private static readonly HashSet<string> _fillers = new(
        ["a", "an", "the", "is", "was", "are", "were", "it", "so", "in", "at", "to", "of", "on", "all", "total", "now", "left", "there", "that", "this", "has", "have", "had", "did", "does", "makes", "answer", "exactly", "just"],
        StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> _turns = new(["not", "no", "or", "nor", "neither", "except", "never", "isn't", "wasn't", "maybe"], StringComparer.OrdinalIgnoreCase);

    private static readonly Dictionary<string, int> _numberWords = Enumerable.Range(1, 20).Select(number => (Grammar.InWords(number), number)).Append(("zero", 0)).Append(("none", 0))
        .ToDictionary(pair => pair.Item1, pair => pair.Item2, StringComparer.OrdinalIgnoreCase);

    private static readonly char[] _around = ['*', '`', '"', '$', '_', '\u201C', '\u201D', ' '];
    private static readonly char[] _ends = ['.', '!', ' ', '*', '`', '"', '$', '_', '\u201C', '\u201D'];

    /// <summary>The answer without what stands around it: white space to single spaces; emphasis, quotes, a lead such as <c>The answer is</c> and the full stop gone.</summary>
    public static string Core(string answer)
    {
        string core = string.Join(' ', answer.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd(_ends).TrimStart(_around);
        const string Box = "\\boxed{";
        if (core.StartsWith(Box, StringComparison.Ordinal) && core.EndsWith('}'))
        {
            core = core[Box.Length..^1].Trim();
        }
        for (bool found = true; found;)
        {
            found = false;
            foreach (string lead in _leads)
            {
                if (core.Length > lead.Length && core.StartsWith(lead, StringComparison.OrdinalIgnoreCase) && core[lead.Length] is ' ' or ':' or ',')
                {
                    core = core[lead.Length..].TrimStart([':', ',', .. _around]);
                    found = true;
                }
            }
        }
        return core;
    }

    /// <summary>Words and numbers without the punctuation around them.</summary>
    public static string[] Words(string text)
    {
        string[] words = text.Split((char[])[' ', ',', ';', ':', '(', ')', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);
        int count = 0;
        foreach (string word in words)
        {
            string bare = word.Trim('.', '!', '?', '"', '\'', '*');
            if (bare.Length > 0)
            {
                words[count++] = bare;
            }
        }
        return words[..count];
    }

    /// <summary>
    /// Whether the answer is the one number that is wanted. Around it may stand words of the question's last sentence and a few others
    /// that change nothing, and before it the question's own sum: <c>3 + 4 = 7</c>.
    /// </summary>
    public static Verdict JudgeNumber(Problem problem, string answer)
    {
        int sign = answer.IndexOf('=');
        if (sign >= 0)
        {
            string left = Squeezed(answer[..sign]);
            if (left.Length > 0 && !Squeezed(problem.Question).Contains(left, StringComparison.OrdinalIgnoreCase))
            {
                return new Verdict(false, "A sum stands before the answer that is not the question's.");
            }
            answer = answer[(sign + 1)..].Trim();
        }
        long? found = null;
        HashSet<string>? question = null;
        foreach (string word in Words(WithoutThousandsCommas(answer)))
        {
            if (TryNumber(word, out long number))
            {
                if (found is not null)
                {
                    return new Verdict(false, "The answer holds more than one number.");
                }
                found = number;
            }
            else if (_turns.Contains(word) || (!_fillers.Contains(word) && !(question ??= WordSet(LastSentence(problem.Question))).Contains(word)))
            {
                return new Verdict(false, "The answer is not just a number.");
            }
        }
        return found is null ? new Verdict(false, "The answer holds no number.")
            : TryNumber(problem.Answer, out long right) && found == right ? new Verdict(true)
            : new Verdict(false, "The number is wrong.");
    }

    /// <summary>Whether the answer names the right one of the candidates and no other.</summary>
    /// <param name="problem">Its answer is one of <paramref name="candidates"/>; words of the question's last sentence may stand around the one that is named.</param>
    /// <param name="answer">As <see cref="Core"/> leaves it.</param>
    /// <param name="candidates">Single words, lower or upper case alike.</param>
    public static Verdict JudgeChoice(Problem problem, string answer, IReadOnlyCollection<string> candidates)
    {
        string? named = null;
        HashSet<string>? question = null;
        foreach (string word in Words(answer))
        {
            if (candidates.Contains(word, StringComparer.OrdinalIgnoreCase))
            {
                if (named is not null && !named.Equals(word, StringComparison.OrdinalIgnoreCase))
                {
                    return new Verdict(false, "The answer names more than one.");
                }
                named = word;
            }
            else if (_turns.Contains(word) || (!_fillers.Contains(word) && !(question ??= WordSet(LastSentence(problem.Question))).Contains(word)))
            {
                return new Verdict(false, "The answer says more than was asked.");
            }
        }
        return named is null ? new Verdict(false, "The answer names none of the choices.")
            : named.Equals(problem.Answer, StringComparison.OrdinalIgnoreCase) ? new Verdict(true)
            : new Verdict(false, "Another one is right.");
    }

    /// <summary>The answer as a list of items between commas or spaces, an "and" before the last left out.</summary>
    public static string[] Items(string answer) =>
        [.. Words(answer.Trim('[', ']', '(', ')', ' ')).Where(word => !word.Equals("and", StringComparison.OrdinalIgnoreCase))];

    /// <summary>A whole number in figures or in words up to twenty.</summary>
    public static bool TryNumber(string word, out long number)
    {
        if (_numberWords.TryGetValue(word, out int small))
        {
            number = small;
            return true;
        }
        number = 0;
        bool negative = word.Length > 1 && word[0] is '-' or '\u2212';
        int digits = 0;
        foreach (char c in word.AsSpan(negative ? 1 : 0))
        {
            if (!char.IsAsciiDigit(c) || ++digits > 15)
            {
                return false;
            }
            number = (number * 10) + (c - '0');
        }
        number = negative ? -number : number;
        return digits > 0;
    }

    // What is asked, without the facts before it: an answer may say it again, but not tell a fact instead.
    private static string LastSentence(string question)
    {
        int end = question.LastIndexOf(". ", StringComparison.Ordinal);
        return question[(end + 1)..];
    }

    private static HashSet<string> WordSet(string text) => new(Words(text), StringComparer.OrdinalIgnoreCase);

    // "1,234" is one number; "1, 234" and "1,2" are two.
    private static string WithoutThousandsCommas(string answer)
    {
        for (int at = answer.IndexOf(','); at >= 0; at = answer.IndexOf(',', at + 1))
        {
            bool between = at > 0 && at + 3 < answer.Length && char.IsAsciiDigit(answer[at - 1]) && char.IsAsciiDigit(answer[at + 1]) && char.IsAsciiDigit(answer[at + 2])
                && char.IsAsciiDigit(answer[at + 3]) && (at + 4 == answer.Length || !char.IsAsciiDigit(answer[at + 4]));
            if (between)
            {
                answer = answer.Remove(at--, 1);
            }
        }
        return answer;
    }

    private static string Squeezed(string text) => text.Replace(" ", "", StringComparison.Ordinal);
}
