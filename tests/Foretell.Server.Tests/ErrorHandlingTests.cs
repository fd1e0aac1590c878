using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;

namespace Foretell.Server.Tests;

public sealed class ErrorHandlingTests
{
    [Fact]
    public async Task Request_OfWhatIsNotServed_GetsTheEnvelopeUnderV1AndProblemDetailsElsewhere()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using HttpResponseMessage api = await server.Client.GetAsync("/v1/nothing");
        Assert.Equal(HttpStatusCode.NotFound, api.StatusCode);
        Assert.StartsWith("req_", Assert.Single(api.Headers.GetValues("x-request-id")), StringComparison.Ordinal);
        Assert.Equal("2020-10-01", Assert.Single(api.Headers.GetValues("openai-version")));
        Assert.True(long.Parse(Assert.Single(api.Headers.GetValues("openai-processing-ms"))) >= 0);
        JsonElement error = (await RunningServer.ReadAsync(api)).GetProperty("error");
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Contains("GET /v1/nothing", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, error.GetProperty("param").ValueKind);

        using HttpResponseMessage page = await server.Client.GetAsync("/nothing");
        Assert.Equal("application/problem+json", page.Content.Headers.ContentType!.MediaType);
        Assert.Equal(404, (await RunningServer.ReadAsync(page)).GetProperty("status").GetInt32());

        using HttpResponseMessage method = await server.Client.PostAsync("/v1/models", RunningServer.Json("{}"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, method.StatusCode);
        Assert.Contains("GET", method.Content.Headers.Allow);
        Assert.Equal("method_not_supported", (await RunningServer.ReadAsync(method)).GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Request_ThatBreaksTheServer_TellsNothingOfItsInside()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        // The middleware stands before all endpoints, those added later among them.
        server.App.MapGet("/v1/broken", (Microsoft.AspNetCore.Http.RequestDelegate)(_ => throw new IOException($"Could not find {server.Folder}/secret")));
        using HttpResponseMessage response = await server.Client.GetAsync("/v1/broken");
        string body = await response.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Contains("server_error", body, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
    }
}
