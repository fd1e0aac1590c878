using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Foretell.Tensors;

namespace Foretell.Server.Measuring;

/// <summary>Clients as exposed servers meet them: slow, rude, broken and hostile.</summary>
internal sealed class BadClients(Uri address, string model)
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Everything that they do.</summary>
    public IReadOnlyList<string> Kinds { get; } = ["slow reader", "early leaver", "half headers", "half body", "giant body", "giant headers", "garbage JSON", "garbage", "wrong place"];

    public IReadOnlyDictionary<string, long> Counts => _counts;

    public long Total => _counts.Values.Sum();

    /// <summary>Does one thing again and again until told to stop.</summary>
    public async Task RepeatAsync(string kind, int client, CancellationToken stop)
    {
        SeededRandom random = new SeededRandom(13).Fork(kind, client);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using RawClient connection = await RawClient.ConnectAsync(address, stop).ConfigureAwait(false);
                await ActAsync(kind, connection, random.NextInt(1000), stop).ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
            {
                // To be cut off is what they deserve.
            }
            _counts.AddOrUpdate(kind, 1, (_, count) => count + 1);
            await Task.Delay(20 + random.NextInt(100), CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Opens many connections, says nothing, and goes; again and again.</summary>
    public async Task SilenceAsync(int connections, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var open = new List<RawClient>();
            try
            {
                for (int i = 0; i < connections; i++)
                {
                    open.Add(await RawClient.ConnectAsync(address, stop).ConfigureAwait(false));
                }
                await Task.Delay(1000, stop).ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                // The server closes what is too much.
            }
            finally
            {
                open.ForEach(connection => connection.Dispose());
                _counts.AddOrUpdate("silent connections", open.Count, (_, count) => count + open.Count);
            }
        }
    }

    private async Task ActAsync(string kind, RawClient connection, int number, CancellationToken stop)
    {
        string post = $"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\n";
        switch (kind)
        {
            case "slow reader":
                await connection.PostAsync("/v1/chat/completions", Chat(400), stop).ConfigureAwait(false);
                for (int i = 0; i < 30 && await connection.ReadAsync(20, stop).ConfigureAwait(false) > 0; i++)
                {
                    await Task.Delay(50, stop).ConfigureAwait(false);
                }
                break;
            case "early leaver":
                await connection.PostAsync("/v1/chat/completions", Chat(400), stop).ConfigureAwait(false);
                if (number % 2 == 0)
                {
                    await connection.ReadAsync(1000, stop).ConfigureAwait(false);
                }
                break;
            case "half headers":
                await connection.SendAsync(post[..(post.Length / 2)], stop).ConfigureAwait(false);
                await HangAsync(connection, number, stop).ConfigureAwait(false);
                break;
            case "half body":
                await connection.SendAsync(post + "Content-Length: 1000\r\n\r\n{\"model\": ", stop).ConfigureAwait(false);
                await HangAsync(connection, number, stop).ConfigureAwait(false);
                break;
            case "giant body":
                await connection.SendAsync(post + "Content-Length: 100000000000\r\n\r\n", stop).ConfigureAwait(false);
                string piece = new('x', 1 << 16);
                for (int i = 0; i < 16; i++)
                {
                    await connection.SendAsync(piece, stop).ConfigureAwait(false);
                }
                await connection.ReadAsync(1000, stop).ConfigureAwait(false);
                break;
            case "giant headers":
                await connection.SendAsync(post + "x-giant: " + new string('x', 1 << 17) + "\r\n\r\n", stop).ConfigureAwait(false);
                await connection.ReadAsync(1000, stop).ConfigureAwait(false);
                break;
            case "garbage JSON":
                await connection.PostAsync("/v1/chat/completions", Garbage(number), stop).ConfigureAwait(false);
                await connection.ReadAsync(1000, stop).ConfigureAwait(false);
                break;
            case "garbage":
                await connection.SendAsync(new string((char)(number % 250 + 1), number + 1) + "\r\n\r\n", stop).ConfigureAwait(false);
                await connection.ReadAsync(1000, stop).ConfigureAwait(false);
                break;
            default:
                await connection.SendAsync($"DELETE /v1/../etc/{number} HTTP/1.1\r\nHost: {address.Authority}\r\n\r\n", stop).ConfigureAwait(false);
                await connection.ReadAsync(1000, stop).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>Says nothing more, mostly for a moment, now and then until it is cut off.</summary>
    private static async Task HangAsync(RawClient connection, int number, CancellationToken stop)
    {
        using var moment = CancellationTokenSource.CreateLinkedTokenSource(stop);
        moment.CancelAfter(number % 10 == 0 ? TimeSpan.FromSeconds(60) : TimeSpan.FromMilliseconds(200));
        await connection.ReadAsync(1000, moment.Token).ConfigureAwait(false);
    }

    private static string Garbage(int number) => (number % 6) switch
    {
        0 => "{",
        1 => "{\"model\": \"\\ud800\", \"messages\": []}",
        2 => new string('[', 5000),
        3 => "null",
        4 => "{\"model\": 5, \"messages\": {\"role\": []}}",
        _ => new StringBuilder("{\"messages\": [").Insert(14, "{\"role\": \"user\", \"content\": \"x\"},", 200).Append("]}").ToString(),
    };

    private string Chat(int tokens) =>
        FormattableString.Invariant($$"""{"model": "{{model}}", "messages": [{"role": "user", "content": "Tell me a long story."}], "max_tokens": {{tokens}}, "stream": true}""");
}
