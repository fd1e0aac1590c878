using System.Net;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Trust;

/// <summary>
/// While a server listens on loopback alone, only the names of this machine reach it. Otherwise a web page could give its
/// own name this machine's address (DNS rebinding) and read what the server answers.
/// </summary>
internal sealed class HostCheck(ServerOptions options)
{
    private readonly bool _isLoopback = ListeningAddress.ParseAll(options.Urls).All(address => address.IsLoopback);
    private readonly HashSet<string> _allowed = new(options.Trust.AllowedHosts, StringComparer.OrdinalIgnoreCase);

    public bool Allows(HostString host)
    {
        // Browsers always send a name; what sends none is a program of HTTP/1.0.
        if (!_isLoopback || !host.HasValue)
        {
            return true;
        }
        string name = host.Host;
        return string.Equals(name, "localhost", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(name, out IPAddress? address) && IPAddress.IsLoopback(address))
            || _allowed.Contains(name);
    }
}
