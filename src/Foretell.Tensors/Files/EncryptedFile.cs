using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Foretell.Tensors.Files;

/// <summary>
/// Files encrypted with AES-256-GCM in chunks, so that gigabytes are written and read in a stream, after the STREAM
/// construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance,
/// <see href="https://eprint.iacr.org/2015/189"/>): each file has a key of its own, a chunk's nonce is its index and whether it
/// is the last, and the header is authenticated with every chunk. A byte changed, a chunk moved, left out or repeated, and a
/// file cut short are all found.
/// </summary>
/// <remarks>Behind the header lie the chunks, each its ciphertext and then its tag; all but the last are full, and there is at least one.</remarks>
public static class EncryptedFile
{
    internal const int TagBytes = 16;
    internal const int NonceBytes = 12;
    private const int ChunkBytes = 1 << 20;

    /// <summary>Whether a file begins as encrypted ones do.</summary>
    /// <exception cref="IOException">The file is missing or can't be read.</exception>
    public static bool Looks(string path)
    {
        Span<byte> magic = stackalloc byte[8];
        using FileStream file = File.OpenRead(path);
        return file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual(EncryptedHeader.Magic);
    }

    /// <summary>Writes a file as <see cref="AtomicFile"/> does, encrypted where a key is given.</summary>
    /// <param name="write">Writes the plain content; the stream can't seek, and its position counts the plain bytes.</param>
    public static void Write(string path, WeightKey? key, Action<Stream> write) => AtomicFile.Write(path, stream =>
    {
        if (key is null)
        {
            write(stream);
            return;
        }
        using var encrypting = new EncryptingStream(stream, key, ChunkBytes);
        write(encrypting);
        encrypting.Finish();
    });

    /// <summary>Encrypts a plain file where it lies; one that is encrypted already is left as it is.</summary>
    /// <exception cref="IOException">The file is missing, or the disk is full.</exception>
    public static void EncryptInPlace(string path, WeightKey key)
    {
        if (Looks(path))
        {
            return;
        }
        Write(path, key, stream =>
        {
            using FileStream plain = File.OpenRead(path);
            plain.CopyTo(stream, 1 << 20);
        });
    }

    /// <summary>The length of the content of an encrypted file.</summary>
    /// <exception cref="InvalidDataException">No such file has this length.</exception>
    internal static long PlainLength(long length, int chunkBytes, string path)
    {
        long body = length - EncryptedHeader.Length;
        long chunks = (body + chunkBytes + TagBytes - 1) / (chunkBytes + TagBytes);
        long plain = body - chunks * TagBytes;
        return chunks > 0 && plain >= 0 ? plain : throw Changed(path);
    }

    /// <summary>Decrypts the whole content, chunk by chunk.</summary>
    /// <param name="file">Stands behind the header.</param>
    /// <param name="destination">Gives the memory of so many bytes of the content from an offset on.</param>
    /// <exception cref="InvalidDataException">A byte was changed, or the file is cut short.</exception>
    internal static void Decrypt(Stream file, ReadOnlySpan<byte> header, byte[] contentKey, int chunkBytes, long plainLength, string path, SpanAt destination)
    {
        using var cipher = new AesGcm(contentKey, TagBytes);
        Span<byte> nonce = stackalloc byte[NonceBytes];
        byte[] chunk = new byte[Math.Min(chunkBytes, plainLength) + TagBytes];
        long chunks = Math.Max(1, (plainLength + chunkBytes - 1) / chunkBytes);
        for (long index = 0; index < chunks; index++)
        {
            int length = (int)Math.Min(chunkBytes, plainLength - index * chunkBytes);
            Nonce(nonce, index, index == chunks - 1);
            try
            {
                file.ReadExactly(chunk, 0, length + TagBytes);
                cipher.Decrypt(nonce, chunk.AsSpan(0, length), chunk.AsSpan(length, TagBytes), destination(index * chunkBytes, length), header);
            }
            catch (Exception error) when (error is CryptographicException or EndOfStreamException)
            {
                throw Changed(path);
            }
        }
    }

    internal delegate Span<byte> SpanAt(long offset, int length);

    internal static void Nonce(Span<byte> nonce, long index, bool isLast)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce, index);
        nonce[^1] = isLast ? (byte)1 : (byte)0;
    }

    private static InvalidDataException Changed(string path) =>
        new($"{path} was changed or cut short since it was encrypted, so it is not used; restore it from a copy.");
}
