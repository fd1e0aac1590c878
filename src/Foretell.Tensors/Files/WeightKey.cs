using System.Security.Cryptography;
using System.Text;

namespace Foretell.Tensors.Files;

/// <summary>The 256-bit secret that weights are encrypted with. It is never written by this project; keep it apart from the weights.</summary>
public sealed class WeightKey
{
    /// <summary>Bytes of a key.</summary>
    public const int Length = 32;

    private readonly byte[] _secret;

    /// <param name="secret">32 random bytes; copied.</param>
    /// <exception cref="ArgumentException">There are more or fewer bytes.</exception>
    public WeightKey(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != Length)
        {
            throw new ArgumentException(FormattableString.Invariant($"A key for weights has {Length} bytes; {secret.Length} were given."));
        }
        _secret = secret.ToArray();
    }

    /// <summary>Reads a key from a file that holds 32 bytes, or their 64 hexadecimal digits, or their base64 text, as <c>openssl rand</c> writes them.</summary>
    /// <exception cref="IOException">The file is missing or can't be read.</exception>
    /// <exception cref="InvalidDataException">It holds no key; the message says what was expected.</exception>
    public static WeightKey Read(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        if (content.Length == Length)
        {
            return new WeightKey(content);
        }
        string text = Encoding.Latin1.GetString(content).Trim();
        Span<byte> secret = stackalloc byte[Length];
        bool isHexadecimal = text.Length == 2 * Length && Convert.FromHexString(text, secret, out _, out int read) == System.Buffers.OperationStatus.Done && read == Length;
        return isHexadecimal || (text.Length == 44 && Convert.TryFromBase64String(text, secret, out int written) && written == Length)
            ? new WeightKey(secret)
            : throw new InvalidDataException($"{path} holds no key for weights: wanted {Length} bytes, or their 64 hexadecimal digits, or their base64 text; openssl rand -hex 32 makes one.");
    }

    /// <summary>Keys for one file, apart for its content and its header, by HKDF (<see href="https://www.rfc-editor.org/rfc/rfc5869">RFC 5869</see>).</summary>
    internal (byte[] Content, byte[] Header) Derive(ReadOnlySpan<byte> salt)
    {
        byte[] both = new byte[2 * Length];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _secret, both, salt, "foretell weights 1"u8);
        return (both[..Length], both[Length..]);
    }
}
