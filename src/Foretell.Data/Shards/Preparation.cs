using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>
/// One preparation: hash the inputs, reuse what fits, else tokenize into a folder with a temporary name, flush, rename,
/// and only then write the manifest that makes it count.
/// </summary>
internal sealed class Preparation(Corpus corpus, Tokenizer tokenizer, string folder, ShardOptions options, IProgress<PreparationProgress>? progress, CancellationToken cancellation)
{
    private const string PartialPrefix = ".partial-", DataPrefix = "data-";
    private const long ReportEveryBytes = 1 << 20;
    private readonly string _manifestPath = Path.Combine(folder, TokenShards.ManifestName);
    private readonly long _totalBytes = corpus.Bytes;
    private long _documents;
    private long _tokens;
    private PreparationStage? _reportedStage;
    private long _reportedBytes;

    public void Run()
    {
        if (File.Exists(folder))
        {
            throw new TokenShardException($"{folder} is a file; name a folder for the token shards.");
        }
        Directory.CreateDirectory(folder);
        using FileStream held = FolderLock.Acquire(folder, cancellation);
        IReadOnlyList<DateTime> writeTimes = WriteTimes();
        IReadOnlyList<InputFile> inputs = HashInputs();
        string identity = Identity(inputs);
        if (IsPrepared(identity))
        {
            return;
        }
        string dataFolder = DataPrefix + identity[..16];
        MakeRoom(dataFolder);
        string partial = Path.Combine(folder, PartialPrefix + identity[..16]);
        Directory.CreateDirectory(partial);
        try
        {
            ShardManifest manifest = Tokenize(partial, inputs, identity, dataFolder);
            if (!writeTimes.SequenceEqual(WriteTimes()))
            {
                throw new CorpusException("A file of the corpus was changed while it was being prepared; prepare it again.");
            }
            Directory.Move(partial, Path.Combine(folder, dataFolder));
            WriteManifest(manifest);
            RemoveAllBut(dataFolder);
        }
        finally
        {
            RemovePartials();
        }
    }

    private bool IsPrepared(string identity)
    {
        try
        {
            using TokenShards shards = TokenShards.Open(folder);
            return shards.Manifest.Identity == identity;
        }
        catch (TokenShardException)
        {
            return false;
        }
    }

    /// <summary>Clears what killed preparations left and, so that a manifest never names what is gone, the manifest of data that must be written anew.</summary>
    private void MakeRoom(string dataFolder)
    {
        RemovePartials();
        string unfit = Path.Combine(folder, dataFolder);
        if (Directory.Exists(unfit))
        {
            File.Delete(_manifestPath);
            Directory.Delete(unfit, recursive: true);
        }
    }

    private void RemovePartials() => Remove(Directory.EnumerateDirectories(folder, PartialPrefix + "*"));

    private void RemoveAllBut(string dataFolder) =>
        Remove(Directory.EnumerateDirectories(folder, DataPrefix + "????????????????").Where(old => Path.GetFileName(old) != dataFolder));

    private static void Remove(IEnumerable<string> folders)
    {
        foreach (string old in folders.ToArray())
        {
            Directory.Delete(old, recursive: true);
        }
    }

    private IReadOnlyList<DateTime> WriteTimes() => [.. corpus.Files.Select(file => File.GetLastWriteTimeUtc(file.FullPath))];

    private IReadOnlyList<InputFile> HashInputs()
    {
        long done = 0;
        return [.. corpus.Files.Select(file => new InputFile(file.Name, file.Format, file.Bytes, HashedFile.Sha256(file.FullPath, count =>
        {
            done += count;
            Report(PreparationStage.Hashing, done);
        }, cancellation)))];
    }

    private string Identity(IReadOnlyList<InputFile> inputs)
    {
        var text = new StringBuilder();
        CorpusOptions reading = corpus.Options;
        text.AppendLine(CultureInfo.InvariantCulture, $"format {ShardManifest.CurrentFormatVersion}");
        text.AppendLine(CultureInfo.InvariantCulture, $"tokenizer {tokenizer.Fingerprint} {tokenizer.VocabularySize} {tokenizer.EndOfTextId}");
        text.AppendLine(CultureInfo.InvariantCulture, $"corpus {reading.TextField.Length} {reading.TextField} {reading.EndOfTextMarker.Length} {reading.EndOfTextMarker} {reading.AllowBytes} {reading.PieceBytes}");
        text.AppendLine(CultureInfo.InvariantCulture, $"split {options.Split} {options.ValidationShare:R} {options.SplitSeed} {options.ShardTokens}");
        foreach (InputFile input in inputs)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"input {input.Format} {input.Bytes} {input.Sha256}");
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private ShardManifest Tokenize(string partial, IReadOnlyList<InputFile> inputs, string identity, string dataFolder)
    {
        int bytesPerToken = tokenizer.VocabularySize <= ushort.MaxValue + 1 ? sizeof(ushort) : sizeof(uint);
        using var tokens = new TokenWriter(partial, bytesPerToken, options.ShardTokens);
        using var log = new DocumentLog(Path.Combine(partial, "documents.log"));
        long documentTokens = 0, documentBytes = 0;
        new ShardEncoder(tokenizer, options.Threads, (part, ids) =>
        {
            tokens.Write(ids.Span);
            documentTokens += ids.Length;
            documentBytes += part.Text.Length;
            if (part.EndsDocument)
            {
                log.Add(part.Key, documentTokens, documentBytes);
                (documentTokens, documentBytes) = (0, 0);
            }
            (_documents, _tokens) = (log.Documents, tokens.Position);
        }).Run(Parts(), cancellation);
        Report(PreparationStage.Tokenizing, _totalBytes);

        using var train = new DocumentIndexWriter(Path.Combine(partial, "train.documents"));
        using var validation = new DocumentIndexWriter(Path.Combine(partial, "validation.documents"));
        log.Part(options.ValidationShare, train, validation);
        return new ShardManifest
        {
            Identity = identity,
            TokenizerFingerprint = tokenizer.Fingerprint,
            VocabularySize = tokenizer.VocabularySize,
            EndOfTextId = tokenizer.EndOfTextId,
            BytesPerToken = bytesPerToken,
            Corpus = corpus.Options,
            Options = options,
            Inputs = inputs,
            DataFolder = dataFolder,
            Shards = tokens.Finish(),
            Train = train.Finish(),
            Validation = validation.Finish(),
        };
    }

    private IEnumerable<DocumentPart> Parts()
    {
        bool isTail = options.ValidationShare > 0 && (options.Split == SplitMode.Tail || IsOneDocument());
        IEnumerable<DocumentPiece> pieces = corpus.Pieces(bytes => Report(PreparationStage.Tokenizing, bytes), cancellation);
        return isTail
            ? DocumentPart.ByPosition(pieces, (long)Math.Floor(CountCharacters() * (1 - options.ValidationShare)))
            : DocumentPart.ByContent(pieces, options.SplitSeed);
    }

    private bool IsOneDocument() =>
        corpus.Pieces(bytes => Report(PreparationStage.Measuring, bytes), cancellation).SkipWhile(piece => !piece.EndsDocument).Take(2).Count() < 2;

    private long CountCharacters() =>
        corpus.Pieces(bytes => Report(PreparationStage.Measuring, bytes), cancellation).Sum(piece => Utf8Text.CountCharacters(piece.Text.Span));

    private void Report(PreparationStage stage, long bytes)
    {
        if (stage == _reportedStage && bytes < _totalBytes && bytes - _reportedBytes < ReportEveryBytes)
        {
            return;
        }
        (_reportedStage, _reportedBytes) = (stage, bytes);
        progress?.Report(new PreparationProgress(stage, bytes, _totalBytes, _documents, _tokens));
    }

    private void WriteManifest(ShardManifest manifest)
    {
        string partial = _manifestPath + ".partial";
        using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(ManifestJson.Write(manifest));
            file.Flush(flushToDisk: true);
        }
        File.Move(partial, _manifestPath, overwrite: true);
    }
}
