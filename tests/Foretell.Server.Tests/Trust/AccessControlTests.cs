using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Foretell.Server.Trust;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Foretell.Server.Tests.Trust;

public sealed class AccessControlTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task Request_WithoutAnyKeyMade_IsServed()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.Equal(200, (await server.GetAsync("/v1/models")).Status);
    }

    [Fact]
    public async Task Request_OnceAKeyIsMade_NeedsAGoodKey()
    {
        await using RunningServer server = await StartAsync();
        (ApiKey key, string secret) = await CreateAsync(server, KeyScopes.Inference, _clock.GetUtcNow().AddHours(1));
        (int status, JsonElement body, HttpResponseHeaders headers) = await GetAsync(server, "/v1/models", null);
        Assert.Equal(401, status);
        Assert.Equal("invalid_api_key", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("invalid_request_error", body.GetProperty("error").GetProperty("type").GetString());
        Assert.Equal("Bearer", headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal(401, (await GetAsync(server, "/v1/models", ApiKeySecret.Create())).Status);
        Assert.Equal(401, (await GetAsync(server, "/v1/models", "sk-nonsense")).Status);
        Assert.Equal(200, (await GetAsync(server, "/v1/models", secret)).Status);
        Assert.Equal(401, (await GetAsync(server, "/v1/what-is-not-served", null)).Status);
        // Pages, by which a person enters a key, and the probes stay open.
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/")).StatusCode);
        Assert.Equal(200, (await GetAsync(server, "/readyz", null)).Status);
        Assert.Equal(401, (await GetAsync(server, "/metrics", null)).Status);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(401, (await GetAsync(server, "/v1/models", secret)).Status);
    }

    [Fact]
    public async Task Request_WithAnotherScope_IsForbidden()
    {
        await using RunningServer server = await StartAsync();
        (_, string inference) = await CreateAsync(server, KeyScopes.Inference);
        (_, string admin) = await CreateAsync(server, KeyScopes.Admin);
        (_, string metrics) = await CreateAsync(server, KeyScopes.Metrics);
        foreach (string path in new[] { "/admin/api/keys", "/admin/api/usage", "/v1/files", "/v1/fine_tuning/jobs", "/metrics", "/api/labels.jsonl" })
        {
            Assert.Equal(403, (await StatusAsync(server, path, inference)));
        }
        Assert.Equal(200, await StatusAsync(server, "/v1/models", inference));
        Assert.Equal(200, await StatusAsync(server, "/metrics", metrics));
        Assert.Equal(403, await StatusAsync(server, "/v1/models", metrics));
        foreach (string path in new[] { "/admin/api/keys", "/admin/api/usage", "/v1/files", "/metrics", "/v1/models" })
        {
            Assert.Equal(200, await StatusAsync(server, path, admin));
        }
    }

    [Fact]
    public async Task Keys_MadeAndRevokedByTheAdminEndpoints_HoldAtOnce()
    {
        await using RunningServer server = await StartAsync();
        (_, string admin) = await CreateAsync(server, KeyScopes.Admin);
        server.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", admin);
        (int status, JsonElement made) = await server.PostAsync("/admin/api/keys", """{"name": "alice", "scopes": ["inference", "files"], "tokens_per_minute": 1000}""");
        Assert.Equal(201, status);
        string secret = made.GetProperty("key").GetString()!;
        Assert.Equal(200, await StatusAsync(server, "/v1/models", secret));
        JsonElement listed = (await server.GetAsync("/admin/api/keys")).Body.GetProperty("data");
        Assert.Equal(2, listed.GetArrayLength());
        Assert.Equal(secret[..9], listed[1].GetProperty("prefix").GetString());
        Assert.DoesNotContain(secret[9..], listed.ToString());
        Assert.False(listed[1].TryGetProperty("key", out _));
        Assert.DoesNotContain("hash", listed.ToString());
        using HttpResponseMessage revoked = await server.Client.DeleteAsync($"/admin/api/keys/{made.GetProperty("id").GetString()}");
        Assert.NotEqual(JsonValueKind.Null, (await RunningServer.ReadAsync(revoked)).GetProperty("revoked_at").ValueKind);
        Assert.Equal(401, await StatusAsync(server, "/v1/models", secret));
        JsonElement audit = (await server.GetAsync("/admin/api/audit")).Body.GetProperty("data");
        Assert.Equal(["key.revoked", "key.created", "key.created"], audit.EnumerateArray().Select(entry => entry.GetProperty("action").GetString()));
    }

    [Theory]
    [InlineData("""{"scopes": ["inference"]}""", "name")]
    [InlineData("""{"name": "a", "scopes": ["everything"]}""", "everything")]
    [InlineData("""{"name": "a", "scopes": "inference"}""", "array")]
    [InlineData("""{"name": "a", "scopes": ["inference"], "tokens_per_minute": 0}""", "at least 1")]
    [InlineData("""{"name": "a", "scopes": ["inference"], "expires_at": 1}""", "expired already")]
    [InlineData("""{"name": "a", "scopes": ["inference"], "colour": 1}""", "colour")]
    [InlineData("""{"name": """, "not valid JSON")]
    public async Task Keys_MadeWrongly_AreRefusedInOneSentence(string body, string part)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (int status, JsonElement answer) = await server.PostAsync("/admin/api/keys", body);
        Assert.Equal(400, status);
        Assert.Contains(part, answer.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Requests_BeyondAKeysLimit_GetHeadersAnd429()
    {
        await using RunningServer server = await StartAsync();
        server.App.MapPost("/v1/spend", (RequestDelegate)(context =>
        {
            RequestRecord.Of(context).PromptTokens = 70;
            RequestRecord.Of(context).CompletionTokens = 30;
            return context.Response.WriteAsync("{}");
        }));
        (_, string secret) = await CreateAsync(server, KeyScopes.Inference, limits: new KeyLimits(3, 150));
        using HttpResponseMessage first = await PostAsync(server, secret);
        Assert.Equal("3", Assert.Single(first.Headers.GetValues("x-ratelimit-limit-requests")));
        Assert.Equal("2", Assert.Single(first.Headers.GetValues("x-ratelimit-remaining-requests")));
        Assert.Equal("20s", Assert.Single(first.Headers.GetValues("x-ratelimit-reset-requests")));
        Assert.Equal("150", Assert.Single(first.Headers.GetValues("x-ratelimit-limit-tokens")));
        Assert.Equal("50", Assert.Single(first.Headers.GetValues("x-ratelimit-remaining-tokens")));
        Assert.Equal("40s", Assert.Single(first.Headers.GetValues("x-ratelimit-reset-tokens")));
        using HttpResponseMessage second = await PostAsync(server, secret);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        using HttpResponseMessage third = await PostAsync(server, secret);
        Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
        // 50 tokens too many and one more, at 2.5 a second.
        Assert.Equal(TimeSpan.FromSeconds(21), third.Headers.RetryAfter!.Delta);
        JsonElement error = (await RunningServer.ReadAsync(third)).GetProperty("error");
        Assert.Equal("rate_limit_exceeded", error.GetProperty("code").GetString());
        Assert.Equal("tokens", error.GetProperty("type").GetString());
        Assert.Equal("0", Assert.Single(third.Headers.GetValues("x-ratelimit-remaining-tokens")));
        _clock.Advance(TimeSpan.FromSeconds(21));
        using HttpResponseMessage fourth = await PostAsync(server, secret);
        Assert.Equal(HttpStatusCode.OK, fourth.StatusCode);
    }

    private Task<RunningServer> StartAsync() =>
        RunningServer.StartAsync(configure: builder => builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(_clock)));

    private static async Task<(ApiKey Key, string Secret)> CreateAsync(RunningServer server, KeyScopes scopes, DateTimeOffset? expires = null, KeyLimits limits = default)
    {
        (ApiKey, string) made = await server.App.Services.GetRequiredService<KeyManager>().CreateAsync("test", "a key", scopes, expires, limits, default);
        server.App.Services.GetRequiredService<KeyRing>().Forget();
        return made;
    }

    private static async Task<HttpResponseMessage> PostAsync(RunningServer server, string secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/spend");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        return await server.Client.SendAsync(request);
    }

    private static async Task<int> StatusAsync(RunningServer server, string path, string secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        return (int)response.StatusCode;
    }

    private static async Task<(int Status, JsonElement Body, HttpResponseHeaders Headers)> GetAsync(RunningServer server, string path, string? secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = secret is null ? null : new AuthenticationHeaderValue("Bearer", secret);
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        return ((int)response.StatusCode, await RunningServer.ReadAsync(response), response.Headers);
    }
}
