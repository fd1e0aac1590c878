using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Foretell.Evaluation.Compression;

/// <summary>
/// What stands before the coded bytes, little-endian:
/// <code>
/// 4   "FTLZ"
/// 1   version, 1
/// 1   n, length of the numerics' name
/// n   numerics, UTF-8
/// 16  identity of the model
/// 16  fingerprint of the tokenizer
/// 8   original length in bytes
/// 8   coded length in bytes
/// 16  checksum of the original
/// 16  checksum of all the fields above and of the coded bytes
/// </code>
/// Identities and checksums are the first 16 bytes of a SHA-256: 128 bits tell models and files apart by chance and damage.
/// </summary>
internal sealed record CompressedHeader(string Numerics, string Model, string Tokenizer, long OriginalLength, long CodedLength, string OriginalChecksum)
{
    public const int ChecksumBytes = 16;
    public const byte Version = 1;

    private const int FixedBytes = 6 + 2 * ChecksumBytes + 16 + ChecksumBytes;
    private static ReadOnlySpan<byte> Magic => "FTLZ"u8;

    /// <summary>Length in bytes, the final checksum included.</summary>
    public int Length => FixedBytes + Encoding.UTF8.GetByteCount(Numerics) + ChecksumBytes;

    /// <summary>The first 16 bytes of a hexadecimal SHA-256, in hexadecimal.</summary>
    /// <exception cref="ArgumentException">It is not 64 hexadecimal digits.</exception>
    public static string Shorten(string sha256, string whose)
    {
        if (sha256.Length != 64 || sha256.AsSpan().IndexOfAnyExcept("0123456789abcdefABCDEF") >= 0)
        {
            throw new ArgumentException($"The identity of the {whose} must be 64 hexadecimal digits of a SHA-256, not \"{sha256}\".");
        }
        return sha256[..(2 * ChecksumBytes)].ToLowerInvariant();
    }

    public static string Checksum(IncrementalHash sha256) => Convert.ToHexStringLower(sha256.GetHashAndReset().AsSpan(0, ChecksumBytes));

    /// <param name="codedSha256">SHA-256 of the coded bytes.</param>
    public byte[] ToBytes(ReadOnlySpan<byte> codedSha256)
    {
        byte[] numerics = Encoding.UTF8.GetBytes(Numerics);
        if (numerics.Length > byte.MaxValue)
        {
            throw new ArgumentException($"The name of the numerics has {numerics.Length} bytes where 255 fit: \"{Numerics}\".");
        }
        var length = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(length, OriginalLength);
        BinaryPrimitives.WriteInt64LittleEndian(length.AsSpan(8), CodedLength);
        byte[] fields = [.. Magic, Version, (byte)numerics.Length, .. numerics, .. Convert.FromHexString(Model), .. Convert.FromHexString(Tokenizer), .. length, .. Convert.FromHexString(OriginalChecksum)];
        return [.. fields, .. SHA256.HashData([.. fields, .. codedSha256])[..ChecksumBytes]];
    }

    /// <summary>Reads the header and checks everything that follows it; leaves <paramref name="input"/> at the first coded byte.</summary>
    /// <exception cref="InvalidDataException">It is not such a file, or it is damaged.</exception>
    public static CompressedHeader ReadAndVerify(Stream input, CancellationToken cancellation)
    {
        long available = input.Length - input.Position;
        byte[] start = new byte[6];
        if (input.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || !start.AsSpan().StartsWith(Magic))
        {
            throw new InvalidDataException("The input was not made by foretell compress: it does not start with \"FTLZ\".");
        }
        if (start[4] != Version)
        {
            throw new InvalidDataException($"The input has version {start[4]} of the compressed form, this program reads version {Version}; use the program that wrote it.");
        }
        byte[] rest = new byte[FixedBytes - 6 + start[5]];
        byte[] checksum = new byte[ChecksumBytes];
        if (input.ReadAtLeast(rest, rest.Length, throwOnEndOfStream: false) < rest.Length
            || input.ReadAtLeast(checksum, checksum.Length, throwOnEndOfStream: false) < checksum.Length)
        {
            throw new InvalidDataException(FormattableString.Invariant($"The compressed input is truncated: its {available} bytes end inside the header."));
        }
        ReadOnlySpan<byte> fields = rest.AsSpan(start[5]);
        long originalLength = BinaryPrimitives.ReadInt64LittleEndian(fields[32..]);
        long codedLength = BinaryPrimitives.ReadInt64LittleEndian(fields[40..]);
        long codedStart = input.Position;
        long present = input.Length - codedStart;
        if (present != codedLength)
        {
            string problem = present < codedLength ? "truncated" : "damaged";
            throw new InvalidDataException(FormattableString.Invariant($"The compressed input is {problem}: {present} coded bytes are there and {codedLength} were announced."));
        }
        byte[] codedSha256 = Sha256(input, cancellation);
        if (originalLength < 0 || !SHA256.HashData([.. start, .. rest, .. codedSha256]).AsSpan(0, ChecksumBytes).SequenceEqual(checksum))
        {
            throw new InvalidDataException("The compressed input is damaged: its checksum does not agree with its content.");
        }
        input.Position = codedStart;
        return new CompressedHeader(
            Encoding.UTF8.GetString(rest, 0, start[5]),
            Convert.ToHexStringLower(fields[..16]),
            Convert.ToHexStringLower(fields[16..32]),
            originalLength,
            codedLength,
            Convert.ToHexStringLower(fields[48..64]));
    }

    private static byte[] Sha256(Stream input, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = input.Read(buffer)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
        }
        return hash.GetHashAndReset();
    }
}
