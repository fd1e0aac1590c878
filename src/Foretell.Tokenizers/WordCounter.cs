using System.Text;

namespace Foretell.Tokenizers;

/// <summary>
/// Counts the words of a corpus in one pass on several threads. Text is taken in epochs of 64 MiB; after each, the threads'
/// counts join the whole's, and where that holds too many different words the rarest are dropped. Epochs depend on the text
/// alone, so that the counts do not depend on the threads.
/// </summary>
internal sealed class WordCounter(BpeTrainerOptions options, IProgress<BpeTrainingProgress>? progress, CancellationToken cancellation)
{
    private const long EpochBytes = 64 << 20;
    private const int PieceBytes = 1 << 20;
    private const int MaximumWordBytes = 1 << 30;

    private readonly AddedTokenFinder? _special = AddedTokenFinder.For(options.AddedTokens());
    private readonly bool _mayCut = options.PreTokenizer.CutsBeforeSpace
        && options.SpecialTokens.Concat(options.PlainTokens).All(token => TextCutter.NextCut(Encoding.UTF8.GetBytes(token), 0) == Encoding.UTF8.GetByteCount(token));

    public WordCounts Count(IEnumerable<ReadOnlyMemory<byte>> documents)
    {
        var total = new WordCounts();
        var workers = new WordCounts[options.Threads];
        for (int worker = 0; worker < workers.Length; worker++)
        {
            workers[worker] = new WordCounts();
        }
        var epoch = new List<ReadOnlyMemory<byte>>();
        long epochBytes = 0, bytes = 0;
        foreach (ReadOnlyMemory<byte> document in documents)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (ReadOnlyMemory<byte> piece in Pieces(document))
            {
                epoch.Add(piece);
                epochBytes += piece.Length;
                if (epochBytes >= EpochBytes)
                {
                    CountEpoch(epoch, workers, total);
                    bytes += epochBytes;
                    epochBytes = 0;
                    progress?.Report(new BpeTrainingProgress(Counting: true, bytes, Total: 0));
                }
            }
        }
        CountEpoch(epoch, workers, total);
        progress?.Report(new BpeTrainingProgress(Counting: true, bytes + epochBytes, Total: 0));
        return total;
    }

    private IEnumerable<ReadOnlyMemory<byte>> Pieces(ReadOnlyMemory<byte> document)
    {
        while (_mayCut && document.Length > 2 * PieceBytes)
        {
            int cut = TextCutter.NextCut(document.Span, PieceBytes);
            yield return document[..cut];
            document = document[cut..];
        }
        if (document.Length > 0)
        {
            yield return document;
        }
    }

    private void CountEpoch(List<ReadOnlyMemory<byte>> pieces, WordCounts[] workers, WordCounts total)
    {
        int next = -1;
        Parallel.For(0, workers.Length, new ParallelOptions { MaxDegreeOfParallelism = workers.Length, CancellationToken = cancellation }, worker =>
        {
            var ends = new List<int>();
            for (int piece = Interlocked.Increment(ref next); piece < pieces.Count; piece = Interlocked.Increment(ref next))
            {
                CountPiece(pieces[piece].Span, workers[worker], ends);
            }
        });
        pieces.Clear();
        foreach (WordCounts counts in workers)
        {
            total.AddAll(counts);
            counts.Clear();
        }
        for (long least = 2; total.Distinct > options.MaximumDistinctWords || total.BytesUsed > MaximumWordBytes; least++)
        {
            total.DropBelow(least);
        }
    }

    private void CountPiece(ReadOnlySpan<byte> utf8, WordCounts counts, List<int> ends)
    {
        while (utf8.Length > 0)
        {
            int ordinary = utf8.Length, rest = utf8.Length;
            _special?.Find(utf8, 0, out ordinary, out rest);
            ReadOnlySpan<byte> text = utf8[..ordinary];
            ends.Clear();
            options.PreTokenizer.Split(text, ends);
            int start = 0;
            foreach (int end in ends)
            {
                counts.Add(text[start..end], 1);
                start = end;
            }
            utf8 = utf8[rest..];
        }
    }
}
