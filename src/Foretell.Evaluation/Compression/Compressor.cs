using System.Security.Cryptography;
using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Evaluation.Compression;

/// <summary>How far a compression or decompression has come.</summary>
/// <param name="OriginalBytes">Bytes of the original that are coded or restored.</param>
/// <param name="OriginalLength">All of them, or null where the input can't tell.</param>
/// <param name="Elapsed">Since the start, by the clock the compressor was given.</param>
public readonly record struct CompressionProgress(long OriginalBytes, long? OriginalLength, TimeSpan Elapsed);

/// <summary>What came of a compression.</summary>
/// <param name="OriginalBytes">Length of the input.</param>
/// <param name="CodedBytes">Length of the coded part: the model's bits, rounded up.</param>
/// <param name="FileBytes">Length of all that was written, the header of about 100 bytes included.</param>
public readonly record struct CompressionResult(long OriginalBytes, long CodedBytes, long FileBytes);

/// <summary>
/// Lossless compression by a language model: each token is arithmetic-coded under the model's prediction, so that the
/// size is the model's own number of bits. Encoding runs whole windows at once (<see cref="ITokenPredictor.PredictAll"/>),
/// decoding goes token by token; both see the same bits of the same logits. Every file is bound to its model, tokenizer and numerics.
/// <para>Delétang et al., "Language Modeling Is Compression", <see href="https://arxiv.org/abs/2309.10668"/>. Departure: the paper codes
/// chunks of 2048 bytes, each from nothing; here windows overlap by half a context (<see cref="PredictionWindow"/>).</para>
/// </summary>
public sealed class Compressor
{
    private readonly ITokenPredictor _predictor;
    private readonly Tokenizer _tokenizer;
    private readonly TimeProvider _clock;
    private readonly string _model;
    private readonly string _tokenizerIdentity;

    /// <param name="predictor">The model.</param>
    /// <param name="tokenizer">The tokenizer it was trained with.</param>
    /// <param name="clock">For the progress; the system's by default.</param>
    /// <exception cref="ArgumentException">The tokenizer has ids the model doesn't predict, or an identity is not a SHA-256.</exception>
    public Compressor(ITokenPredictor predictor, Tokenizer tokenizer, TimeProvider? clock = null)
    {
        WindowedPrediction.CheckFit(predictor, tokenizer);
        _predictor = predictor;
        _tokenizer = tokenizer;
        _clock = clock ?? TimeProvider.System;
        _model = CompressedHeader.Shorten(predictor.Identity, "model");
        _tokenizerIdentity = CompressedHeader.Shorten(tokenizer.Fingerprint, "tokenizer");
    }

    /// <summary>Compresses <paramref name="inputPath"/> into <paramref name="outputPath"/>, which appears whole or not at all. The input is left alone.</summary>
    /// <exception cref="IOException">A file can't be read or written.</exception>
    /// <exception cref="ArgumentException">Both names are the same file.</exception>
    /// <exception cref="OperationCanceledException">The output does not exist, or is what it was before.</exception>
    public CompressionResult CompressFile(string inputPath, string outputPath, IProgress<CompressionProgress>? progress = null, CancellationToken cancellation = default)
    {
        CheckDifferent(inputPath, outputPath);
        using FileStream input = File.OpenRead(inputPath);
        CompressionResult result = default;
        AtomicFile.Write(outputPath, output => result = Compress(input, output, progress, cancellation));
        return result;
    }

    /// <summary>Restores into <paramref name="outputPath"/> what <see cref="CompressFile"/> was given; it appears whole and verified or not at all. The input is left alone.</summary>
    /// <returns>Length of the restored file in bytes.</returns>
    /// <exception cref="InvalidDataException">The input is damaged, or belongs to another model, tokenizer or numerics; found before anything is written, in one sentence.</exception>
    /// <exception cref="IOException">A file can't be read or written.</exception>
    /// <exception cref="ArgumentException">Both names are the same file.</exception>
    /// <exception cref="OperationCanceledException">The output does not exist, or is what it was before.</exception>
    public long DecompressFile(string inputPath, string outputPath, IProgress<CompressionProgress>? progress = null, CancellationToken cancellation = default)
    {
        CheckDifferent(inputPath, outputPath);
        using FileStream input = File.OpenRead(inputPath);
        CompressedHeader header = ReadHeader(input, cancellation);
        AtomicFile.Write(outputPath, output => Decode(input, header, output, progress, cancellation));
        return header.OriginalLength;
    }

    /// <summary>Compresses the rest of <paramref name="input"/>.</summary>
    /// <param name="input">Any bytes; read once, in blocks.</param>
    /// <param name="output">Seekable, since the header is completed at the end.</param>
    /// <param name="progress">Told after each window.</param>
    /// <param name="cancellation">Looked at before each token; the output is then incomplete.</param>
    public CompressionResult Compress(Stream input, Stream output, IProgress<CompressionProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (!output.CanSeek)
        {
            throw new ArgumentException("Compression completes the header at the end, so its output must be seekable; write to a file or to memory.", nameof(output));
        }
        long started = _clock.GetTimestamp();
        long? originalLength = input.CanSeek ? input.Length - input.Position : null;
        long outputStart = output.Position;
        var header = new CompressedHeader(_predictor.Numerics, _model, _tokenizerIdentity, 0, 0, new string('0', 2 * CompressedHeader.ChecksumBytes));
        output.Write(new byte[header.Length]);

        using var original = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var coded = new HashingStream(output);
        var encoder = new ArithmeticEncoder(coded);
        var distribution = new TokenDistribution(_predictor.VocabularySize);
        long bytesRead = 0;
        long bytesCoded = 0;
        IEnumerable<int> tokens = TokenBlocks.Read(input, _tokenizer, block =>
        {
            original.AppendData(block.Span);
            bytesRead += block.Length;
        });
        WindowedPrediction.Run(
            tokens,
            _predictor,
            WindowedPrediction.StartToken(_tokenizer),
            (token, logits) =>
            {
                distribution.Set(logits);
                (long start, long length) = distribution.Interval(token);
                encoder.Encode(start, length, distribution.Total);
                bytesCoded += _tokenizer.TokenBytes(token).Length;
            },
            () => progress?.Report(new CompressionProgress(bytesCoded, originalLength, _clock.GetElapsedTime(started))),
            cancellation);
        if (bytesRead > 0)
        {
            encoder.Finish();
        }

        header = header with { OriginalLength = bytesRead, CodedLength = coded.Length, OriginalChecksum = CompressedHeader.Checksum(original) };
        long end = output.Position;
        output.Position = outputStart;
        output.Write(header.ToBytes(coded.Hash.GetHashAndReset()));
        output.Position = end;
        return new CompressionResult(bytesRead, header.CodedLength, end - outputStart);
    }

    /// <summary>Restores what <see cref="Compress"/> was given.</summary>
    /// <param name="input">Seekable, since all of it is checked first; read to its end.</param>
    /// <param name="output">Receives the original bytes.</param>
    /// <param name="progress">Told after each window.</param>
    /// <param name="cancellation">Looked at before each token; the output is then incomplete.</param>
    /// <returns>Number of bytes restored.</returns>
    /// <exception cref="InvalidDataException">The input is damaged, or belongs to another model, tokenizer or numerics; found before anything
    /// is written. If the model gives other bits than when the file was made, its checksum tells at the end: the output is then to be thrown away.</exception>
    public long Decompress(Stream input, Stream output, IProgress<CompressionProgress>? progress = null, CancellationToken cancellation = default)
    {
        CompressedHeader header = ReadHeader(input, cancellation);
        Decode(input, header, output, progress, cancellation);
        return header.OriginalLength;
    }

    private CompressedHeader ReadHeader(Stream input, CancellationToken cancellation)
    {
        if (!input.CanSeek)
        {
            throw new ArgumentException("Decompression checks its whole input first, so it must be seekable; read from a file or from memory.", nameof(input));
        }
        var header = CompressedHeader.ReadAndVerify(input, cancellation);
        if (header.Model != _model)
        {
            throw new InvalidDataException($"The input was compressed with the model {header.Model}, but this is the model {_model}; name the model that compressed it.");
        }
        if (header.Tokenizer != _tokenizerIdentity)
        {
            throw new InvalidDataException($"The input was compressed with the tokenizer {header.Tokenizer}, but this is the tokenizer {_tokenizerIdentity}; name the model that compressed it.");
        }
        if (header.Numerics != _predictor.Numerics)
        {
            throw new InvalidDataException($"The input was compressed with the arithmetic \"{header.Numerics}\", but this machine runs \"{_predictor.Numerics}\", whose predictions differ in their last bits; choose the kernels that compressed it (FORETELL_KERNELS).");
        }
        return header;
    }

    private void Decode(Stream input, CompressedHeader header, Stream output, IProgress<CompressionProgress>? progress, CancellationToken cancellation)
    {
        long started = _clock.GetTimestamp();
        using var restored = new HashingStream(output);
        using var buffered = new BufferedStream(restored, 1 << 16);
        var decoder = new ArithmeticDecoder(input, header.CodedLength);
        var distribution = new TokenDistribution(_predictor.VocabularySize);
        var window = new PredictionWindow(_predictor.ContextLength, WindowedPrediction.StartToken(_tokenizer));
        long bytes = 0;
        while (bytes < header.OriginalLength)
        {
            using ITokenStepper stepper = _predictor.Begin();
            ReadOnlySpan<float> logits = stepper.Append(window.GivenTokens);
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                distribution.Set(logits);
                (int token, long start, long length) = distribution.Find(decoder.Target(distribution.Total));
                decoder.Consume(start, length, distribution.Total);
                ReadOnlySpan<byte> text = token < _tokenizer.VocabularySize ? _tokenizer.TokenBytes(token) : [];
                // Only a model that contradicts its header gets here: what it decodes is noise, which the length or the checksum betrays.
                if (text.IsEmpty || text.Length > header.OriginalLength - bytes)
                {
                    throw Different();
                }
                buffered.Write(text);
                bytes += text.Length;
                window.Add(token);
                if (bytes == header.OriginalLength || window.IsFull)
                {
                    break;
                }
                logits = stepper.Append([token]);
            }
            progress?.Report(new CompressionProgress(bytes, header.OriginalLength, _clock.GetElapsedTime(started)));
            if (window.IsFull)
            {
                window.Advance();
            }
        }
        buffered.Flush();
        if (CompressedHeader.Checksum(restored.Hash) != header.OriginalChecksum)
        {
            throw Different();
        }
    }

    private static InvalidDataException Different() =>
        new("The input is intact, but the model does not predict as it did when the input was compressed, so the original can't be restored here; use the program and the machine that compressed it.");

    private static void CheckDifferent(string inputPath, string outputPath)
    {
        if (Resolve(inputPath) == Resolve(outputPath))
        {
            throw new ArgumentException($"{inputPath} is both the input and the output; name another output.");
        }
    }

    // Replacing a file through a link, its own or a folder's, would lose the input all the same.
    private static string Resolve(string path)
    {
        string full = Path.GetFullPath(path);
        string? target = File.Exists(full) ? File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName : null;
        if (target is not null)
        {
            return Resolve(target);
        }
        string? folder = Path.GetDirectoryName(full);
        return folder is null ? full : Path.Combine(ResolveFolder(folder), Path.GetFileName(full));
    }

    private static string ResolveFolder(string folder)
    {
        string? parent = Path.GetDirectoryName(folder);
        if (parent is null || !Directory.Exists(folder))
        {
            return folder;
        }
        string? target = Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName;
        return target is not null ? ResolveFolder(target) : Path.Combine(ResolveFolder(parent), Path.GetFileName(folder));
    }
}
