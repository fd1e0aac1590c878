using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Evaluation;
using Foretell.Tensors;
using Microsoft.Extensions.AI;

namespace Foretell.Training;

/// <summary>How a teacher's comparisons went.</summary>
/// <param name="AiLabels">Comparisons that the teacher labelled.</param>
/// <param name="HumanLabels">Those that kept the label that they came with.</param>
/// <param name="Undecided">Those that the teacher found even, which are in the file but not learned from.</param>
/// <param name="Unread">Replies that were neither A nor B.</param>
/// <param name="AgreementWithHumans">How often the teacher chose as the given labels do, which it did not see.</param>
/// <param name="AgreementWithTruth">How often it chose the better one in truth; null where that is not known.</param>
/// <param name="TwoHumans">How often two labellers with this data's share of errors agree by chance of their errors, (1 - ε)² + ε²; null where the truth is not known.</param>
/// <param name="PositionBias">How much likelier than one half the teacher calls the answer better that stands first, before both orders are averaged.</param>
public sealed record AiComparisonResult(int AiLabels, int HumanLabels, int Undecided, int Unread, Proportion AgreementWithHumans, Proportion? AgreementWithTruth, double? TwoHumans, double PositionBias);

/// <summary>
/// Comparisons by a teacher instead of people (Bai et al. 2022, <see href="https://arxiv.org/abs/2212.08073"/>, section 4; Lee
/// et al. 2023, <see href="https://arxiv.org/abs/2309.00267"/>): by a principle drawn for each comparison, or by all of them,
/// the teacher says which of two answers is better, once in either order, so that liking the first one cancels out. With
/// p(A) its probability of "A", or the share of its votes: p = mean over principles of (p(A | y₁, y₂) + 1 - p(A | y₂, y₁)) / 2.
/// Departures: the label is hard, with max(p, 1 - p) beside it as its confidence, where Bai et al. train on p itself; a
/// chosen share of the comparisons keeps its human label.
/// </summary>
public sealed class AiComparison(IChatClient teacher, Constitution constitution, TeacherOptions options)
{
    private const int LabelTokens = 8;

    /// <summary>Share of comparisons that keep the label that they came with, in [0, 1].</summary>
    public double HumanShare { get; init; }

    /// <summary>Votes for each order where the teacher tells no probabilities, at least 1; one is drawn at temperature 0.</summary>
    public int Votes { get; init; } = 1;

    /// <summary>Whether each comparison is judged by every principle instead of a drawn one.</summary>
    public bool UsesAllPrinciples { get; init; }

    /// <summary>The probability that a reply gives to "A" against "B", read off its tokens; null for a teacher that tells none, or for a reply that has neither.</summary>
    public Func<ChatResponse, double?>? ReadProbability { get; init; }

    /// <summary>What a request is given beside temperature and seed, as the client understands it; null for nothing.</summary>
    public Action<ChatOptions>? Configure { get; init; }

    /// <summary>Writes a line a comparison, as preference learning reads it: prompt, chosen, rejected, labeller, confidence, principle.</summary>
    /// <param name="pairs">Labelled by people; the teacher does not see how.</param>
    /// <param name="path">The .jsonl file; what an earlier run wrote to it is kept.</param>
    /// <exception cref="CorpusException">The file belongs to other comparisons, settings or another teacher.</exception>
    public async Task<AiComparisonResult> RunAsync(IReadOnlyList<PreferencePair> pairs, string path, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        string settings = string.Join('\u0001', ["compare", options.Teacher, $"{options.Seed} {HumanShare} {Votes} {UsesAllPrinciples} {ReadProbability is null}", .. constitution.Principles.Select(principle => principle.Text)]);
        IReadOnlyList<JsonObject> lines = await new TeacherLines(path, settings).RunAsync(
            [.. pairs.Select(pair => PreferenceText.Key(pair.Prompt) + PreferenceText.Key(pair.Chosen) + "\u0002" + PreferenceText.Key(pair.Rejected))],
            (row, token) => new SeededRandom(options.Seed).Fork("human", row).NextDouble() < HumanShare ? Task.FromResult(Line(pairs[row], "human")) : CompareAsync(pairs[row], row, token),
            options.Concurrency,
            progress,
            cancellation).ConfigureAwait(false);
        return Summary(pairs, lines);
    }

    private async Task<JsonObject> CompareAsync(PreferencePair pair, int row, CancellationToken cancellation)
    {
        // The order that the pair comes in would give its label away to a teacher that likes the first answer.
        double preferred = 0;
        double first = 0;
        int unread = 0;
        Principle[] principles = UsesAllPrinciples ? [.. constitution.Principles] : [constitution.For(options.Seed, row)];
        for (int i = 0; i < principles.Length; i++)
        {
            double straight = await ProbabilityOfFirstAsync(TeacherTexts.Comparison(pair.Prompt, pair.Chosen.Content ?? "", pair.Rejected.Content ?? "", principles[i]), i, 0).ConfigureAwait(false);
            double swapped = await ProbabilityOfFirstAsync(TeacherTexts.Comparison(pair.Prompt, pair.Rejected.Content ?? "", pair.Chosen.Content ?? "", principles[i]), i, 1).ConfigureAwait(false);
            preferred += (straight + 1 - swapped) / 2 / principles.Length;
            first += (straight + swapped) / 2 / principles.Length;
        }
        JsonObject line = Line(preferred >= 0.5 ? pair : pair with { Chosen = pair.Rejected, Rejected = pair.Chosen, IsTrue = !pair.IsTrue }, "ai");
        line["confidence"] = Math.Round(Math.Max(preferred, 1 - preferred), 6);
        line["principle"] = string.Join(", ", principles.Select(principle => principle.Name));
        line["firstShare"] = Math.Round(first, 6);
        line["agrees"] = preferred > 0.5;
        if (preferred == 0.5)
        {
            // Named apart, so that nothing is learned from it.
            line["undecided"] = new JsonObject { ["chosen"] = line["chosen"]!.DeepClone(), ["rejected"] = line["rejected"]!.DeepClone() };
            line["rejected"] = line["chosen"]!.DeepClone();
        }
        if (unread > 0)
        {
            line["unread"] = unread;
        }
        return line;

        async Task<double> ProbabilityOfFirstAsync(string request, int principle, int order)
        {
            double sum = 0;
            int votes = ReadProbability is null ? Votes : 1;
            for (int vote = 0; vote < votes; vote++)
            {
                ChatOptions chat = options.Chat(votes == 1 ? 0 : 1, LabelTokens, ((long)row << 24) + (principle << 12) + (vote << 1) + order);
                Configure?.Invoke(chat);
                ChatResponse response = await teacher.GetResponseAsync(request, chat, cancellation).ConfigureAwait(false);
                double? read = ReadProbability?.Invoke(response) ?? Letter(response.Text) switch { 'A' => 1, 'B' => 0, _ => null };
                unread += read is null ? 1 : 0;
                sum += read ?? 0.5;
            }
            return sum / votes;
        }
    }

    private static AiComparisonResult Summary(IReadOnlyList<PreferencePair> pairs, IReadOnlyList<JsonObject> lines)
    {
        int ai = 0, human = 0, undecided = 0, unread = 0, agreed = 0, right = 0, judged = 0;
        double first = 0;
        for (int i = 0; i < lines.Count; i++)
        {
            if (lines[i]["labeller"]!.GetValue<string>() == "human")
            {
                human++;
                continue;
            }
            ai++;
            first += lines[i]["firstShare"]!.GetValue<double>();
            unread += lines[i]["unread"]?.GetValue<int>() ?? 0;
            if (lines[i].ContainsKey("undecided"))
            {
                undecided++;
                continue;
            }
            bool agrees = lines[i]["agrees"]!.GetValue<bool>();
            agreed += agrees ? 1 : 0;
            if (pairs[i].IsTrue is bool truth)
            {
                judged++;
                right += agrees == truth ? 1 : 0;
            }
        }
        double? error = pairs.All(pair => pair.IsTrue is not null) ? pairs.Average(pair => pair.IsTrue == true ? 0.0 : 1) : null;
        return new AiComparisonResult(
            ai, human, undecided, unread, new Proportion(agreed, ai - undecided), judged > 0 ? new Proportion(right, judged) : null,
            error is double wrong ? ((1 - wrong) * (1 - wrong)) + (wrong * wrong) : null,
            ai > 0 ? first / ai - 0.5 : 0);
    }

    /// <summary>The letter that a reply names: as its first word, or as the only one of both that stands alone.</summary>
    internal static char? Letter(string reply)
    {
        string[] words = reply.Split([' ', '\n', '\t', '.', ',', ':', '(', ')', '*', '"', '\'', '[', ']'], StringSplitOptions.RemoveEmptyEntries);
        string[] letters = [.. words.Where(word => word is "A" or "B")];
        return words.Length > 0 && words[0].ToUpperInvariant() is "A" or "B" && words.Length == 1 ? char.ToUpperInvariant(words[0][0])
            : letters.Length > 0 && (words[0] == letters[0] || letters.Distinct().Count() == 1) ? letters[0][0]
            : null;
    }

    private static JsonObject Line(PreferencePair pair, string labeller) => JsonNode.Parse(PreferenceText.ToJson(pair with { Labeller = labeller, Confidence = null }))!.AsObject();
}
