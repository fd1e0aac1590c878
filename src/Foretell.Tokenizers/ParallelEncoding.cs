using System.Collections.Concurrent;

namespace Foretell.Tokenizers;

/// <summary>Encoding on several threads, with the results in the order of the documents.</summary>
public static class ParallelEncoding
{
    private const int BatchBytes = 1 << 18;

    /// <summary>
    /// The ids of each document, in order. Documents are taken from the enumeration a few mebibytes ahead of what is
    /// consumed, so that a corpus need not fit in memory; their bytes must stay as they are until their ids came out.
    /// </summary>
    /// <param name="tokenizer">What encodes.</param>
    /// <param name="documents">UTF-8 or any other bytes.</param>
    /// <param name="threads">Threads that encode, at least 1; the ids do not depend on it.</param>
    /// <param name="cancellation">Stops the enumeration.</param>
    public static IEnumerable<int[]> EncodeDocuments(this Tokenizer tokenizer, IEnumerable<ReadOnlyMemory<byte>> documents, int threads, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        return Encode(tokenizer, documents, threads, cancellation);
    }

    /// <summary>The ids of one long text: the same as one thread gives, by cutting it where no word is cut.</summary>
    /// <param name="tokenizer">What encodes.</param>
    /// <param name="utf8">UTF-8 or any other bytes.</param>
    /// <param name="threads">Threads that encode, at least 1.</param>
    /// <param name="cancellation">Stops the encoding.</param>
    public static int[] EncodeParallel(this Tokenizer tokenizer, ReadOnlyMemory<byte> utf8, int threads, CancellationToken cancellation = default)
    {
        bool mayCut = tokenizer is BytePairEncoding bytePairs ? bytePairs.MayCutBeforeSpace : tokenizer is ByteTokenizer or CharacterTokenizer;
        int[][] parts = [.. tokenizer.EncodeDocuments(mayCut ? Cut(utf8) : [utf8], threads, cancellation)];
        return [.. parts.SelectMany(part => part)];
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Cut(ReadOnlyMemory<byte> utf8)
    {
        while (utf8.Length > 0)
        {
            int cut = TextCutter.NextCut(utf8.Span, BatchBytes);
            yield return utf8[..cut];
            utf8 = utf8[cut..];
        }
    }

    private static IEnumerable<int[]> Encode(Tokenizer tokenizer, IEnumerable<ReadOnlyMemory<byte>> documents, int threads, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var work = new BlockingCollection<Batch>(threads * 2);
        Task[] workers = [.. Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(
            () =>
            {
                foreach (Batch batch in work.GetConsumingEnumerable())
                {
                    batch.Encode(tokenizer, stop.Token);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        var inOrder = new Queue<Batch>();
        try
        {
            var next = new Batch();
            foreach (ReadOnlyMemory<byte> document in documents)
            {
                next.Add(document);
                if (next.Bytes < BatchBytes)
                {
                    continue;
                }
                inOrder.Enqueue(next);
                work.Add(next, stop.Token);
                next = new Batch();
                if (inOrder.Count >= threads * 3)
                {
                    foreach (int[] ids in inOrder.Dequeue().Wait())
                    {
                        yield return ids;
                    }
                }
            }
            inOrder.Enqueue(next);
            work.Add(next, stop.Token);
            while (inOrder.TryDequeue(out Batch? batch))
            {
                foreach (int[] ids in batch.Wait())
                {
                    yield return ids;
                }
            }
        }
        finally
        {
            stop.Cancel();
            work.CompleteAdding();
            Task.WaitAll(workers, CancellationToken.None);
        }
    }

    /// <summary>Small documents that one thread encodes together.</summary>
    private sealed class Batch
    {
        private readonly List<ReadOnlyMemory<byte>> _documents = [];
        private readonly TaskCompletionSource<int[][]> _ids = new();

        public long Bytes { get; private set; }

        public void Add(ReadOnlyMemory<byte> document)
        {
            _documents.Add(document);
            Bytes += document.Length;
        }

        public int[][] Wait() => _ids.Task.GetAwaiter().GetResult();

        /// <summary>Never throws: what goes wrong reaches whoever waits.</summary>
        public void Encode(Tokenizer tokenizer, CancellationToken cancellation)
        {
            try
            {
                var ids = new List<int>((int)Math.Min(Bytes, 1 << 20));
                int[][] all = new int[_documents.Count][];
                for (int index = 0; index < all.Length; index++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    ids.Clear();
                    tokenizer.Encode(_documents[index].Span, ids);
                    all[index] = [.. ids];
                }
                _ids.SetResult(all);
            }
            catch (OperationCanceledException)
            {
                _ids.SetCanceled(cancellation);
            }
            catch (Exception error)
            {
                _ids.SetException(error);
            }
        }
    }
}
