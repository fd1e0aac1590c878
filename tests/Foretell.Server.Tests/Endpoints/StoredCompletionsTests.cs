using System.Text.Json;
using Foretell.Server.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Tests.Endpoints;

public sealed class StoredCompletionsTests
{
    [Fact]
    public async Task Completions_Kept_AreListedFilteredChangedAndDeleted()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Database database = server.App.Services.GetRequiredService<Database>();
        var ids = new List<string>();
        for (int i = 0; i < 5; i++)
        {
            ids.Add(database.Identifiers.Next("chatcmpl-"));
            await database.Completions.AddAsync(new StoredCompletion
            {
                Id = ids[i],
                Created = DateTimeOffset.UnixEpoch,
                Model = i == 0 ? "large" : "tiny",
                Completion = $$"""{"id":"{{ids[i]}}","object":"chat.completion","metadata":{"stale":"yes"},"choices":[]}""",
                Messages = """[{"role":"system","content":"a"},{"role":"user","content":"b"},{"role":"user","content":"c"}]""",
                Metadata = new Dictionary<string, string> { ["n"] = $"{i % 2}" },
            }, default);
        }
        async Task<IEnumerable<string?>> Find(string query) => (await server.GetAsync($"/v1/chat/completions?{query}")).Body.GetProperty("data").EnumerateArray().Select(one => one.GetProperty("id").GetString());
        Assert.Equal(ids, await Find(""));
        Assert.Equal(ids[1..], await Find("model=tiny"));
        Assert.Equal([ids[1], ids[3]], await Find("metadata[n]=1"));
        Assert.Equal([ids[3], ids[2]], await Find($"order=desc&limit=2&after={ids[4]}"));

        (_, JsonElement one) = await server.GetAsync($"/v1/chat/completions/{ids[2]}");
        Assert.Equal("""{"n":"0"}""", one.GetProperty("metadata").GetRawText());
        (int status, one) = await server.PostAsync($"/v1/chat/completions/{ids[2]}", """{"metadata":{"new":"x"}}""");
        Assert.Equal(200, status);
        Assert.Equal("chat.completion", one.GetProperty("object").GetString());
        Assert.Equal([ids[2]], await Find("metadata[new]=x"));
        Assert.Equal(400, (await server.PostAsync($"/v1/chat/completions/{ids[2]}", """{"messages":[]}""")).Status);
        Assert.Equal(400, (await server.PostAsync($"/v1/chat/completions/{ids[2]}", "{}")).Status);
        Assert.Equal(400, (await server.PostAsync($"/v1/chat/completions/{ids[2]}", "{")).Status);

        (_, JsonElement messages) = await server.GetAsync($"/v1/chat/completions/{ids[2]}/messages?limit=2");
        Assert.Equal(["a", "b"], messages.GetProperty("data").EnumerateArray().Select(message => message.GetProperty("content").GetString()));
        Assert.True(messages.GetProperty("has_more").GetBoolean());
        (_, messages) = await server.GetAsync($"/v1/chat/completions/{ids[2]}/messages?after={messages.GetProperty("last_id").GetString()}");
        Assert.Equal($"{ids[2]}-2", Assert.Single(messages.GetProperty("data").EnumerateArray()).GetProperty("id").GetString());

        using HttpResponseMessage deleted = await server.Client.DeleteAsync($"/v1/chat/completions/{ids[2]}");
        Assert.Equal("chat.completion.deleted", (await RunningServer.ReadAsync(deleted)).GetProperty("object").GetString());
        Assert.Equal(404, (await server.GetAsync($"/v1/chat/completions/{ids[2]}")).Status);
        Assert.Equal(404, (await server.GetAsync($"/v1/chat/completions/{ids[2]}/messages")).Status);
    }
}
