using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Foretell.Server.Trust;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Tests.Trust;

public sealed class ProtectionTests
{
    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    [InlineData("http://example.com:0")]
    [InlineData("http://127.0.0.1:0;http://0.0.0.0:0")]
    public async Task Start_BeyondThisMachineWithoutAKey_IsRefused(string urls)
    {
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => RunningServer.StartAsync(options => options with { Urls = urls }));
        Assert.Contains("--insecure", refused.Message);
        Assert.Contains("foretell keys create", refused.Message);
    }

    [Fact]
    public async Task Start_BeyondThisMachineInsecurely_IsAllowedWhenWrittenOut()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { Urls = "http://0.0.0.0:0", Trust = new TrustOptions { Insecure = true } });
        Assert.NotEmpty(server.App.Urls);
    }

    [Theory]
    [InlineData("http://localhost:80", true)]
    [InlineData("http://LOCALHOST", true)]
    [InlineData("http://127.0.0.1:1", true)]
    [InlineData("http://127.8.0.1:1", true)]
    [InlineData("https://[::1]:1", true)]
    [InlineData("http://unix:/run/foretell.sock", true)]
    [InlineData("http://localhost.example.com:1", false)]
    [InlineData("http://10.0.0.1:1", false)]
    [InlineData("http://+:1", false)]
    [InlineData("http://[::ffff:10.0.0.1]:1", false)]
    public void Parse_AnAddress_KnowsWhoReachesIt(string text, bool isLoopback) => Assert.Equal(isLoopback, ListeningAddress.Parse(text).IsLoopback);

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("app.localhost:99", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("[::1]:8080", 200)]
    [InlineData("evil.example", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("10.0.0.1", 403)]
    [InlineData("proxy.example", 200)]
    public async Task Request_ByAnotherName_IsRefusedOnLoopback(string host, int expected)
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { Trust = new TrustOptions { AllowedHosts = ["proxy.example"] } });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.Host = host;
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        Assert.Equal(expected, (int)response.StatusCode);
    }

    [Fact]
    public async Task Request_OfAnotherOriginsPage_IsRefusedUnlessAllowed()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { Trust = new TrustOptions { CorsOrigins = ["https://app.example"] } });
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(server, HttpMethod.Post, "/v1/models", "https://evil.example")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(server, HttpMethod.Post, "/v1/models", "null")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await SendAsync(server, HttpMethod.Post, "/v1/models", server.Address.GetLeftPart(UriPartial.Authority))).StatusCode);
        using HttpResponseMessage read = await SendAsync(server, HttpMethod.Get, "/v1/models", "https://evil.example");
        Assert.False(read.Headers.Contains("Access-Control-Allow-Origin"));
        using HttpResponseMessage allowed = await SendAsync(server, HttpMethod.Get, "/v1/models", "https://app.example");
        Assert.Equal("https://app.example", Assert.Single(allowed.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Contains("Origin", allowed.Headers.Vary);
        using HttpResponseMessage question = await SendAsync(server, HttpMethod.Options, "/v1/models", "https://app.example", ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,x-stainless-os"));
        Assert.Equal(HttpStatusCode.NoContent, question.StatusCode);
        Assert.Contains("POST", Assert.Single(question.Headers.GetValues("Access-Control-Allow-Methods")));
        Assert.Contains("x-stainless-os", Assert.Single(question.Headers.GetValues("Access-Control-Allow-Headers")));
        // An error, too, may be read by the page.
        using HttpResponseMessage missing = await SendAsync(server, HttpMethod.Get, "/v1/nothing", "https://app.example");
        Assert.Equal("https://app.example", Assert.Single(missing.Headers.GetValues("Access-Control-Allow-Origin")));
    }

    [Theory]
    [InlineData("/v1/models", 200)]
    [InlineData("/v1/nothing", 404)]
    [InlineData("/v1/broken", 500)]
    [InlineData("/", 200)]
    public async Task Answer_OfAnyKind_HasTheSecurityHeaders(string path, int status)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        server.App.MapGet("/v1/broken", (RequestDelegate)(_ => throw new InvalidOperationException("at " + server.Folder)));
        using HttpResponseMessage response = await server.Client.GetAsync(path);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.Contains("frame-ancestors 'none'", Assert.Single(response.Headers.GetValues("Content-Security-Policy")));
        Assert.False(response.Headers.Contains("Server"));
        Assert.DoesNotContain(server.Folder, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Request_WithGiantHeadersOrBody_IsRefused()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { MaximumRequestBytes = 1000, Trust = new TrustOptions { MaximumHeaderBytes = 2048 } });
        using var giant = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        giant.Headers.Add("x-giant", new string('a', 4000));
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, (await server.Client.SendAsync(giant)).StatusCode);
        using HttpResponseMessage body = await server.Client.PostAsync("/admin/api/keys", RunningServer.Json($$"""{"name": "{{new string('a', 2000)}}"}"""));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, body.StatusCode);
    }

    [Fact]
    public async Task Connections_BeyondTheLimit_AreClosedAtOnce()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { Trust = new TrustOptions { MaximumConnections = 3 } });
        var held = new List<TcpClient>();
        try
        {
            int closed = 0;
            for (int i = 0; i < 8; i++)
            {
                var client = new TcpClient();
                held.Add(client);
                await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
                closed += await IsClosedAsync(client) ? 1 : 0;
            }
            Assert.Equal(5, closed);
        }
        finally
        {
            held.ForEach(client => client.Dispose());
        }
    }

    [Theory]
    [InlineData("one.pem", null)]
    [InlineData("certificate.pem", "key.pem")]
    [InlineData("certificate.pfx", null)]
    public async Task Start_WithACertificate_ServesHttps(string certificate, string? key)
    {
        using var folder = new TemporaryFolder();
        WriteCertificates(folder);
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, given, _, _) => given!.Subject == "CN=foretell-test" };
        using var client = new HttpClient(handler);
        await using RunningServer server = await RunningServer.StartAsync(options => options with
        {
            Urls = "https://127.0.0.1:0",
            Trust = new TrustOptions { CertificateFile = folder.File(certificate), CertificateKeyFile = key is null ? null : folder.File(key), CertificatePassword = certificate.EndsWith("pfx", StringComparison.Ordinal) ? "secret" : null },
        });
        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Address, "/v1/models"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public void Build_HttpsAndCertificateThatDoNotGoTogether_IsRefused()
    {
        using var folder = new TemporaryFolder();
        WriteCertificates(folder);
        Assert.Contains("wants a certificate", Refused("https://127.0.0.1:0", new TrustOptions()));
        Assert.Contains("write https://", Refused("http://127.0.0.1:0", new TrustOptions { CertificateFile = folder.File("one.pem") }));
        Assert.Contains("cannot be used as a certificate", Refused("https://127.0.0.1:0", new TrustOptions { CertificateFile = folder.File("certificate.pem") }));
        Assert.Contains("cannot be used as a certificate", Refused("https://127.0.0.1:0", new TrustOptions { CertificateFile = folder.File("certificate.pfx"), CertificatePassword = "wrong" }));
        Assert.Contains("There is no file", Refused("https://127.0.0.1:0", new TrustOptions { CertificateFile = folder.File("missing.pem") }));
        Assert.Contains("not an origin", Refused("http://127.0.0.1:0", new TrustOptions { CorsOrigins = ["app.example"] }));
        Assert.Contains("not an address", Refused("127.0.0.1:80", new TrustOptions()));

        string Refused(string urls, TrustOptions trust)
        {
            var options = new ServerOptions { Models = new Dictionary<string, string> { ["tiny"] = TinyModel.Write(folder.File("tiny")) }, DataFolder = folder.File("data"), Urls = urls, Trust = trust };
            return Assert.ThrowsAny<Exception>(() => ForetellServer.Build(options)).Message;
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(RunningServer server, HttpMethod method, string path, string origin, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Origin", origin);
        foreach ((string name, string value) in headers)
        {
            request.Headers.Add(name, value);
        }
        return await server.Client.SendAsync(request);
    }

    private static async Task<bool> IsClosedAsync(TcpClient client)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[1]) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static void WriteCertificates(TemporaryFolder folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=foretell-test", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string pem = certificate.ExportCertificatePem(), keyPem = key.ExportPkcs8PrivateKeyPem();
        File.WriteAllText(folder.File("one.pem"), pem + "\n" + keyPem);
        File.WriteAllText(folder.File("certificate.pem"), pem);
        File.WriteAllText(folder.File("key.pem"), keyPem);
        File.WriteAllBytes(folder.File("certificate.pfx"), certificate.Export(X509ContentType.Pfx, "secret"));
    }
}
