using System.Security.Cryptography;
using System.Text;

namespace Foretell.Data;

/// <summary>Comparisons, or labelled answers, from files; what can't be learned from is left out and said.</summary>
public sealed class PreferenceSet
{
    private const int RowsNamed = 5;

    private readonly IReadOnlyList<LabelledAnswer> _labelled;

    private PreferenceSet(IReadOnlyList<PreferencePair> pairs, IReadOnlyList<LabelledAnswer> labelled, IReadOnlyList<string> warnings)
    {
        Pairs = pairs;
        _labelled = labelled;
        Warnings = warnings;
    }

    /// <summary>The comparisons; none where the files hold labelled answers.</summary>
    public IReadOnlyList<PreferencePair> Pairs { get; }

    /// <summary>The labelled answers; of comparisons, both answers of each: the chosen one good, the other bad.</summary>
    public IReadOnlyList<LabelledAnswer> Answers => _labelled.Count > 0 ? _labelled : [.. Pairs.SelectMany(pair => new[]
    {
        new LabelledAnswer(pair.Prompt, pair.Chosen, true, pair.Origin),
        new LabelledAnswer(pair.Prompt, pair.Rejected, false, pair.Origin),
    })];

    /// <summary>A sentence for each kind of row that was left out, with how many and the first of them.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Identity of the content and its order: lower-case hexadecimal SHA-256.</summary>
    public string Fingerprint
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (PreferencePair pair in Pairs)
            {
                hash.AppendData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{PreferenceText.Key(pair.Prompt)}\u0002{PreferenceText.Key(pair.Chosen)}\u0002{PreferenceText.Key(pair.Rejected)}\u0002{pair.Margin:R}\u0001")));
            }
            foreach (LabelledAnswer answer in _labelled)
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{PreferenceText.Key(answer.Prompt)}\u0002{PreferenceText.Key(answer.Answer)}\u0002{answer.IsDesirable}\u0001"));
            }
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Comparisons that are at hand already, checked as those of files are.</summary>
    /// <exception cref="CorpusException">None is left to learn from.</exception>
    public static PreferenceSet Of(IEnumerable<PreferencePair> pairs)
    {
        var left = new Leavings();
        return Checked([.. pairs], [], left, "the comparisons");
    }

    /// <summary>Reads files in any of the forms of <see cref="PreferenceForms"/>, told apart row by row.</summary>
    /// <param name="paths">.json (an array) or .jsonl files, plain or .gz.</param>
    /// <exception cref="CorpusException">A row has none of the forms, lacks a role or has none of the assistant's words; comparisons and labelled answers are mixed; or nothing is left to learn from. The message names file and row.</exception>
    public static PreferenceSet Read(IReadOnlyList<string> paths)
    {
        var left = new Leavings();
        var pairs = new List<PreferencePair>();
        var answers = new List<LabelledAnswer>();
        foreach (JsonRow row in JsonRow.Read(paths))
        {
            (PreferencePair? pair, LabelledAnswer? answer) = PreferenceForms.Read(row);
            if (pair is null && answer is null)
            {
                left.Add("have answers that follow different prompts", row.Place);
            }
            else if (pair is not null)
            {
                pairs.Add(pair);
            }
            else
            {
                answers.Add(answer!);
            }
            if (pairs.Count > 0 && answers.Count > 0)
            {
                throw new CorpusException($"{row.Place}: comparisons and labelled answers are mixed; give either rows with \"chosen\" and \"rejected\" or rows with \"completion\" and \"label\".");
            }
        }
        return Checked(pairs, answers, left, string.Join(", ", paths));
    }

    /// <summary>
    /// Parts the set for training and measuring: prompts are ordered by a seeded hash, and the first ones are held out
    /// until they have the share of the rows. A prompt's rows stay together, so that no prompt is on both sides.
    /// </summary>
    /// <param name="heldOutShare">In [0, 1).</param>
    /// <exception cref="CorpusException">A side would be empty though it is wanted.</exception>
    public (PreferenceSet Training, PreferenceSet HeldOut) Split(double heldOutShare, ulong seed)
    {
        int rows = Pairs.Count + _labelled.Count;
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string prompt in Pairs.Select(pair => PreferenceText.Key(pair.Prompt)).Concat(_labelled.Select(answer => PreferenceText.Key(answer.Prompt))))
        {
            counts[prompt] = counts.GetValueOrDefault(prompt) + 1;
        }
        var held = new HashSet<string>(StringComparer.Ordinal);
        int taken = 0;
        foreach ((string prompt, int count) in counts.OrderBy(entry => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{seed}\u0001{entry.Key}")))), StringComparer.Ordinal))
        {
            if (taken >= heldOutShare * rows)
            {
                break;
            }
            held.Add(prompt);
            taken += count;
        }
        if (heldOutShare > 0 && taken == rows)
        {
            throw new CorpusException(FormattableString.Invariant($"All {rows} rows have {(counts.Count == 1 ? "one prompt" : "few prompts")}, and none would be left to learn from when {heldOutShare:P0} are held out; give more prompts or set heldOutShare=0."));
        }
        PreferenceSet Side(bool isHeld) => new(
            [.. Pairs.Where(pair => held.Contains(PreferenceText.Key(pair.Prompt)) == isHeld)],
            [.. _labelled.Where(answer => held.Contains(PreferenceText.Key(answer.Prompt)) == isHeld)],
            []);
        return (Side(false), Side(true));
    }

    private static PreferenceSet Checked(List<PreferencePair> pairs, List<LabelledAnswer> answers, Leavings left, string source)
    {
        var kept = new List<PreferencePair>();
        var seen = new Dictionary<(string, string, string), PreferencePair>();
        var contradicted = new HashSet<PreferencePair>();
        foreach (PreferencePair pair in pairs)
        {
            (string prompt, string chosen, string rejected) = (PreferenceText.Key(pair.Prompt), PreferenceText.Key(pair.Chosen), PreferenceText.Key(pair.Rejected));
            if (PreferenceText.IsEmpty(pair.Chosen) || PreferenceText.IsEmpty(pair.Rejected))
            {
                left.Add("have an empty answer", pair.Origin);
            }
            else if (chosen == rejected)
            {
                left.Add("have two equal answers", pair.Origin);
            }
            else if (seen.TryGetValue((prompt, rejected, chosen), out PreferencePair? opposite))
            {
                left.Add("contradict another row (the same answers, chosen the other way round; both rows are left out)", pair.Origin);
                contradicted.Add(opposite);
            }
            else if (!seen.TryAdd((prompt, chosen, rejected), pair))
            {
                left.Add("repeat another row", pair.Origin);
            }
            else
            {
                kept.Add(pair);
            }
        }
        kept.RemoveAll(contradicted.Contains);
        var whole = new List<LabelledAnswer>();
        var labels = new Dictionary<(string, string), LabelledAnswer>();
        foreach (LabelledAnswer answer in answers)
        {
            var key = (PreferenceText.Key(answer.Prompt), PreferenceText.Key(answer.Answer));
            if (PreferenceText.IsEmpty(answer.Answer))
            {
                left.Add("have an empty answer", answer.Origin);
            }
            else if (!labels.TryAdd(key, answer))
            {
                bool agrees = labels[key].IsDesirable == answer.IsDesirable;
                left.Add(agrees ? "repeat another row" : "contradict another row (the same answer, labelled the other way; both rows are left out)", answer.Origin);
                whole.RemoveAll(other => !agrees && ReferenceEquals(other, labels[key]));
            }
            else
            {
                whole.Add(answer);
            }
        }
        IReadOnlyList<string> warnings = left.Sentences();
        return kept.Count + whole.Count > 0
            ? new PreferenceSet(kept, whole, warnings)
            : throw new CorpusException($"{source}: no comparison is left to learn from; {string.Join(" ", warnings)}".TrimEnd(' ', ';') + (warnings.Count == 0 ? "." : ""));
    }

    /// <summary>Rows that are left out, by reason.</summary>
    private sealed class Leavings
    {
        private readonly List<(string Reason, List<string> Places)> _reasons = [];

        public void Add(string reason, string place)
        {
            int index = _reasons.FindIndex(entry => entry.Reason == reason);
            if (index < 0)
            {
                _reasons.Add((reason, [place]));
                return;
            }
            _reasons[index].Places.Add(place);
        }

        public IReadOnlyList<string> Sentences() => [.. _reasons.Select(entry => FormattableString.Invariant(
            $"{entry.Places.Count} rows {entry.Reason} and are not learned from: {string.Join("; ", entry.Places.Take(RowsNamed))}{(entry.Places.Count > RowsNamed ? "; ..." : "")}."))];
    }
}
