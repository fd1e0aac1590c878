using Foretell.Inference;
using Foretell.Tensors;
using Foretell.Tokenizers;
using Foretell.World.Environments;

namespace Foretell.Evaluation;

/// <summary>
/// Accuracy against tokens: problems whose answers can be checked, asked at several budgets of thought, with one answer or
/// by vote among several (Wang et al. 2022), and, with a value function, with hopeless paths given up midway.
/// </summary>
/// <param name="engine">Of the model that is measured; stays the caller's.</param>
/// <param name="tokenizer">The model's.</param>
/// <param name="template">The model's; a problem is the user's message.</param>
/// <param name="judge">Null for none.</param>
public sealed class ReasoningEvaluation(Engine engine, Tokenizer tokenizer, ChatTemplate template, PathJudge? judge = null)
{
    /// <summary>Measures.</summary>
    /// <param name="progress">Told the problems asked so far, of all at all budgets.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="ContextFullException">A question leaves no room for an answer.</exception>
    public async Task<IReadOnlyList<ReasoningScore>> RunAsync(ReasoningOptions options, IProgress<(int Done, int All)>? progress = null, CancellationToken cancellation = default)
    {
        options.Validate();
        var scores = new List<ReasoningScore>();
        int all = options.Environments.Count * options.Budgets.Count * options.Problems;
        int done = 0;
        foreach ((IEnvironment environment, int level) in options.Environments)
        {
            Problem[] problems = [.. Enumerable.Range(0, options.Problems).Select(i => environment.Generate(new SeededRandom(options.Seed).Fork("problem", i).NextBits(), level, options.Split))];
            foreach (int? budget in options.Budgets)
            {
                IReadOnlyList<Tried>[] whole = await AskAsync(environment, problems, budget, 0, options, Report, cancellation).ConfigureAwait(false);
                string name = FormattableString.Invariant($"{environment.Name}:{level}");
                IReadOnlyList<Tried>[]? cut = options.CutBelow > 0 ? await AskAsync(environment, problems, budget, options.CutBelow, options, null, cancellation).ConfigureAwait(false) : null;
                foreach (int samples in Counts(options.Samples))
                {
                    scores.AddRange(Scores(name, budget, [.. whole.Select(tried => (IReadOnlyList<Tried>)[.. tried.Take(samples)])], isCut: false));
                    if (cut is not null)
                    {
                        scores.AddRange(Scores(name, budget, [.. cut.Select((tried, i) => First(samples, tried, whole[i]))], isCut: true));
                    }
                }
            }
        }
        return scores;

        void Report() => progress?.Report((Interlocked.Increment(ref done), all));
    }

    /// <summary>1, 2, 4... and all.</summary>
    internal static IEnumerable<int> Counts(int samples)
    {
        for (int count = 1; count < samples; count *= 2)
        {
            yield return count;
        }
        yield return samples;
    }

    private async Task<IReadOnlyList<Tried>[]> AskAsync(IEnvironment environment, Problem[] problems, int? budget, double cutBelow, ReasoningOptions options, Action? report, CancellationToken cancellation)
    {
        var sampler = new PathSampler(engine, tokenizer, judge);
        // As many at once as keep the engine busy without waiting in its line.
        const int AtOnce = 32;
        using var places = new SemaphoreSlim(Math.Max(1, AtOnce / options.Samples));
        return await Task.WhenAll(problems.Select(async (problem, i) =>
        {
            await places.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                RenderedChat prompt = template.Render(new Conversation([new ChatMessage("user", problem.Question)]) { AddGenerationPrompt = true });
                var request = new GenerationRequest
                {
                    Prompt = prompt.Tokens(tokenizer),
                    Thinking = ThinkingOptions.Of(template, prompt) with { MaximumTokens = budget ?? int.MaxValue },
                    Sampling = new SamplingOptions
                    {
                        Temperature = options.Temperature ?? (options.Samples == 1 ? 0 : 1),
                        MaximumTokens = options.MaximumTokens,
                        Seed = new SeededRandom(options.Seed).Fork("answers", i).NextBits(),
                    },
                };
                IReadOnlyList<SampledPath> paths = await sampler.SampleAsync(request, new PathOptions { Paths = options.Samples, CutBelow = cutBelow }, cancellation).ConfigureAwait(false);
                return (IReadOnlyList<Tried>)[.. paths.Select(path => Tried.Of(path, problem, environment))];
            }
            finally
            {
                places.Release();
                report?.Invoke();
            }
        })).ConfigureAwait(false);
    }

    /// <summary>The first paths as they would be alone: where all of them were given up, the likeliest is written to its end.</summary>
    /// <param name="whole">The same paths, none given up.</param>
    private static IReadOnlyList<Tried> First(int samples, IReadOnlyList<Tried> cut, IReadOnlyList<Tried> whole)
    {
        Tried[] first = [.. cut.Take(samples)];
        if (!Array.Exists(first, tried => tried.IsWhole))
        {
            int best = Array.IndexOf(first, first.MaxBy(tried => tried.Value));
            first[best] = whole[best] with { Tokens = whole[best].Tokens + first[best].Tokens };
        }
        return first;
    }

    private IEnumerable<ReasoningScore> Scores(string name, int? budget, IReadOnlyList<Tried>[] problems, bool isCut)
    {
        int samples = problems[0].Count;
        AnswerChoice[] choices = isCut ? [AnswerChoice.VoteAfterCutting, AnswerChoice.WeightedVoteAfterCutting]
            : judge is null || samples == 1 ? [AnswerChoice.Vote]
            : [AnswerChoice.Vote, AnswerChoice.WeightedVote, AnswerChoice.BestValue];
        foreach (AnswerChoice choice in choices)
        {
            int right = 0;
            double agreement = 0;
            foreach (IReadOnlyList<Tried> tried in problems)
            {
                Tried[] whole = [.. tried.Where(answer => answer.IsWhole)];
                string[] replies = [.. whole.Select(answer => answer.Reply)];
                int chosen = choice switch
                {
                    AnswerChoice.Vote or AnswerChoice.VoteAfterCutting => AnswerVote.Majority(replies),
                    AnswerChoice.BestValue => Array.IndexOf(whole, whole.MaxBy(answer => answer.Value)),
                    _ => AnswerVote.Weighted(replies, [.. whole.Select(answer => answer.Value ?? 0)]),
                };
                right += whole[chosen].IsRight ? 1 : 0;
                agreement += AnswerVote.Agreement(replies, chosen);
            }
            yield return new ReasoningScore(
                name, budget, samples, choice, new Proportion(right, problems.Length),
                problems.Average(tried => tried.Sum(answer => (double)answer.Tokens)),
                problems.Average(tried => tried.Sum(answer => (double)answer.ThinkingTokens)),
                agreement / problems.Length);
        }
    }

    private sealed record Tried(string Reply, bool IsRight, bool IsWhole, double? Value, int Tokens, int ThinkingTokens)
    {
        public static Tried Of(SampledPath path, Problem problem, IEnvironment environment)
        {
            string reply = ThinkingOptions.Reply(path.Text);
            return new Tried(reply, path.Reason is not null && environment.Verify(problem, reply).IsRight, path.Reason is not null, path.Value, path.Tokens, path.ThinkingTokens);
        }
    }
}
