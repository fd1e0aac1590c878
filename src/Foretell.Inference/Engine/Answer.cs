using Foretell.Tensors;
using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>One choice of a request while it is being written: draws its tokens and knows when it is whole.</summary>
internal sealed class Answer
{
    private readonly GenerationRequest _request;
    private readonly Tokenizer _tokenizer;
    private readonly IReadOnlySet<int> _ends;
    private readonly Sampler _sampler;
    private readonly ITokenConstraint? _constraint;
    private readonly ThinkingTracker? _thinking;
    private readonly ulong[] _allowed;
    private readonly AnswerText _text;
    private readonly System.Text.StringBuilder _whole = new();
    private readonly List<GeneratedToken> _tokens = [];
    private readonly List<GenerationUpdate> _unsent = [];
    private GeneratedToken? _end;

    /// <param name="vocabulary">Ids that the tokenizer knows.</param>
    /// <param name="contextLimit">The most tokens that can be read.</param>
    public Answer(GenerationJob job, int choice, Tokenizer tokenizer, IReadOnlySet<int> ends, int vocabulary, int contextLimit)
    {
        Job = job;
        Choice = choice;
        _request = job.Request;
        _tokenizer = tokenizer;
        _ends = ends;
        ContextLimit = contextLimit;
        ReadOnlySpan<int> prompt = _request.Prompt.Span;
        _sampler = new Sampler(_request.Sampling with { Seed = ChoiceSeed(_request.Sampling.Seed, choice) }, vocabulary);
        foreach (int id in prompt)
        {
            _sampler.ObservePrompt(id);
        }
        _constraint = choice == 0 ? _request.Constraint : _request.Constraint?.Fork();
        _allowed = _constraint is null ? [] : new ulong[(vocabulary + 63) / 64];
        _thinking = _request.Thinking is ThinkingOptions thinking ? new ThinkingTracker(thinking, tokenizer, [.. ends, .. _request.StopIds], vocabulary) : null;
        _text = new AnswerText(tokenizer, prompt, _request.Sampling.StopStrings);
    }

    public GenerationJob Job { get; }

    public int Choice { get; }

    public int ContextLimit { get; }

    public bool WantsLogProbabilities => _request.LogProbabilities;

    /// <summary>Tokens written.</summary>
    public int Count => _tokens.Count;

    /// <summary>Tokens that may still be written.</summary>
    public int Remaining => _request.Sampling.MaximumTokens - Count;

    /// <summary>Why it ended; null while it is being written.</summary>
    public FinishReason? Reason { get; private set; }

    /// <summary>What went wrong in drawing; null when nothing did.</summary>
    public Exception? Failure { get; set; }

    public int Drafted { get; set; }

    public int Accepted { get; set; }

    /// <summary>The seed of a choice: the first has the request's.</summary>
    public static ulong ChoiceSeed(ulong seed, int choice) => choice == 0 ? seed : new SeededRandom(seed).Fork("choice", choice).NextBits();

    /// <summary>The text that the constraint or the thinking budget leaves no choice of, in the tokenizer's tokens, at most so many.</summary>
    public int[] ForcedTokens(int most)
    {
        if (_thinking is { Forced.Count: > 0 })
        {
            return [.. _thinking.Forced.Take(most)];
        }
        try
        {
            byte[] forced = _constraint?.ForcedText() ?? [];
            if (forced.Length == 0)
            {
                return [];
            }
            var ids = new List<int>();
            _tokenizer.Encode(forced, ids);
            return [.. ids.Take(most)];
        }
        catch (Exception error) when (IsLeftToTheDraw(error))
        {
            return [];
        }
    }

    /// <summary>The constraint's state, to guess ahead with; null without a constraint. False where it cannot be had.</summary>
    public bool TryForkConstraint(out ITokenConstraint? constraint)
    {
        try
        {
            constraint = _constraint?.Fork();
            return true;
        }
        catch (Exception error) when (IsLeftToTheDraw(error))
        {
            constraint = null;
            return false;
        }
    }

    /// <summary>The token that this answer's draw takes from scores so many places ahead; null where the answer would end or nothing can be drawn. Changes nothing but the constraint it is given.</summary>
    /// <param name="constraint">From <see cref="TryForkConstraint"/>, told of the guesses before.</param>
    public int? Guess(ReadOnlySpan<float> logits, int ahead, ITokenConstraint? constraint, SamplerScratch scratch)
    {
        try
        {
            ulong[] allowed = constraint is null ? [] : new ulong[_allowed.Length];
            constraint?.Mask(allowed);
            int token = _sampler.Next(logits, Count + ahead, allowed, scratch);
            if (Ends(token))
            {
                return null;
            }
            constraint?.Accept(token);
            return token;
        }
        catch (Exception error) when (IsLeftToTheDraw(error))
        {
            return null;
        }
    }

    /// <summary>A guess may not fail: what is wrong with the request the draw meets again, and fails this request alone; what is wrong with a draft model concerns no answer.</summary>
    private static bool IsLeftToTheDraw(Exception error) => error is not OutOfMemoryException;

    /// <summary>Draws the next token.</summary>
    /// <param name="logits">[vocabulary].</param>
    /// <param name="logProbabilities">[model's vocabulary]; empty when they were not asked for.</param>
    /// <param name="tokensBefore">Tokens of prompt and answer before this one.</param>
    /// <returns>The token, whether or not it is part of the answer; see <see cref="Reason"/>.</returns>
    public int Draw(ReadOnlySpan<float> logits, ReadOnlySpan<float> logProbabilities, int tokensBefore, SamplerScratch scratch)
    {
        _constraint?.Mask(_allowed);
        bool isForced = true;
        if (_thinking is null || !_thinking.TryForce(_allowed, out int token))
        {
            token = _sampler.Next(logits, Count, _thinking is null ? _allowed : _thinking.Restrict(_allowed), scratch);
            isForced = false;
        }
        var generated = new GeneratedToken(
            token,
            logProbabilities.IsEmpty ? null : logProbabilities[token],
            LikeliestAlternatives.Of(logProbabilities.IsEmpty ? [] : logProbabilities[..logits.Length], _request.Alternatives))
        {
            IsForced = isForced,
        };
        if (Ends(token))
        {
            _end = generated;
            End(FinishReason.Stop);
            return token;
        }
        _sampler.Observe(token);
        _constraint?.Accept(token);
        _thinking?.Accept(token);
        _tokens.Add(generated);
        string piece = _text.Append(token);
        _whole.Append(piece);
        _unsent.Add(new GenerationUpdate(Choice, generated, piece, null));
        FinishReason? reason = _text.Stopped is not null || _constraint is { MustEnd: true } ? FinishReason.Stop
            : Remaining == 0 ? FinishReason.Length
            : tokensBefore + 1 > ContextLimit ? FinishReason.ContextFull
            : null;
        if (reason is not null)
        {
            End(reason.Value);
        }
        return token;
    }

    /// <summary>Ends the answer where it is.</summary>
    public void End(FinishReason reason)
    {
        Reason = reason;
        string rest = _text.Finish();
        _whole.Append(rest);
        _unsent.Add(new GenerationUpdate(Choice, null, rest, reason));
    }

    /// <summary>Hands what was drawn since the last time to the caller.</summary>
    public void Send()
    {
        foreach (GenerationUpdate update in _unsent)
        {
            Job.Send(update);
        }
        _unsent.Clear();
    }

    private bool Ends(int token) => !_request.IgnoresEndOfText && (_ends.Contains(token) || _request.StopIds.Contains(token));

    public GeneratedAnswer Result() => new(_whole.ToString(), _tokens, Reason!.Value, _text.Stopped) { EndToken = _end, ThinkingTokens = _thinking?.Tokens ?? 0 };
}
