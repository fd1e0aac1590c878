using System.Text;

namespace Foretell.Tokenizers;

/// <summary>
/// Trains byte-level byte-pair encoding (<see href="https://aclanthology.org/P16-1162/">Sennrich et al. 2016</see>):
/// words are counted in one pass over the text; then the most frequent pair of neighbouring tokens becomes a token, again
/// and again. Among equally frequent pairs the one with the greatest bytes (left token first) wins, so that the result
/// depends on the text alone, not on threads or on the order of documents.
/// Ids: special tokens, plain ones, the 256 bytes in GPT-2's order, then merges.
/// </summary>
public static class BpeTrainer
{
    /// <summary>Trains on files and folders of any length.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or there is no text.</exception>
    public static BytePairEncoding TrainOnFiles(BpeTrainerOptions options, IEnumerable<string> paths, IProgress<BpeTrainingProgress>? progress = null, CancellationToken cancellation = default) =>
        Train(options, TextFiles.Read(paths), progress, cancellation);

    /// <summary>
    /// Trains on documents, which need not all fit in memory: about 64 MiB are held at a time, besides the different words.
    /// The bytes of a document must stay as they are once it is given out.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range, or there is no text.</exception>
    public static BytePairEncoding Train(BpeTrainerOptions options, IEnumerable<ReadOnlyMemory<byte>> documents, IProgress<BpeTrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options.Validate();
        WordCounts words = new WordCounter(options, progress, cancellation).Count(documents);
        if (words.Distinct == 0)
        {
            throw new ArgumentException("There is no text to train a tokenizer on: the corpus is empty, or holds special tokens only.");
        }

        AddedToken[] added = options.AddedTokens();
        var tokens = new TokenTable();
        foreach (AddedToken token in added)
        {
            tokens.Add(token.Id, Encoding.UTF8.GetBytes(token.Content), searchable: false);
        }
        foreach (byte value in ByteAlphabet.Order)
        {
            tokens.Add(tokens.Count, [value]);
        }
        List<Merge> merges = new PairTraining(tokens, words).Run(options, progress, cancellation);
        return new BytePairEncoding(tokens, new MergeTable(merges), new BytePairRules
        {
            PreTokenizer = options.PreTokenizer,
            AddedTokens = added,
        });
    }
}
