using Foretell.Evaluation;
using Foretell.Tokenizers;
using Foretell.Training;
using Foretell.World;
using Foretell.World.Doubt;
using Foretell.World.Environments;

namespace Foretell.Cli.Quickstarting;

/// <summary>How a model did on held-out questions of the little world.</summary>
/// <param name="Right">Questions that the passage answers, answered right.</param>
/// <param name="MadeUp">Questions that it does not answer, answered all the same.</param>
/// <param name="AskedBack">Ambiguous questions, asked back.</param>
/// <param name="Sums">Sums done right.</param>
/// <param name="Ended">Answers that the model ended by itself.</param>
/// <param name="Taste">What the answers to the comparisons' questions were worth: right 4, polite 2, concise 1.</param>
/// <param name="Answers">What it said to the questions that the report shows.</param>
internal sealed record StageScore(Proportion Right, Proportion MadeUp, Proportion AskedBack, Proportion Sums, Proportion Ended, IReadOnlyList<int> Taste, IReadOnlyList<string> Answers)
{
    /// <summary>How often this one's answers were worth more than the other's, of the questions where they differ; ties count half.</summary>
    public double PreferredTo(StageScore other) => Taste.Zip(other.Taste, (mine, theirs) => mine > theirs ? 1.0 : mine == theirs ? 0.5 : 0).Average();
}

/// <summary>The same held-out questions for every stage and every seed.</summary>
internal sealed class StageExam
{
    private const int AnswerTokens = 48;
    private const ulong Seed = 77;

    private readonly DoubtQuestion[] _answerable;
    private readonly DoubtQuestion[] _unanswerable;
    private readonly DoubtQuestion[] _ambiguous;
    private readonly string[] _compared;
    private readonly Problem[] _sums;

    /// <param name="size">Questions of each kind.</param>
    public StageExam(int size)
    {
        _answerable = Questions(DoubtKind.Answerable, size);
        _unanswerable = Questions(DoubtKind.Unanswerable, size);
        _ambiguous = Questions(DoubtKind.Ambiguous, size);
        var preferences = new WorldPreferences(Seed);
        _compared = [.. Enumerable.Range(0, size).Select(i => preferences.Comparison(i, WorldSplit.HeldOut).Question)];
        IEnvironment sums = EnvironmentCatalogue.Named("arithmetic");
        _sums = [.. Enumerable.Range(0, size).Select(i => sums.Generate(WorldLessons.Seed(Seed, "exam sums", i), 1, WorldSplit.HeldOut))];
        Shown = [_answerable[0].Prompt, _unanswerable[0].Prompt, _ambiguous[0].Prompt, _compared[0], _sums[0].Question];
    }

    /// <summary>The questions whose answers the report shows after each stage.</summary>
    public IReadOnlyList<string> Shown { get; }

    /// <summary>Lets a model answer everything, likeliest token after likeliest token.</summary>
    public StageScore Run(TrainedModel model, CancellationToken cancellation)
    {
        string[] questions = [.. _answerable.Select(one => one.Prompt), .. _unanswerable.Select(one => one.Prompt), .. _ambiguous.Select(one => one.Prompt), .. _compared, .. _sums.Select(one => one.Question)];
        var collector = new RolloutCollector(model.Transformer, model.Tokenizer, [model.Chat.EndOfTurnId, .. model.Generation.EndIds]);
        Rollout[] answers = [.. collector.Collect(
            [.. questions.Select(question => RolloutPrompt.Of([new ChatMessage("user", question)], model.Template, model.Tokenizer))],
            new RolloutOptions { Temperature = 0, MaximumTokens = AnswerTokens }, Seed, cancellation).Select(group => group[0])];
        int size = _answerable.Length;
        int Count(int part, Func<int, string, bool> holds) => Enumerable.Range(0, size).Count(i => holds(i, answers[(part * size) + i].Reply));
        Proportion Share(int part, Func<int, string, bool> holds) => new(Count(part, holds), size);
        return new StageScore(
            Share(0, (i, reply) => DoubtJudge.Judge(_answerable[i], reply).Reply == DoubtReply.Right),
            Share(1, (i, reply) => DoubtJudge.Judge(_unanswerable[i], reply).Reply == DoubtReply.Wrong),
            Share(2, (i, reply) => DoubtJudge.Judge(_ambiguous[i], reply).Reply == DoubtReply.AsksBack),
            Share(4, (i, reply) => EnvironmentCatalogue.Verify(_sums[i], reply).IsRight),
            new Proportion(answers.Count(answer => answer.EndedByItself), answers.Length),
            [.. Enumerable.Range(0, size).Select(i => WorldTaste.Judge(_compared[i], answers[(3 * size) + i].Reply).Worth)],
            [.. Shown.Select(question => answers[Array.IndexOf(questions, question)].Text.Trim())]);
    }

    private static DoubtQuestion[] Questions(DoubtKind kind, int count) =>
        [.. Enumerable.Range(0, count).Select(i => DoubtQuestions.Generate(WorldLessons.Seed(Seed, "exam " + kind, i), WorldSplit.HeldOut, kind))];
}
