using System.Globalization;
using System.Security.Cryptography;

namespace Foretell.Server.Storage;

/// <summary>
/// Identifiers that sort, as text, by the time of their making and can't be guessed: a prefix and 32 hexadecimal digits,
/// 48 bits of milliseconds, 16 bits that count within one, 64 random bits (the idea of version 7 of
/// <see href="https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7">RFC 9562</see>). Safe to use from many threads.
/// </summary>
public sealed class IdentifierSource(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private long _last;

    /// <param name="prefix">What kind of thing it names, such as <c>file-</c>.</param>
    public string Next(string prefix)
    {
        long stamp;
        lock (_lock)
        {
            // Later than the one before even when the clock stands still or goes back.
            stamp = _last = Math.Max(_last + 1, clock.GetUtcNow().ToUnixTimeMilliseconds() << 16);
        }
        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        return string.Create(CultureInfo.InvariantCulture, $"{prefix}{stamp:x16}{Convert.ToHexStringLower(random)}");
    }
}
