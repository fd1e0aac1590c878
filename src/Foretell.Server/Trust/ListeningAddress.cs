using System.Net;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Trust;

/// <summary>An address that a server listens at, and who can reach it there.</summary>
/// <param name="Text">As it was given.</param>
/// <param name="IsSecure">Whether it is HTTPS.</param>
/// <param name="IsLoopback">Whether only this machine reaches it: <c>localhost</c>, a loopback address, or a Unix socket. Any other name or <c>*</c> means every network.</param>
internal readonly record struct ListeningAddress(string Text, bool IsSecure, bool IsLoopback)
{
    /// <summary>Several with semicolons between.</summary>
    /// <exception cref="ArgumentException">One is none.</exception>
    public static IReadOnlyList<ListeningAddress> ParseAll(string urls)
    {
        string[] texts = urls.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return texts.Length > 0 ? [.. texts.Select(Parse)] : throw new ArgumentException("server: there is no address to listen at; give one such as http://127.0.0.1:8080.");
    }

    public static ListeningAddress Parse(string text)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(text);
        }
        catch (FormatException)
        {
            throw new ArgumentException($"server: \"{text}\" is not an address to listen at; give one such as http://127.0.0.1:8080.");
        }
        bool isSecure = string.Equals(address.Scheme, "https", StringComparison.OrdinalIgnoreCase);
        return isSecure || string.Equals(address.Scheme, "http", StringComparison.OrdinalIgnoreCase)
            ? new ListeningAddress(text, isSecure, IsThisMachine(address))
            : throw new ArgumentException($"server: \"{text}\" is not an address to listen at; it must begin with http:// or https://.");
    }

    private static bool IsThisMachine(BindingAddress address) =>
        address.IsUnixPipe
        || string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(address.Host, out IPAddress? ip) && IPAddress.IsLoopback(ip));
}
