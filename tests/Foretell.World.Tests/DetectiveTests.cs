namespace Foretell.World.Tests;

public class DetectiveTests
{
    private const int Count = 6000;

    [Theory]
    [InlineData(WorldSplit.Training)]
    [InlineData(WorldSplit.HeldOut)]
    [InlineData(WorldSplit.HeldOutNames)]
    public void Solve_FromFactsAndClues_LeavesTheCulpritAlone(WorldSplit split)
    {
        var world = new LittleWorld(21);
        for (int level = 1; level <= 3; level++)
        {
            for (int index = 0; index < 2000; index++)
            {
                WorldDocument document = world.Detective(index, split, level);
                var truth = (DetectiveTruth)document.Truth;
                Assert.True(truth.Solve() is [string only] && only == truth.Culprit, document.ToJson());
                Assert.Equal(level, truth.Level);
                Assert.InRange(truth.Suspects.Count, 2, 4);
                Assert.Contains(truth.Culprit, truth.Suspects);
                Assert.InRange(document.Text.Split(' ').Length, 10, 110);
                Assert.EndsWith($" {truth.Culprit}.", document.Text);
                DetectiveItem item = DetectiveItem.From(document);
                Assert.Equal(document.Text, $"{item.Prompt} {item.Culprit}.");
            }
        }
    }

    [Fact]
    public void Clues_LeavingOneOut_SometimesLeaveTheCaseOpen()
    {
        // Level 2 needs both of its clues: either alone leaves more than the culprit.
        var world = new LittleWorld(22);
        for (int index = 0; index < 500; index++)
        {
            var truth = (DetectiveTruth)world.Detective(index, WorldSplit.Training, 2).Truth;
            foreach (string aspect in truth.Clues.Select(clue => clue.Aspect).Distinct())
            {
                DetectiveTruth weaker = truth with { Clues = [.. truth.Clues.Where(clue => clue.Aspect != aspect)] };
                Assert.True(weaker.Solve().Count > 1);
            }
        }
    }

    [Fact]
    public void Text_StatesEveryFactAndClue()
    {
        var world = new LittleWorld(23);
        for (int level = 1; level <= 2; level++)
        {
            for (int index = 0; index < 2000; index++)
            {
                WorldDocument document = world.Detective(index, WorldSplit.Training, level);
                var truth = (DetectiveTruth)document.Truth;
                foreach (SuspectFact fact in truth.Facts.Where(fact => fact.Value != "nobody"))
                {
                    Assert.True(SentencesAbout(document.Text, fact.Suspect).Any(sentence => sentence.Contains(fact.Value, StringComparison.Ordinal)), document.ToJson());
                }
                foreach (Clue clue in truth.Clues.Where(clue => clue.Value != "nobody"))
                {
                    Assert.Contains(clue.Value, document.Text, StringComparison.Ordinal);
                }
            }
        }
    }

    // A sentence that begins with a pronoun still is about the one named before.
    private static IEnumerable<string> SentencesAbout(string text, string name)
    {
        string[] sentences = text.Split(". ");
        for (int i = 0; i < sentences.Length; i++)
        {
            if (sentences[i].Contains(name, StringComparison.Ordinal))
            {
                string next = i + 1 < sentences.Length ? sentences[i + 1] : "";
                yield return next.StartsWith("He ", StringComparison.Ordinal) || next.StartsWith("She ", StringComparison.Ordinal) ? sentences[i] + next : sentences[i];
            }
        }
    }

    // A score for each suspect from where the name stands in the prompt; the greatest is the guess.
    private static readonly Dictionary<string, Func<List<int>, int, string, double>> _heuristics = new()
    {
        ["first mentioned"] = (places, _, _) => -places[0],
        ["last mentioned"] = (places, _, _) => places[^1],
        ["first statement"] = (places, _, _) => -places[^1],
        ["most often mentioned"] = (places, _, _) => places.Count,
        ["least often mentioned"] = (places, _, _) => -places.Count,
        ["first listed"] = (_, rank, _) => -rank,
        ["last listed"] = (_, rank, _) => rank,
        ["in the middle"] = (_, rank, _) => rank == 1 ? 1 : 0,
        ["alphabet"] = (_, _, name) => -(name[0] * 128) - name[1],
        ["longest name"] = (_, _, name) => name.Length,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Culprit_GuessedFromTheSurface_StaysAtChance(int level)
    {
        var world = new LittleWorld(24);
        var hits = _heuristics.Keys.ToDictionary(name => name, _ => 0.0);
        double chance = 0, variance = 0;
        for (int index = 0; index < Count; index++)
        {
            DetectiveItem item = DetectiveItem.From(world.Detective(index, WorldSplit.HeldOut, level));
            int culprit = item.Suspects.ToList().IndexOf(item.Culprit);
            List<int>[] mentions = [.. item.Suspects.Select(name => Mentions(item.Prompt, name))];
            foreach ((string heuristic, Func<List<int>, int, string, double> score) in _heuristics)
            {
                double[] scores = [.. item.Suspects.Select((name, rank) => score(mentions[rank], rank, name))];
                double best = scores.Max();
                hits[heuristic] += scores[culprit] == best ? 1.0 / scores.Count(value => value == best) : 0;
            }
            chance += item.Chance;
            variance += item.Chance * (1 - item.Chance);
        }
        Assert.All(hits, heuristic => Assert.True(Math.Abs(heuristic.Value - chance) < 4 * Math.Sqrt(variance), $"{heuristic.Key}: {heuristic.Value} hits, chance {chance}"));
    }

    private static List<int> Mentions(string text, string name)
    {
        var places = new List<int>();
        for (int at = text.IndexOf(name, StringComparison.Ordinal); at >= 0; at = text.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            if (!char.IsLetter(text[at + name.Length]))
            {
                places.Add(at);
            }
        }
        return places;
    }
}
