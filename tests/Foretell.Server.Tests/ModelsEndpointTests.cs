using System.Text.Json;
using Foretell.Inference;
using Foretell.Server.Catalog;

namespace Foretell.Server.Tests;

public sealed class ModelsEndpointTests
{
    [Fact]
    public async Task Models_ListedGottenAndDeleted_AsOpenAiDoes()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (int status, JsonElement list) = await server.GetAsync("/v1/models");
        Assert.Equal(200, status);
        JsonElement only = Assert.Single(list.GetProperty("data").EnumerateArray());
        Assert.Equal("tiny", only.GetProperty("id").GetString());
        Assert.Equal("model", only.GetProperty("object").GetString());

        (status, JsonElement refused) = await Delete(server, "tiny");
        Assert.Equal(403, status);
        Assert.Equal("model_not_deletable", refused.GetProperty("error").GetProperty("code").GetString());

        bool forgotten = false;
        server.Catalog.Add(new CatalogModel("ft:tiny:me/1:abc", Path.Combine(server.Folder, "tiny"), DateTimeOffset.UnixEpoch) { DeleteAsync = _ => Task.FromResult(forgotten = true) });
        Assert.Equal(200, (await server.GetAsync("/v1/models/ft:tiny:me/1:abc")).Status);
        using (ModelLease<Assistant.ForetellModel> lease = await server.Catalog.AcquireAsync("ft:tiny:me/1:abc", default))
        {
            Assert.Equal("ft:tiny:me/1:abc", lease.Model.Id);
        }
        (status, JsonElement deleted) = await Delete(server, "ft:tiny:me/1:abc");
        Assert.Equal(200, status);
        Assert.True(deleted.GetProperty("deleted").GetBoolean());
        Assert.True(forgotten);
        (status, JsonElement gone) = await server.GetAsync("/v1/models/ft:tiny:me/1:abc");
        Assert.Equal(404, status);
        Assert.Equal("model_not_found", gone.GetProperty("error").GetProperty("code").GetString());
    }

    private static async Task<(int, JsonElement)> Delete(RunningServer server, string id)
    {
        using HttpResponseMessage response = await server.Client.DeleteAsync($"/v1/models/{id}");
        return ((int)response.StatusCode, await RunningServer.ReadAsync(response));
    }
}
