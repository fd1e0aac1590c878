using System.Text.Json;
using Foretell.Server.Metering;
using Foretell.Server.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foretell.Server.Tests.Metering;

public sealed class UsageTests
{
    private const string Request = """{"model": "tiny", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5, "seed": 1}""";

    [Fact]
    public async Task Requests_OnceAnswered_AreCountedWithinASecondAndInCsv()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        long tokens = 0;
        for (int i = 0; i < 3; i++)
        {
            (int status, JsonElement body) = await server.PostAsync("/v1/chat/completions", Request);
            Assert.Equal(200, status);
            tokens += body.GetProperty("usage").GetProperty("completion_tokens").GetInt64();
        }
        Assert.Equal(404, (await server.PostAsync("/v1/chat/completions", """{"model": "other", "messages": []}""")).Status);
        JsonElement row = default;
        for (int wait = 0; wait < 100 && (row.ValueKind == JsonValueKind.Undefined || row.GetProperty("requests").GetInt64() < 3); wait++)
        {
            await Task.Delay(50);
            row = (await server.GetAsync("/admin/api/usage")).Body.GetProperty("data").EnumerateArray().SingleOrDefault();
        }
        Assert.Equal(3, row.GetProperty("requests").GetInt64());
        Assert.Equal("tiny", row.GetProperty("model").GetString());
        Assert.Equal("/v1/chat/completions", row.GetProperty("endpoint").GetString());
        Assert.Equal(tokens, row.GetProperty("completion_tokens").GetInt64());
        Assert.True(row.GetProperty("prompt_tokens").GetInt64() > 3);
        string[] lines = (await server.Client.GetStringAsync("/admin/api/usage.csv")).Split("\r\n");
        Assert.Equal("key,key_name,model,endpoint,requests,prompt_tokens,completion_tokens,milliseconds", lines[0]);
        Assert.StartsWith($",,tiny,/v1/chat/completions,3,{row.GetProperty("prompt_tokens").GetInt64()},{tokens},", lines[1]);
        Assert.Equal(400, (await server.GetAsync("/admin/api/usage?from=yesterday")).Status);
        Assert.Empty((await server.GetAsync("/admin/api/usage?to=2001-01-01")).Body.GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task Stop_WithNotesNotYetWritten_WritesThemAll()
    {
        var store = new FailingStore();
        await using RunningServer server = await RunningServer.StartAsync(configure: builder => builder.Services.Replace(ServiceDescriptor.Singleton<IUsageStore>(store)));
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Request)).Status);
        }
        await server.App.StopAsync();
        Assert.Equal(5, store.Records.Count);
        Assert.Equal(5, store.Records.Select(record => record.Id).Distinct().Count());
    }

    [Fact]
    public async Task Write_WhileTheStoreFails_LosesNothing()
    {
        var store = new FailingStore { Failures = 1 };
        var meter = new UsageMeter(store, new IdentifierSource(TimeProvider.System), TimeProvider.System, NullLogger<UsageMeter>.Instance);
        await meter.StartAsync(default);
        var context = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        context.Request.Path = "/v1/embeddings";
        for (int i = 0; i < 2500; i++)
        {
            meter.Add(context, new RequestRecord("req", 0, default) { Operation = "embeddings", Model = "m", PromptTokens = i }, TimeSpan.FromMilliseconds(3));
        }
        await meter.StopAsync(default);
        Assert.Equal(Enumerable.Range(0, 2500).Select(i => (long)i), store.Records.Select(record => record.PromptTokens));
    }

    [Fact]
    public void Csv_TextsThatCouldBreakIt_AreQuotedOrDefused()
    {
        string csv = UsageCsv.Write([new UsageTotal("key_1", "a,\"b\"", "/v1/x", 1, 2, 3, 4)], new Dictionary<string, string> { ["key_1"] = "=HYPERLINK(1)" });
        Assert.Equal("key_1,'=HYPERLINK(1),\"a,\"\"b\"\"\",/v1/x,1,2,3,4", csv.Split("\r\n")[1]);
    }

    [Theory]
    [InlineData("2026-01-01", "2026-01-31", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")]
    [InlineData("2026-01-01T10:00:00Z", "2026-01-01T11:00:00+01:00", "2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z")]
    public void Parse_DaysAndTimes_CountsTheLastDayWhole(string from, string to, string begins, string ends)
    {
        UsagePeriod period = UsagePeriod.Parse(from, to);
        Assert.Equal(DateTimeOffset.Parse(begins), period.From);
        Assert.Equal(DateTimeOffset.Parse(ends), period.To);
        Assert.Throws<FormatException>(() => UsagePeriod.Parse("2026-02-01", "2026-01-01"));
    }

    private sealed class FailingStore : IUsageStore
    {
        public int Failures { get; set; }

        public List<UsageRecord> Records { get; } = [];

        public Task AddAsync(IReadOnlyList<UsageRecord> records, CancellationToken cancellation)
        {
            if (Failures-- > 0)
            {
                throw new IOException("The disk is full.");
            }
            Records.AddRange(records);
            return Task.CompletedTask;
        }

        public Task<Page<UsageRecord>> ListAsync(DateTimeOffset from, DateTimeOffset to, PageRequest page, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<UsageTotal>> TotalsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
