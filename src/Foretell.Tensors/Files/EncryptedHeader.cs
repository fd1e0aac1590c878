using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Foretell.Tensors.Files;

/// <summary>
/// The first bytes of an encrypted file: magic [8], bytes of a chunk [4, little-endian], 0 [4], salt [32], and the header's own
/// authentication by HMAC-SHA256 [32], which tells a wrong key from changed content.
/// </summary>
internal readonly record struct EncryptedHeader(int ChunkBytes, byte[] Salt)
{
    public const int Length = 80;
    public const int SaltBytes = 32;
    public const int LargestChunk = 1 << 26;
    private const int Signed = 48;

    public static ReadOnlySpan<byte> Magic => "FTCRYPT1"u8;

    public byte[] Write(byte[] headerKey)
    {
        byte[] header = new byte[Length];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), ChunkBytes);
        Salt.CopyTo(header.AsSpan(16));
        HMACSHA256.HashData(headerKey, header.AsSpan(0, Signed), header.AsSpan(Signed));
        return header;
    }

    /// <summary>Reads a header and derives the key of the content.</summary>
    /// <exception cref="InvalidDataException">It is none, or was written with another key.</exception>
    public static (EncryptedHeader Header, byte[] ContentKey) Read(ReadOnlySpan<byte> bytes, WeightKey key, string path)
    {
        int chunk = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        var header = new EncryptedHeader(chunk, bytes.Slice(16, SaltBytes).ToArray());
        (byte[] content, byte[] headerKey) = key.Derive(header.Salt);
        Span<byte> expected = stackalloc byte[32];
        HMACSHA256.HashData(headerKey, bytes[..Signed], expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, bytes[Signed..Length]) || chunk is < 1 or > LargestChunk)
        {
            throw new InvalidDataException($"{path} was encrypted with another key, or its header was changed; give the key that it was written with.");
        }
        return (header, content);
    }
}
