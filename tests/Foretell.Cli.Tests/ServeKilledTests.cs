using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Foretell.Server.Tests.Storage;
using BytesModel = Foretell.Server.Tests.TinyModel;

namespace Foretell.Cli.Tests;

/// <summary>What the server acknowledged survives SIGKILL at any moment; of what it did not, nothing is half there.</summary>
public sealed class ServeKilledTests(PostgresServer postgres) : IClassFixture<PostgresServer>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentDictionary<string, string> _files = new();
    private readonly ConcurrentBag<string> _jobs = [];
    private readonly ConcurrentBag<string> _completions = [];
    private readonly ConcurrentDictionary<string, string> _deleted = new();
    private int _uploads;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task Serve_KilledWhileItIsUsed_KeepsWhatItAcknowledged() => KillAsync(rounds: 3, database: null);

    [Fact]
    public async Task Serve_KilledWhileItIsUsedWithPostgres_KeepsWhatItAcknowledged() => await KillAsync(rounds: 2, await postgres.NewDatabaseAsync());

    [Fact]
    [Trait("Category", "Slow")]
    public Task Serve_KilledManyTimes_KeepsWhatItAcknowledged() => KillAsync(rounds: 25, database: null);

    private async Task KillAsync(int rounds, string? database)
    {
        string model = BytesModel.Write(_folder.File("tiny"));
        string[] more = database is null ? [] : ["--database", database];
        var random = new Random();
        for (int round = 0; round < rounds; round++)
        {
            using ServedProcess server = await ServedProcess.StartAsync(model, _folder.File("data"), more);
            await CheckAsync(server);
            using var over = new CancellationTokenSource();
            Task[] users = [UseAsync(Upload), UseAsync(Upload), UseAsync(CreateJob), UseAsync(Complete), UseAsync(Delete)];
            // Not before something of each kind was acknowledged, so that each round can fail.
            (int uploads, int jobs, int completions) = (_uploads, _jobs.Count, _completions.Count);
            await UntilAsync(() => _uploads > uploads && _jobs.Count > jobs && _completions.Count > completions);
            await Task.Delay(random.Next(600));
            server.Kill();
            over.Cancel();
            await Task.WhenAll(users);

            async Task UseAsync(Func<ServedProcess, Random, Task> use)
            {
                var own = new Random();
                while (!over.IsCancellationRequested)
                {
                    try
                    {
                        await use(server, own);
                    }
                    catch (Exception gone) when (gone is HttpRequestException or IOException or JsonException or TaskCanceledException)
                    {
                        // Killed before it had answered: nothing was acknowledged.
                        await Task.Delay(5);
                    }
                }
            }
        }
        using ServedProcess last = await ServedProcess.StartAsync(model, _folder.File("data"), more);
        await CheckAsync(last);
        foreach (string job in _jobs)
        {
            await last.WaitAsync(job);
        }
    }

    private async Task Upload(ServedProcess server, Random random)
    {
        byte[] bytes = new byte[random.Next(1, 1 << random.Next(1, 21))];
        random.NextBytes(bytes);
        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (await server.UploadAsync(bytes, hash, "user_data") is string id)
        {
            _files[id] = hash;
            Interlocked.Increment(ref _uploads);
        }
    }

    private async Task CreateJob(ServedProcess server, Random random)
    {
        string file = await server.UploadAsync("""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"""u8.ToArray(), "lessons", "fine-tune") ?? throw new IOException("not uploaded");
        (int status, JsonElement job) = await server.PostAsync("/v1/fine_tuning/jobs", $$"""{"model":"tiny","training_file":"{{file}}","hyperparameters":{"n_epochs":{{random.Next(1, 4)}} } }""");
        Assert.True(status is 200 or 429 or 503, job.ToString());
        if (status == 200)
        {
            _jobs.Add(job.GetProperty("id").GetString()!);
        }
    }

    private async Task Complete(ServedProcess server, Random random)
    {
        (int status, JsonElement completion) = await server.PostAsync("/v1/chat/completions", """{"model":"tiny","store":true,"max_completion_tokens":3,"metadata":{"a":"b"},"messages":[{"role":"user","content":"Hello"}]}""");
        Assert.True(status is 200 or 429 or 503, completion.ToString());
        if (status == 200)
        {
            _completions.Add(completion.GetProperty("id").GetString()!);
        }
        else
        {
            await Task.Delay(20);
        }
    }

    private async Task Delete(ServedProcess server, Random random)
    {
        await Task.Delay(random.Next(50));
        if (_files.Keys.FirstOrDefault() is string id && _files.TryRemove(id, out _))
        {
            using HttpResponseMessage response = await server.Client.DeleteAsync($"/v1/files/{id}");
            if (response.IsSuccessStatusCode)
            {
                _deleted[id] = id;
            }
        }
    }

    private async Task CheckAsync(ServedProcess server)
    {
        JsonElement files = await server.GetAsync("/v1/files");
        var seen = new HashSet<string>();
        foreach (JsonElement file in files.GetProperty("data").EnumerateArray())
        {
            string id = file.GetProperty("id").GetString()!;
            seen.Add(id);
            byte[] bytes = await server.Client.GetByteArrayAsync($"/v1/files/{id}/content");
            Assert.Equal(file.GetProperty("bytes").GetInt64(), bytes.Length);
            if (file.GetProperty("purpose").GetString() == "user_data")
            {
                // Acknowledged or not: whoever is seen is whole.
                Assert.Equal(file.GetProperty("filename").GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
            }
        }
        Assert.Empty(_files.Keys.Except(seen));
        Assert.Empty(_deleted.Keys.Intersect(seen));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder.File("data"), "files")).Select(Path.GetFileName).Except(seen));
        foreach (string job in _jobs)
        {
            JsonElement found = await server.GetAsync($"/v1/fine_tuning/jobs/{job}");
            Assert.Equal(job, found.GetProperty("id").GetString());
        }
        foreach (string completion in _completions)
        {
            JsonElement found = await server.GetAsync($"/v1/chat/completions/{completion}");
            Assert.Equal("b", found.GetProperty("metadata").GetProperty("a").GetString());
            Assert.Equal(1, found.GetProperty("choices").GetArrayLength());
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), "nothing was acknowledged in two minutes");
            await Task.Delay(5);
        }
    }
}
