using System.Runtime.InteropServices;
using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>How many paths are tried, and when one is given up.</summary>
public sealed record PathOptions
{
    /// <summary>Paths begun, in [1, 128].</summary>
    public int Paths { get; init; } = 8;

    /// <summary>A path is given up at the end of a step when its judge gives it a lower probability of a right answer; in [0, 1), 0 for never.</summary>
    public double CutBelow { get; init; }

    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public void Validate()
    {
        if (Paths is < 1 or > GenerationRequest.MostChoices || CutBelow is not (>= 0 and < 1))
        {
            throw new ArgumentException(FormattableString.Invariant($"paths: 1 to {GenerationRequest.MostChoices} can be tried and a threshold lies in [0, 1); they are {Paths} and {CutBelow}."));
        }
    }
}

/// <summary>A path that was tried.</summary>
/// <param name="Ids">What was written, up to where it was given up; without the token that ended it.</param>
/// <param name="Text">The same as text.</param>
/// <param name="Reason">Why it ended; null when it was given up.</param>
/// <param name="Value">What its judge said last; null without a judge.</param>
/// <param name="Tokens">Tokens drawn for it, the one that ended it included.</param>
/// <param name="ThinkingTokens">Of them, those of thought; 0 where the request says nothing of thinking.</param>
public sealed record SampledPath(IReadOnlyList<int> Ids, string Text, FinishReason? Reason, double? Value, int Tokens, int ThinkingTokens);

/// <summary>
/// Tries several paths to an answer at once and gives up the hopeless ones midway: at the end of each step of thought a value
/// function says how likely a path is to end well, and one that falls under the threshold is cancelled, whose memory the
/// engine frees at its next step. Which paths are given up, and where, depends on request, seed and judge alone; what the
/// engine had drawn beyond that place when it heard of it is thrown away. Where all would be given up, the likeliest of them
/// is written to its end.
/// </summary>
/// <param name="engine">Stays the caller's.</param>
/// <param name="tokenizer">The engine's.</param>
/// <param name="judge">Null for none: then all paths come to their ends.</param>
public sealed class PathSampler(Engine engine, Tokenizer tokenizer, PathJudge? judge = null)
{
    /// <summary>Tries the paths.</summary>
    /// <param name="request">Its choices are not looked at; path i is what choice i would be.</param>
    /// <returns>By path. At least one came to its end.</returns>
    /// <exception cref="ArgumentException">A setting is out of its range, or a threshold has no judge.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<IReadOnlyList<SampledPath>> SampleAsync(GenerationRequest request, PathOptions options, CancellationToken cancellation = default)
    {
        options.Validate();
        if (options.CutBelow > 0 && judge is null)
        {
            throw new ArgumentException("paths: a threshold needs a judge that says how likely a path is to end well; give one, or a threshold of 0.");
        }
        SampledPath[] paths = await Task.WhenAll(Enumerable.Range(0, options.Paths).Select(path => FollowAsync(request, path, options.CutBelow, cancellation))).ConfigureAwait(false);
        if (Array.TrueForAll(paths, path => path.Reason is null))
        {
            int best = Array.IndexOf(paths, paths.MaxBy(path => path.Value));
            SampledPath whole = await FollowAsync(request, best, cutBelow: 0, cancellation).ConfigureAwait(false);
            // Drawn a second time from its beginning, and counted so.
            paths[best] = whole with { Tokens = whole.Tokens + paths[best].Tokens };
        }
        return paths;
    }

    private async Task<SampledPath> FollowAsync(GenerationRequest request, int path, double cutBelow, CancellationToken cancellation)
    {
        // Each has its turn on a thread of its own: reading takes time.
        await Task.Yield();
        ReadOnlyMemory<int> prompt = request.Prompt;
        using PathReading? reading = judge?.Begin((int)Math.Min(engine.ContextLength, (long)prompt.Length + request.Sampling.MaximumTokens));
        GenerationStream stream = engine.Submit(
            request with { Choices = 1, LogProbabilities = request.LogProbabilities || judge is not null, Sampling = request.Sampling with { Seed = Answer.ChoiceSeed(request.Sampling.Seed, path) }, Constraint = request.Constraint?.Fork() },
            cancellation);
        var ids = new List<int>();
        var unread = new List<float>();
        int read = 0;
        double? Judge()
        {
            double? value = reading?.Read(read == 0 ? [.. prompt.Span, .. ids] : CollectionsMarshal.AsSpan(ids)[read..], CollectionsMarshal.AsSpan(unread));
            read = ids.Count;
            unread.Clear();
            return value;
        }
        await foreach (GenerationUpdate update in stream.WithCancellation(cancellation).ConfigureAwait(false))
        {
            if (update.Token is not GeneratedToken token)
            {
                continue;
            }
            ids.Add(token.Id);
            if (token is { IsForced: false, LogProbability: float logProbability })
            {
                unread.Add(logProbability);
            }
            if (cutBelow > 0 && ids.Count - read >= ThinkingSteps.FewestTokens && ThinkingSteps.EndsWith(tokenizer, token.Id) && Judge() is double value && value < cutBelow)
            {
                return new SampledPath(ids, tokenizer.Decode([.. ids]), null, value, ids.Count, request.Thinking is null ? 0 : ids.Count);
            }
        }
        GeneratedAnswer answer = (await stream.Completion.ConfigureAwait(false)).Answers[0];
        double? last = ids.Count > read || read == 0 ? Judge() : null;
        return new SampledPath(ids, answer.Text, answer.Reason, last, ids.Count + (answer.EndToken is null ? 0 : 1), answer.ThinkingTokens);
    }
}
