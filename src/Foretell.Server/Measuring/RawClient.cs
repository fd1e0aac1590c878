using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Foretell.Server.Measuring;

/// <summary>
/// A client of one connection that does as little as it can: it sends bytes and looks for marks in what comes back. It costs
/// far less than what it measures, and it can do what no well-behaved client does.
/// </summary>
internal sealed class RawClient : IDisposable
{
    private static readonly byte[] s_event = "data: "u8.ToArray();
    private static readonly byte[] s_end = "0\r\n\r\n"u8.ToArray();

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly string _host;

    private RawClient(string host) => _host = host;

    public static async Task<RawClient> ConnectAsync(Uri address, CancellationToken cancellation)
    {
        var client = new RawClient(address.Authority);
        try
        {
            await client._socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port, cancellation).ConfigureAwait(false);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Sends a whole POST of JSON.</summary>
    public Task PostAsync(string path, string json, CancellationToken cancellation) =>
        SendAsync($"POST {path} HTTP/1.1\r\nHost: {_host}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}", cancellation);

    /// <summary>Sends text as it is.</summary>
    public async Task SendAsync(string text, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte> rest = Encoding.UTF8.GetBytes(text);
        while (!rest.IsEmpty)
        {
            rest = rest[await _socket.SendAsync(rest, cancellation).ConfigureAwait(false)..];
        }
    }

    /// <summary>Reads what has come, at most so many bytes; 0 when the server has closed the connection.</summary>
    public ValueTask<int> ReadAsync(int most, CancellationToken cancellation) => _socket.ReceiveAsync(_buffer.AsMemory(0, Math.Min(most, _buffer.Length)), cancellation);

    /// <summary>The beginning of an answer, up to the number of its status.</summary>
    public async Task<int> ReadStatusAsync(CancellationToken cancellation)
    {
        int read = await ReadAsync(_buffer.Length, cancellation).ConfigureAwait(false);
        return read >= 12 && int.TryParse(Encoding.ASCII.GetString(_buffer, 9, 3), out int status) ? status : 0;
    }

    /// <summary>Reads a stream of events to its end.</summary>
    /// <param name="time">The clock.</param>
    /// <returns>The clock's timestamps of the second event (the first says only who speaks) and of the end, and whether the stream was whole.</returns>
    /// <exception cref="IOException">The answer is no stream, or the connection broke.</exception>
    public async Task<(long First, long End, int Events, bool IsWhole)> ReadEventsAsync(TimeProvider time, CancellationToken cancellation)
    {
        long first = 0;
        int events = 0, kept = 0;
        bool done = false, begun = false;
        while (true)
        {
            int read = await _socket.ReceiveAsync(_buffer.AsMemory(kept), cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                throw new IOException("The server closed the connection in the middle of an answer.");
            }
            int filled = kept + read;
            ReadOnlyMemory<byte> seen = _buffer.AsMemory(0, filled);
            if (!begun)
            {
                begun = true;
                if (!seen.Span.StartsWith("HTTP/1.1 200"u8))
                {
                    throw new IOException($"The server answered {Encoding.UTF8.GetString(seen.Span[..Math.Min(filled, 500)])}");
                }
            }
            for (int at = seen.Span.IndexOf(s_event); at >= 0;)
            {
                events++;
                first = events == 2 ? time.GetTimestamp() : first;
                int next = seen.Span[(at + s_event.Length)..].IndexOf(s_event);
                at = next < 0 ? -1 : at + s_event.Length + next;
            }
            done |= seen.Span.IndexOf("data: [DONE]"u8) >= 0;
            if (seen.Span.EndsWith(s_end))
            {
                return (first, time.GetTimestamp(), events, done);
            }
            // What may be the beginning of a mark is looked at again, but no whole mark twice.
            kept = Math.Min(filled, s_event.Length - 1);
            seen.Span[^kept..].CopyTo(_buffer);
        }
    }

    public void Dispose() => _socket.Dispose();
}
