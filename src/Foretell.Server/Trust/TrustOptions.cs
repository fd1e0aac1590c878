using Foretell.Tensors.Files;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.Trust;

/// <summary>Whom a server trusts, what it allows them, and what it tells its operator.</summary>
public sealed record TrustOptions
{
    /// <summary>Whether it may listen beyond this machine without any API key. Default false.</summary>
    public bool Insecure { get; init; }

    /// <summary>What keys may use in a minute that have no limits of their own. Default: as much as there is.</summary>
    public KeyLimits Limits { get; init; }

    /// <summary>Origins of web pages on other sites that may call, such as <c>https://app.example</c>; <c>*</c> for all. Default: none.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>Names that requests may call this machine by, beside localhost, while it listens on loopback alone; for a proxy in front. Default: none.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>A certificate for HTTPS, PEM or PFX; null (the default) for plain HTTP.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>The private key of a certificate in PEM; null where it stands in the same file.</summary>
    public string? CertificateKeyFile { get; init; }

    /// <summary>The password of a PFX file or of an encrypted private key; null for none.</summary>
    public string? CertificatePassword { get; init; }

    /// <summary>The most connections at once; more are closed at once. Default 4096.</summary>
    public int MaximumConnections { get; init; } = 4096;

    /// <summary>The most bytes of a request's headers. Default 16 KiB.</summary>
    public int MaximumHeaderBytes { get; init; } = 16 << 10;

    /// <summary>How long answers that are being written may go on after SIGTERM or Ctrl-C. Default 30 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a line is logged for each request. Default false.</summary>
    public bool LogRequests { get; init; }

    /// <summary>Whether what is asked and answered is logged with it. Default false: it is private.</summary>
    public bool LogContent { get; init; }

    /// <summary>From which level on the server logs. Default: information.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>The key of weights that are encrypted, of the models served and of those that are fine-tuned; null (the default) for none.</summary>
    public WeightKey? WeightKey { get; init; }

    /// <summary>Throws one sentence that names the first option out of its range, and what of them does not go with the addresses.</summary>
    /// <param name="urls">Where the server is to listen.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal void Validate(string urls)
    {
        Limits.Validate();
        Require(MaximumConnections > 0, $"{MaximumConnections} connections at once serve nobody; give at least 1");
        Require(MaximumHeaderBytes is >= 1024 and <= 1 << 20, $"headers of at most {MaximumHeaderBytes} bytes cannot be; give 1024 to 1048576");
        Require(DrainTimeout >= TimeSpan.Zero, $"the time to drain must not be negative");
        Require(!LogContent || LogRequests, $"contents are logged with the lines of requests; switch those on too");
        Require(CertificateFile is not null || CertificateKeyFile is null, $"a certificate's key was given without its certificate");
        foreach (string origin in CorsOrigins)
        {
            Require(origin == "*" || (Uri.TryCreate(origin, UriKind.Absolute, out Uri? parsed) && parsed.GetLeftPart(UriPartial.Authority) == origin), $"\"{origin}\" is not an origin; wanted scheme and host without a path, such as https://app.example, or *");
        }
        foreach (ListeningAddress address in ListeningAddress.ParseAll(urls))
        {
            Require(!address.IsSecure || CertificateFile is not null, $"{address.Text} wants a certificate; give one with --certificate");
            Require(address.IsSecure || CertificateFile is null, $"a certificate was given and {address.Text} would not use it; write https://");
        }
    }

    private static void Require(bool condition, FormattableString complaint)
    {
        if (!condition)
        {
            throw new ArgumentException($"server: {FormattableString.Invariant(complaint)}.");
        }
    }
}
