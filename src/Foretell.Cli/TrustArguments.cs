using System.CommandLine;
using Foretell.Server.Trust;
using Foretell.Tensors.Files;
using Microsoft.Extensions.Logging;

namespace Foretell.Cli;

/// <summary>The options of a server that say whom it trusts and what it logs.</summary>
internal sealed class TrustArguments
{
    /// <summary>The password of the certificate's file: not an option, as all users of a machine see those.</summary>
    private const string PasswordVariable = "FORETELL_CERTIFICATE_PASSWORD";

    private readonly Option<bool> _insecure = new("--insecure") { Description = "Listen beyond this machine without any API key: everybody may use the server." };
    private readonly Option<int?> _requests = new("--requests-per-minute") { Description = "What each key may ask in a minute that has no limit of its own." };
    private readonly Option<int?> _tokens = new("--tokens-per-minute") { Description = "The tokens, read and written, that each key may use in a minute that has no limit of its own." };
    private readonly Option<string[]> _cors = new("--cors") { Description = "An origin whose web pages may call, such as https://app.example; * for all.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string[]> _hosts = new("--allow-host") { Description = "A name that requests may call this machine by while it listens on loopback alone, as behind a proxy.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _certificate = new("--certificate") { Description = $"A certificate for https:// addresses, PEM or PFX; {PasswordVariable} holds its password." };
    private readonly Option<string?> _certificateKey = new("--certificate-key") { Description = "The private key of a PEM certificate, where it is another file." };
    private readonly Option<int> _connections = new("--connections") { Description = "The most connections at once.", DefaultValueFactory = _ => new TrustOptions().MaximumConnections };
    private readonly Option<int> _drain = new("--drain") { Description = "Seconds that answers may go on after SIGTERM or Ctrl-C, while new requests are refused.", DefaultValueFactory = _ => (int)new TrustOptions().DrainTimeout.TotalSeconds };
    private readonly Option<string> _log = new("--log") { Description = "json: a line of JSON on the error output for each request; off: only what goes wrong.", DefaultValueFactory = _ => "json" };
    private readonly Option<bool> _content = new("--log-content") { Description = "Log what is asked and answered, too. It is private: switch it on only where all who ask know." };
    private readonly Option<string?> _key = new("--key-file") { Description = $"The key of encrypted weights, those of fine-tuned models included; the default is what {WeightKeys.Variable} names." };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _insecure, _requests, _tokens, _cors, _hosts, _certificate, _certificateKey, _connections, _drain, _log, _content, _key })
        {
            command.Options.Add(option);
        }
    }

    public TrustOptions Read(ParseResult result)
    {
        string log = result.GetValue(_log)!;
        bool logs = log switch { "json" => true, "off" => false, _ => throw new FormatException($"--log {log}: wanted json or off.") };
        return new TrustOptions
        {
            Insecure = result.GetValue(_insecure),
            Limits = new KeyLimits(result.GetValue(_requests), result.GetValue(_tokens)),
            CorsOrigins = result.GetValue(_cors) ?? [],
            AllowedHosts = result.GetValue(_hosts) ?? [],
            CertificateFile = result.GetValue(_certificate),
            CertificateKeyFile = result.GetValue(_certificateKey),
            CertificatePassword = Environment.GetEnvironmentVariable(PasswordVariable) is { Length: > 0 } password ? password : null,
            MaximumConnections = result.GetValue(_connections),
            DrainTimeout = TimeSpan.FromSeconds(result.GetValue(_drain)),
            LogRequests = logs,
            LogContent = result.GetValue(_content),
            LogLevel = logs ? LogLevel.Information : LogLevel.Warning,
            WeightKey = result.GetValue(_key) is string file ? WeightKey.Read(file) : WeightKeys.FromEnvironment(),
        };
    }
}
