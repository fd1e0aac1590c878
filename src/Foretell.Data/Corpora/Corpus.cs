namespace Foretell.Data;

/// <summary>
/// Documents in files, in a fixed order: files by the ordinal order of their full paths, documents as they stand in them.
/// Read as a stream in bounded memory, as often as wanted.
/// </summary>
public sealed class Corpus
{
    private Corpus(IReadOnlyList<CorpusFile> files, CorpusOptions options)
    {
        Files = files;
        Options = options;
    }

    public IReadOnlyList<CorpusFile> Files { get; }

    public CorpusOptions Options { get; }

    /// <summary>The files' length on disk.</summary>
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>Finds the files of <paramref name="paths"/>: files, folders (their .txt and .jsonl, plain or .gz, at any depth) and globs (<c>*</c>, <c>?</c>, <c>**</c>).</summary>
    /// <exception cref="CorpusException">A path is missing, a glob or folder gives no file, a file is empty.</exception>
    public static Corpus Open(IEnumerable<string> paths, CorpusOptions? options = null)
    {
        options ??= new CorpusOptions();
        options.Validate();
        return new Corpus(CorpusPaths.Resolve(paths), options);
    }

    /// <summary>The documents, long ones in pieces.</summary>
    /// <param name="bytesRead">Told the number of bytes on disk that are done, after each piece.</param>
    /// <param name="cancellation">Stops the reading between two pieces.</param>
    /// <exception cref="CorpusException">A file is not UTF-8, not valid JSON lines, without the field, a broken gzip, or without any text.</exception>
    public IEnumerable<DocumentPiece> Pieces(Action<long>? bytesRead = null, CancellationToken cancellation = default)
    {
        long before = 0;
        foreach (CorpusFile file in Files)
        {
            using var stream = new CorpusStream(file);
            bool isWithoutText = true;
            IEnumerable<DocumentPiece> pieces = file.Format == CorpusFormat.JsonLines
                ? new JsonLinesDocuments(file, stream, Options).Read()
                : new TextDocuments(file, stream, Options).Read();
            foreach (DocumentPiece piece in pieces)
            {
                cancellation.ThrowIfCancellationRequested();
                isWithoutText = false;
                bytesRead?.Invoke(before + stream.DiskPosition);
                yield return piece;
            }
            if (isWithoutText)
            {
                throw new CorpusException($"{file.Name} holds no text, only white space or document ends; remove it from the corpus or fill it.");
            }
            before += file.Bytes;
        }
    }

    /// <summary>The documents whole, each its own array: for corpora whose documents fit into memory.</summary>
    /// <exception cref="CorpusException">As <see cref="Pieces"/>.</exception>
    public IEnumerable<byte[]> Documents(CancellationToken cancellation = default)
    {
        using var document = new MemoryStream();
        foreach (DocumentPiece piece in Pieces(cancellation: cancellation))
        {
            document.Write(piece.Text.Span);
            if (piece.EndsDocument)
            {
                yield return document.ToArray();
                document.SetLength(0);
            }
        }
    }
}
