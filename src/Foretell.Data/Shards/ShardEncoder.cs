using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>Tokenizes parts of documents on many threads and hands the ids on in the order of the parts, so that the number of threads leaves no trace.</summary>
internal sealed class ShardEncoder(Tokenizer tokenizer, int threads, Action<DocumentPart, ReadOnlyMemory<int>> encoded)
{
    /// <summary>Small documents travel together, so that a task is worth its cost.</summary>
    private const int JobBytes = 1 << 18;

    private sealed record Job(IReadOnlyList<DocumentPart> Parts, int[] Ids, int[] Ends);

    public void Run(IEnumerable<DocumentPart> parts, CancellationToken cancellation)
    {
        var factory = new TaskFactory(new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, threads).ConcurrentScheduler);
        var jobs = new Queue<Task<Job>>();
        var gathered = new List<DocumentPart>();
        long gatheredBytes = 0;
        try
        {
            foreach (DocumentPart part in parts)
            {
                cancellation.ThrowIfCancellationRequested();
                gathered.Add(part);
                gatheredBytes += part.Text.Length;
                if (gatheredBytes >= JobBytes || gathered.Count >= JobBytes / 16)
                {
                    Submit();
                }
            }
            Submit();
            while (jobs.Count > 0)
            {
                HandOn();
            }
        }
        finally
        {
            // No task may outlive the call, even when reading failed.
            Task.WhenAll(jobs).ContinueWith(static all => _ = all.Exception, TaskScheduler.Default).Wait(CancellationToken.None);
        }

        void Submit()
        {
            DocumentPart[] job = [.. gathered];
            jobs.Enqueue(factory.StartNew(() => Encode(job), CancellationToken.None));
            gathered.Clear();
            gatheredBytes = 0;
            if (jobs.Count >= 3 * threads)
            {
                HandOn();
            }
        }

        void HandOn()
        {
            Job job = jobs.Dequeue().GetAwaiter().GetResult();
            int start = 0;
            for (int index = 0; index < job.Parts.Count; index++)
            {
                encoded(job.Parts[index], job.Ids.AsMemory(start, job.Ends[index] - start));
                start = job.Ends[index];
            }
        }
    }

    private Job Encode(IReadOnlyList<DocumentPart> parts)
    {
        var ids = new List<int>();
        int[] ends = new int[parts.Count];
        for (int index = 0; index < parts.Count; index++)
        {
            tokenizer.Encode(parts[index].Text.Span, ids);
            if (parts[index].EndsText && tokenizer.EndOfTextId is int endOfTextId)
            {
                ids.Add(endOfTextId);
            }
            ends[index] = ids.Count;
        }
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)tokenizer.VocabularySize)
            {
                throw new TokenShardException(FormattableString.Invariant($"The tokenizer gave the id {id}, and its vocabulary has {tokenizer.VocabularySize} ids; its files do not fit together."));
            }
        }
        return new Job(parts, [.. ids], ends);
    }
}
