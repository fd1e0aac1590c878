using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Foretell.Server.Trust;

/// <summary>
/// The text of an API key: <c>fk-</c>, 32 random bytes in base 62 (43 digits) and a checksum of six more, by which a key that was
/// mistyped or made up is refused without looking it up, and by which scanners for leaked secrets know one.
/// </summary>
public static class ApiKeySecret
{
    /// <summary>What every key begins with.</summary>
    public const string Prefix = "fk-";

    /// <summary>Characters that are shown to tell keys apart; too few to guess the rest by.</summary>
    public const int PrefixCharacters = 9;

    private const int RandomBytes = 32;
    private const int RandomDigits = 43;
    private const int ChecksumDigits = 6;
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>Characters of a key.</summary>
    public const int Length = 3 + RandomDigits + ChecksumDigits;

    /// <summary>A new key, from the operating system's randomness: unlike all else here, it must not be foreseeable.</summary>
    public static string Create() => Create(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>The key of 32 bytes.</summary>
    internal static string Create(ReadOnlySpan<byte> random)
    {
        string body = Prefix + Base62(random, RandomDigits);
        return body + Checksum(body);
    }

    /// <summary>Whether a text has the form and the checksum of a key.</summary>
    public static bool IsWellFormed(string? text)
    {
        if (text is null || text.Length != Length || !text.StartsWith(Prefix, StringComparison.Ordinal) || text.AsSpan(Prefix.Length).ContainsAnyExcept(Digits))
        {
            return false;
        }
        int body = Length - ChecksumDigits;
        return text.AsSpan(body).SequenceEqual(Checksum(text[..body]));
    }

    private static string Checksum(string body) =>
        Base62(SHA256.HashData(Encoding.ASCII.GetBytes(body)).AsSpan(0, 4), ChecksumDigits);

    private static string Base62(ReadOnlySpan<byte> bytes, int digits)
    {
        var value = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
        char[] text = new char[digits];
        for (int i = digits - 1; i >= 0; i--)
        {
            value = BigInteger.DivRem(value, 62, out BigInteger digit);
            text[i] = Digits[(int)digit];
        }
        return new string(text);
    }
}
