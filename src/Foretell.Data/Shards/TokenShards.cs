using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>
/// A corpus tokenized once: manifest.json and a folder of memory-mapped files, little-endian. tokens-NNNNN.bin hold the ids of
/// all documents in corpus order, the end-of-text id after each; train.documents and validation.documents say where the
/// documents of a split are. Safe to read from many threads.
/// </summary>
public sealed class TokenShards : IDisposable
{
    internal const string ManifestName = "manifest.json";
    private readonly string _dataFolder;
    private readonly List<MappedFile> _mapped = [];

    private TokenShards(ShardManifest manifest, string dataFolder)
    {
        Manifest = manifest;
        _dataFolder = dataFolder;
        MappedFile[] shards = [.. manifest.Shards.Select(Map)];
        Train = new TokenSplit("train", manifest, manifest.Train, shards, Map(manifest.Train.Index));
        Validation = new TokenSplit("validation", manifest, manifest.Validation, shards, Map(manifest.Validation.Index));
    }

    public ShardManifest Manifest { get; }

    public TokenSplit Train { get; }

    /// <summary>Without documents when the validation share was 0.</summary>
    public TokenSplit Validation { get; }

    /// <summary>
    /// Tokenizes <paramref name="corpus"/> into <paramref name="folder"/> (created when missing), or opens what is there already when
    /// it was made of equal inputs, tokenizer and options. What another preparation left there is replaced, other files stay.
    /// A preparation that is killed leaves the folder's former state; two at once wait for each other.
    /// </summary>
    /// <exception cref="CorpusException">As <see cref="Corpus.Pieces"/>.</exception>
    /// <exception cref="TokenShardException">The tokenizer gave an id outside its vocabulary; the folder is a file.</exception>
    public static TokenShards Prepare(Corpus corpus, Tokenizer tokenizer, string folder, ShardOptions? options = null, IProgress<PreparationProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new ShardOptions();
        options.Validate();
        new Preparation(corpus, tokenizer, folder, options, progress, cancellation).Run();
        return Open(folder);
    }

    /// <summary>Opens a prepared folder and checks its files' sizes against the manifest; <see cref="Verify"/> checks their content.</summary>
    /// <exception cref="TokenShardException">There is no manifest, or it does not fit the files.</exception>
    public static TokenShards Open(string folder)
    {
        string manifestPath = Path.Combine(folder, ManifestName);
        if (!File.Exists(manifestPath))
        {
            throw new TokenShardException($"{folder} holds no finished token shards ({ManifestName} is missing); prepare the data first.");
        }
        ShardManifest manifest = ManifestJson.Read(File.ReadAllBytes(manifestPath), manifestPath);
        string dataFolder = Path.Combine(folder, manifest.DataFolder);
        CheckSizes(manifest, manifestPath, dataFolder);
        return new TokenShards(manifest, dataFolder);
    }

    /// <summary>Checks that the shards were made with <paramref name="tokenizer"/>.</summary>
    /// <exception cref="TokenShardException">They were made with another.</exception>
    public void RequireTokenizer(Tokenizer tokenizer)
    {
        if (tokenizer.Fingerprint != Manifest.TokenizerFingerprint)
        {
            throw new TokenShardException(FormattableString.Invariant($"The token shards in {Path.GetDirectoryName(_dataFolder)} were made with another tokenizer (vocabulary {Manifest.VocabularySize}, fingerprint {Manifest.TokenizerFingerprint[..Math.Min(12, Manifest.TokenizerFingerprint.Length)]}) than the one given (vocabulary {tokenizer.VocabularySize}, fingerprint {tokenizer.Fingerprint[..Math.Min(12, tokenizer.Fingerprint.Length)]}); prepare the data again or give that tokenizer."));
        }
    }

    /// <summary>Compares every file's SHA-256 with the manifest's; reports the bytes read.</summary>
    /// <exception cref="TokenShardException">A file's content was changed.</exception>
    public void Verify(IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        long done = 0;
        foreach (ShardFile file in FilesOf(Manifest))
        {
            string path = Path.Combine(_dataFolder, file.Name);
            string actual = HashedFile.Sha256(path, count => progress?.Report(done += count), cancellation);
            if (actual != file.Sha256)
            {
                throw new TokenShardException($"{path} is damaged: its SHA-256 is {actual}, and the manifest says {file.Sha256}; delete the folder and prepare the data again.");
            }
        }
    }

    public void Dispose()
    {
        foreach (MappedFile mapped in _mapped)
        {
            mapped.Dispose();
        }
    }

    private static IEnumerable<ShardFile> FilesOf(ShardManifest manifest) => [.. manifest.Shards, manifest.Train.Index, manifest.Validation.Index];

    private static void CheckSizes(ShardManifest manifest, string manifestPath, string dataFolder)
    {
        foreach (ShardFile file in FilesOf(manifest))
        {
            if (Path.GetFileName(file.Name) != file.Name || Path.GetFileName(manifest.DataFolder) != manifest.DataFolder)
            {
                throw new TokenShardException($"{manifestPath} names files outside its folder; prepare the data again.");
            }
            var actual = new FileInfo(Path.Combine(dataFolder, file.Name));
            if (!actual.Exists || actual.Length != file.Bytes)
            {
                string found = actual.Exists ? FormattableString.Invariant($"has {actual.Length} bytes") : "is missing";
                throw new TokenShardException(FormattableString.Invariant($"{actual.FullName} {found}, and the manifest says {file.Bytes} bytes; prepare the data again."));
            }
        }
        long tokens = manifest.Train.Tokens + manifest.Validation.Tokens;
        long shardBytes = manifest.Options.ShardTokens * manifest.BytesPerToken;
        bool fits = manifest.BytesPerToken is sizeof(ushort) or sizeof(uint)
            && manifest.Shards.Sum(shard => shard.Bytes) == tokens * manifest.BytesPerToken
            && manifest.Shards.SkipLast(1).All(shard => shard.Bytes == shardBytes)
            && new[] { manifest.Train, manifest.Validation }.All(split => split.Index.Bytes == (split.Documents + 1) * DocumentStart.Bytes);
        if (!fits)
        {
            throw new TokenShardException($"{manifestPath} contradicts itself: its counts of tokens and documents do not give its files' sizes; prepare the data again.");
        }
    }

    private MappedFile Map(ShardFile file)
    {
        var mapped = new MappedFile(Path.Combine(_dataFolder, file.Name));
        _mapped.Add(mapped);
        return mapped;
    }
}
