using System.Text;
using Foretell.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.Tests.Telemetry;

/// <summary>Variables of the environment are the whole process's: no other test runs meanwhile.</summary>
[CollectionDefinition(nameof(OtlpExportTests), DisableParallelization = true)]
[Collection(nameof(OtlpExportTests))]
public sealed class OtlpExportTests
{
    private const string Request = """{"model": "tiny", "messages": [{"role": "user", "content": "the secret of the prompt"}], "max_tokens": 6, "seed": 1, "stream": true}""";

    [Fact]
    public async Task Otlp_WithAnEndpointInTheEnvironment_SendsTracesAndMetrics()
    {
        var received = new Dictionary<string, string>();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using WebApplication collector = builder.Build();
        collector.MapPost("/v1/{signal}", async (string signal, Microsoft.AspNetCore.Http.HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            lock (received)
            {
                received[signal] = received.GetValueOrDefault(signal) + Encoding.Latin1.GetString(body.ToArray());
            }
        });
        await collector.StartAsync();
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.First());
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        try
        {
            await using RunningServer server = await RunningServer.StartAsync();
            Assert.Contains(server.App.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>(), service => service is OtlpExport);
            using HttpResponseMessage response = await server.Client.PostAsync("/v1/chat/completions", RunningServer.Json(Request));
            await response.Content.ReadAsStringAsync();
            // What is left is sent when the server ends.
            await server.App.StopAsync();
        }
        finally
        {
            Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT", null);
            Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", null);
        }
        lock (received)
        {
            Assert.Contains("gen_ai.server.request.duration", received["metrics"]);
            Assert.Contains("gen_ai.server.time_to_first_token", received["metrics"]);
            Assert.Contains("chat tiny", received["traces"]);
            Assert.Contains("foretell", received["traces"]);
            Assert.DoesNotContain("secret of the prompt", received["traces"]);
        }
    }
}
