using System.Text.Json;

namespace Foretell.Server.Tests;

/// <summary>Reads an answer in server-sent events.</summary>
internal static class ServerEvents
{
    /// <summary>Posts and reads all events: their names ("" where they have none) and their JSON; the mark at the end has the name "[DONE]".</summary>
    public static async Task<List<(string Name, JsonElement Data)>> PostEventsAsync(this RunningServer server, string path, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = RunningServer.Json(json) };
        using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return Parse(body);
    }

    public static List<(string Name, JsonElement Data)> Parse(string body)
    {
        var events = new List<(string, JsonElement)>();
        foreach (string block in body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string name = "";
            foreach (string line in block.Split('\n'))
            {
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    name = line[7..];
                }
                else if (line == "data: [DONE]")
                {
                    events.Add(("[DONE]", default));
                }
                else
                {
                    Assert.StartsWith("data: ", line, StringComparison.Ordinal);
                    events.Add((name, JsonElement.Parse(line[6..])));
                }
            }
        }
        return events;
    }
}
