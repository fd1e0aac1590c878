using System.Collections.Concurrent;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>
/// The engine without its thread: <see cref="Step"/> = schedule, run, postprocess. Not safe to use from several threads
/// at once.
/// </summary>
internal sealed class EngineCore : IDisposable
{
    /// <summary>Below this many scores in all, rows are drawn from one after another: waking threads would take longer.</summary>
    private const long FewScores = 1 << 15;

    private readonly Transformer _model;
    private readonly Tokenizer _tokenizer;
    private readonly IReadOnlySet<int> _ends;
    private readonly EngineOptions _options;
    private readonly ModelRunner _runner;
    private readonly IDrafter? _drafter;
    private readonly bool _hasDraftModel;
    private readonly BlockManager _blocks;
    private readonly Scheduler _scheduler;
    private readonly ConcurrentBag<SamplerScratch> _scratch = [];
    private readonly HashSet<GenerationJob> _jobs = [];

    public EngineCore(Transformer model, Tokenizer tokenizer, EngineOptions options, IReadOnlySet<int> ends, Transformer? draft)
    {
        _model = model;
        _tokenizer = tokenizer;
        _options = options;
        _ends = ends;
        Vocabulary = Math.Min(tokenizer.VocabularySize, model.Config.VocabularySize);
        int blocks = BlocksOf(model, options, draft);
        ContextLimit = Math.Min(options.ContextOf(model.Config.ContextLength), blocks * KeyValuePool.BlockTokens);
        _blocks = new BlockManager(blocks, KeyValuePool.BlockTokens, options.PrefixCache);
        _scheduler = new Scheduler(_blocks, new SchedulerLimits(options.MaximumBatchTokens, options.MaximumSequences, options.Speculation?.MaximumSequences ?? 0));
        _runner = new ModelRunner(model, blocks);
        _hasDraftModel = draft is not null;
        _drafter = options.Speculation is not SpeculationOptions speculation ? null
            : draft is not null ? new DraftModel(draft, blocks, Vocabulary)
            : new PromptLookup(speculation.ShortestMatch, speculation.LongestMatch);
    }

    /// <summary>Ids that the model scores and the tokenizer knows: published models pad their vocabulary.</summary>
    public int Vocabulary { get; }

    /// <summary>The most tokens of a sequence.</summary>
    public int ContextLimit { get; }

    public bool HasWork => _scheduler.HasWork;

    /// <summary>Requests that are not over.</summary>
    public IReadOnlyCollection<GenerationJob> Jobs => _jobs;

    public EngineCounters Counters { get; } = new();

    /// <summary>How much is held, waits and was done so far.</summary>
    public EngineStatistics Statistics() => new(
        _scheduler.Running.Count, _scheduler.WaitingCount, _blocks.Count, _blocks.Free, _blocks.Cached, KeyValuePool.BlockTokens,
        Counters.Steps, Counters.PromptTokens, Counters.CachedPromptTokens, Counters.GeneratedTokens, Counters.DraftedTokens, Counters.AcceptedTokens, _scheduler.Preemptions);

    /// <summary>Takes a request that was found to be valid.</summary>
    public void Add(GenerationJob job)
    {
        _jobs.Add(job);
        try
        {
            var answer = NewAnswer(job, 0);
            if (job.Request.Sampling.MaximumTokens == 0)
            {
                EndWithoutTokens(job, answer);
                return;
            }
            var sequence = new Sequence(job.Request.Prompt.Span, job.Request.FairnessKey, _hasDraftModel) { Answer = answer };
            job.Sequences.Add(sequence);
            _scheduler.Add(sequence);
        }
        catch (Exception error)
        {
            Fail(job, error);
        }
    }

    /// <summary>Ends a request with an error and frees what it holds.</summary>
    public void Fail(GenerationJob job, Exception error)
    {
        if (_jobs.Remove(job))
        {
            foreach (Sequence sequence in job.Sequences)
            {
                _scheduler.Remove(sequence);
            }
            job.Sequences.Clear();
            job.Fail(error);
        }
    }

    /// <summary>Reads and draws once for every sequence whose turn it is.</summary>
    public void Step()
    {
        ScheduledStep step = _scheduler.Next();
        if (step.Sequences.Count == 0)
        {
            throw new InvalidOperationException("The engine's scheduler has work and schedules none.");
        }
        foreach (BlockCopy copy in step.Copies)
        {
            _runner.Copy(copy);
            _drafter?.Copy(copy);
        }
        foreach (ScheduledSequence part in step.Sequences)
        {
            part.Sequence.Answer!.Job.Begin();
        }
        int[][] drafts = Drafts(step);
        using var tape = new Tape(_model.Device, recording: false);
        Tensor? logits = _runner.Read(tape, [.. step.Sequences.Select((part, i) => Part(part, drafts[i]))]);
        _drafter?.Follow([.. step.Sequences.Where(part => part.IsReading).Select(part => part.Sequence)]);
        Counters.Steps++;
        Draw(tape, step, drafts, logits);
    }

    public void Dispose()
    {
        _drafter?.Dispose();
        _runner.Dispose();
    }

    /// <summary>Blocks that fit the options' memory, a draft model's keys and values beside the model's.</summary>
    private static int BlocksOf(Transformer model, EngineOptions options, Transformer? draft) =>
        CacheMemory.Blocks(model.Config, model.CacheBytesPerToken + (draft?.CacheBytesPerToken ?? 0), options);

    private Answer NewAnswer(GenerationJob job, int choice)
    {
        var answer = new Answer(job, choice, _tokenizer, _ends, Vocabulary, ContextLimit);
        job.Answers.Add(answer);
        return answer;
    }

    private void EndWithoutTokens(GenerationJob job, Answer first)
    {
        first.End(FinishReason.Length);
        first.Send();
        for (int choice = 1; choice < job.Request.Choices; choice++)
        {
            Answer answer = NewAnswer(job, choice);
            answer.End(FinishReason.Length);
            answer.Send();
        }
        Finish(job);
    }

    private int[][] Drafts(ScheduledStep step)
    {
        int[][] drafts = _drafter?.Propose(step) ?? [];
        if (drafts.Length == 0)
        {
            drafts = new int[step.Sequences.Count][];
            Array.Fill(drafts, []);
        }
        return drafts;
    }

    private static ReadPart Part(ScheduledSequence part, int[] drafts)
    {
        Sequence sequence = part.Sequence;
        int[] tokens = [.. sequence.Tokens.Slice(sequence.Blocks.Length, part.Tokens), .. drafts];
        return new ReadPart(sequence.Blocks.Table, tokens, part.IsComplete ? 1 + drafts.Length : 0);
    }

    /// <summary>Draws from the scores, lets answers end, and tells the callers.</summary>
    private void Draw(Tape tape, ScheduledStep step, int[][] drafts, Tensor? logits)
    {
        List<RowsToDraw> draws = Rows(step, drafts);
        if (draws.Count > 0)
        {
            int width = logits!.Shape.Last;
            foreach (RowsToDraw rows in draws)
            {
                rows.LogProbabilities = rows.Answer.WantsLogProbabilities ? tape.LogSoftmax(tape.Slice(logits, 0, rows.First, rows.Guesses.Length + 1)) : null;
            }
            if (draws.Count > 1 && (long)draws.Count * width >= FewScores)
            {
                Parallel.ForEach(draws, rows => Draw(rows, logits));
            }
            else
            {
                draws.ForEach(rows => Draw(rows, logits));
            }
        }
        foreach (RowsToDraw rows in draws)
        {
            // Before the parent may end and give its blocks back.
            if (rows.Parent is not null && rows.Answer is { Reason: null, Failure: null } && !rows.Answer.Job.IsOver)
            {
                _scheduler.AddFork(rows.Parent, rows.Sequence);
            }
        }
        draws.ForEach(Settle);
        foreach (ScheduledSequence part in step.Sequences)
        {
            if (part.Sequence.Blocks.Length > 0)
            {
                _scheduler.Register(part.Sequence);
            }
        }
    }

    /// <summary>Which rows of the scores belong to which answers; a prompt that has just been read begins its request's other choices.</summary>
    private List<RowsToDraw> Rows(ScheduledStep step, int[][] drafts)
    {
        var draws = new List<RowsToDraw>();
        int row = 0;
        for (int i = 0; i < step.Sequences.Count; i++)
        {
            Sequence sequence = step.Sequences[i].Sequence;
            if (sequence.Pending > 0)
            {
                continue;
            }
            Answer answer = sequence.Answer!;
            draws.Add(new RowsToDraw(sequence, row, drafts[i]));
            if (answer.Choice == 0 && answer.Count == 0)
            {
                AddForks(draws, sequence, row);
            }
            row += 1 + drafts[i].Length;
        }
        return draws;
    }

    private void AddForks(List<RowsToDraw> draws, Sequence parent, int row)
    {
        GenerationJob job = parent.Answer!.Job;
        try
        {
            for (int choice = 1; choice < job.Request.Choices; choice++)
            {
                var fork = new Sequence(job.Request.Prompt.Span, job.Request.FairnessKey, _hasDraftModel) { Answer = NewAnswer(job, choice) };
                job.Sequences.Add(fork);
                draws.Add(new RowsToDraw(fork, row, []) { Parent = parent });
            }
        }
        catch (Exception error)
        {
            // A constraint that cannot be forked concerns its request alone.
            Fail(job, error);
        }
    }

    /// <summary>Draws an answer's next tokens: one, and one more for each guess that proves right.</summary>
    private void Draw(RowsToDraw rows, Tensor logits)
    {
        if (!_scratch.TryTake(out SamplerScratch? scratch))
        {
            scratch = new SamplerScratch(Vocabulary);
        }
        Answer answer = rows.Answer;
        int width = logits.Shape.Last;
        try
        {
            for (int guess = 0; guess <= rows.Guesses.Length; guess++)
            {
                ReadOnlySpan<float> scores = logits.Span<float>().Slice((rows.First + guess) * width, Vocabulary);
                ReadOnlySpan<float> logProbabilities = rows.LogProbabilities is null ? [] : rows.LogProbabilities.Span<float>().Slice(guess * width, width);
                int token = answer.Draw(scores, logProbabilities, rows.TokensBefore + rows.Drawn.Count, scratch);
                rows.Drawn.Add(token);
                if (answer.Reason is not null || guess == rows.Guesses.Length || rows.Guesses[guess] != token)
                {
                    break;
                }
                rows.Right++;
            }
        }
        catch (Exception error)
        {
            // This request's alone: its scores, its constraint.
            answer.Failure = error;
        }
        _scratch.Add(scratch);
    }

    private void Settle(RowsToDraw rows)
    {
        Answer answer = rows.Answer;
        Sequence sequence = rows.Sequence;
        GenerationJob job = answer.Job;
        if (job.IsOver)
        {
            return;
        }
        if (answer.Failure is not null)
        {
            Fail(job, answer.Failure);
            return;
        }
        Count(rows);
        rows.Drawn.ForEach(sequence.Append);
        // Wrong guesses were read too; all but the last token drawn have been read rightly.
        sequence.Blocks.Truncate(sequence.Count - 1);
        sequence.DraftLimit = DraftLimit(sequence);
        if (answer.Reason is not null)
        {
            _scheduler.Register(sequence);
            job.CachedPromptTokens += answer.Choice == 0 ? sequence.CachedPromptTokens ?? 0 : 0;
            job.Preemptions += sequence.Preemptions;
            job.Sequences.Remove(sequence);
            _scheduler.Remove(sequence);
        }
        answer.Send();
        if (job.Sequences.Count == 0)
        {
            Finish(job);
        }
    }

    private void Count(RowsToDraw rows)
    {
        rows.Answer.Drafted += rows.Guesses.Length;
        rows.Answer.Accepted += rows.Right;
        Counters.DraftedTokens += rows.Guesses.Length;
        Counters.AcceptedTokens += rows.Right;
        Counters.GeneratedTokens += rows.Drawn.Count;
    }

    /// <summary>Guesses that could still be used: the last token written is never read.</summary>
    private int DraftLimit(Sequence sequence) => _options.Speculation is SpeculationOptions speculation
        ? Math.Max(0, Math.Min(Math.Min(speculation.Tokens, sequence.Answer!.Remaining - 1), ContextLimit - sequence.Count))
        : 0;

    private void Finish(GenerationJob job)
    {
        _jobs.Remove(job);
        GenerationUsage usage = job.Usage();
        Counters.PromptTokens += usage.PromptTokens;
        Counters.CachedPromptTokens += usage.CachedPromptTokens;
        job.Complete(usage);
    }
}
