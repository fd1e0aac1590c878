using Foretell.Inference;
using Foretell.Tokenizers;
using Foretell.World;
using Foretell.World.Doubt;

namespace Foretell.Evaluation.Doubt;

/// <summary>What is asked of a model whose doubt is measured.</summary>
public sealed record DoubtEvaluationOptions
{
    /// <summary>Held-out questions of the little world, answerable, unanswerable and ambiguous ones in turn; at least 3.</summary>
    public int Questions { get; init; } = 300;

    /// <summary>Answers drawn beside the likeliest one, whose agreement is a confidence; 0 for none, else in [2, 128].</summary>
    public int Samples { get; init; }

    /// <summary>The most tokens of an answer; at least 1.</summary>
    public int MaximumTokens { get; init; } = 96;

    /// <summary>Of the questions, the draws and the bootstrap.</summary>
    public ulong Seed { get; init; } = 1;

    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public void Validate()
    {
        if (Questions < 3 || MaximumTokens < 1 || Samples is < 0 or 1 or > GenerationRequest.MostChoices)
        {
            throw new ArgumentException(FormattableString.Invariant($"doubt: at least 3 questions, 1 token and 0 or 2 to {GenerationRequest.MostChoices} samples are needed; they are {Questions}, {MaximumTokens} and {Samples}."));
        }
    }
}

/// <summary>A model's doubt, by two confidences.</summary>
/// <param name="ByTokens">With the geometric mean of the reply's token probabilities.</param>
/// <param name="ByAgreement">With the share of the drawn replies that say the same as the likeliest one; null without samples.</param>
public sealed record DoubtScore(DoubtReport ByTokens, DoubtReport? ByAgreement);

/// <summary>Asks a model questions with an answer, without one and with two readings, takes its likeliest reply, and judges what it did.</summary>
/// <param name="engine">Of the model that is measured; stays the caller's.</param>
/// <param name="tokenizer">The model's.</param>
/// <param name="template">The model's.</param>
public sealed class DoubtEvaluation(Engine engine, Tokenizer tokenizer, ChatTemplate template)
{
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="ContextFullException">A question leaves no room for an answer.</exception>
    public async Task<DoubtScore> RunAsync(DoubtEvaluationOptions options, CancellationToken cancellation = default)
    {
        options.Validate();
        using var places = new SemaphoreSlim(32);
        (DoubtOutcome ByTokens, DoubtOutcome? ByAgreement)[] outcomes = await Task.WhenAll(Enumerable.Range(0, options.Questions).Select(async i =>
        {
            await places.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                return await AskAsync(i, options, cancellation).ConfigureAwait(false);
            }
            finally
            {
                places.Release();
            }
        })).ConfigureAwait(false);
        return new DoubtScore(
            DoubtReport.Of([.. outcomes.Select(outcome => outcome.ByTokens)], options.Seed),
            options.Samples == 0 ? null : DoubtReport.Of([.. outcomes.Select(outcome => outcome.ByAgreement!.Value)], options.Seed));
    }

    private async Task<(DoubtOutcome ByTokens, DoubtOutcome? ByAgreement)> AskAsync(int index, DoubtEvaluationOptions options, CancellationToken cancellation)
    {
        ulong seed = new Tensors.SeededRandom(options.Seed).Fork("question", index).NextBits();
        DoubtQuestion question = DoubtQuestions.Generate(seed, WorldSplit.HeldOut, (DoubtKind)(index % 3));
        RenderedChat prompt = template.Render(new Conversation([new Tokenizers.ChatMessage("user", question.Prompt)]) { AddGenerationPrompt = true });
        var request = new GenerationRequest
        {
            Prompt = prompt.Tokens(tokenizer),
            LogProbabilities = true,
            Sampling = new SamplingOptions { Temperature = 0, MaximumTokens = options.MaximumTokens, Seed = seed },
        };
        GeneratedAnswer answer = (await engine.GenerateAsync(request, cancellation).ConfigureAwait(false)).Answers[0];
        GeneratedToken[] tokens = answer.EndToken is GeneratedToken end ? [.. answer.Tokens, end] : [.. answer.Tokens];
        string reply = ThinkingOptions.Reply(answer.Text);
        DoubtVerdict verdict = DoubtJudge.Judge(question, reply);
        var byTokens = new DoubtOutcome(question.Kind, verdict, TokenConfidence.Mean([.. tokens.Select(token => (double)token.LogProbability!.Value)]));
        if (options.Samples == 0)
        {
            return (byTokens, null);
        }
        GenerationResult drawn = await engine.GenerateAsync(request with { Choices = options.Samples, LogProbabilities = false, Sampling = request.Sampling with { Temperature = 1 } }, cancellation).ConfigureAwait(false);
        double agreement = (double)drawn.Answers.Count(other => AnswerVote.Normal(ThinkingOptions.Reply(other.Text)) == AnswerVote.Normal(reply)) / options.Samples;
        return (byTokens, new DoubtOutcome(question.Kind, verdict, agreement));
    }
}
