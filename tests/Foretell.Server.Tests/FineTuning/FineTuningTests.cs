using System.Text;
using System.Text.Json;
using Foretell.Inference;
using Foretell.Server.FineTuning;
using Foretell.Server.Storage;
using Foretell.Server.Tests.Files;
using Foretell.Server.Trust;
using Foretell.Tensors.Files;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Foretell.Server.Tests.FineTuning;

/// <summary>The service apart from any method: a small trainer stands behind it.</summary>
public sealed class FineTuningTests
{
    private const string Jobs = "/v1/fine_tuning/jobs";
    private static readonly string[] s_texts = ["The cat sat.", "A dog ran.", "The sun set.", "A bird sang."];

    private readonly TinyTrainer _trainer = new();

    [Fact]
    public async Task Job_OfGoodFiles_MakesAModelThatAnswersUnderItsName()
    {
        await using RunningServer server = await StartAsync();
        string file = await UploadAsync(server, s_texts);
        (int status, JsonElement created) = await server.PostAsync(Jobs, $$"""
            {"model":"tiny","training_file":"{{file}}","suffix":"poet-1","seed":7,"metadata":{"who":"me"},
             "method":{"type":"supervised","supervised":{"hyperparameters":{"n_epochs":3,"batch_size":"auto"} } } }
            """);
        Assert.Equal(200, status);
        Assert.Equal("fine_tuning.job", Text(created, "object"));
        Assert.Equal("validating_files", Text(created, "status"));
        Assert.Equal(3, created.GetProperty("method").GetProperty("supervised").GetProperty("hyperparameters").GetProperty("n_epochs").GetInt32());
        Assert.Equal("auto", Text(created.GetProperty("hyperparameters"), "learning_rate_multiplier"));
        Assert.Equal("me", Text(created.GetProperty("metadata"), "who"));

        JsonElement job = await WaitAsync(server, Text(created, "id")!, "succeeded");
        string model = Text(job, "fine_tuned_model")!;
        Assert.Matches("^ft:tiny:poet-1:[0-9a-f]{8}$", model);
        Assert.Equal(Enumerable.Range(1, 12).Select(step => (long)step), _trainer.Made);
        Assert.Equal(s_texts.Sum(text => text.Length) * 3, job.GetProperty("trained_tokens").GetInt64());
        Assert.True(job.GetProperty("finished_at").GetInt64() >= job.GetProperty("created_at").GetInt64());
        Assert.Equal(JsonValueKind.Null, job.GetProperty("error").ValueKind);
        using (ModelLease<Assistant.ForetellModel> lease = await server.Catalog.AcquireAsync(model, default))
        {
            Assert.Equal(model, lease.Model.Id);
        }
        Assert.Contains((await server.GetAsync("/v1/models")).Body.GetProperty("data").EnumerateArray(), one => Text(one, "id") == model);

        JsonElement[] events = await AllAsync(server, $"{Jobs}/{Text(job, "id")}/events", limit: 3);
        Assert.All(events, one => Assert.Equal("fine_tuning.job.event", Text(one, "object")));
        Assert.Contains("successfully completed", Text(events[0], "message"));
        Assert.StartsWith("Created fine-tuning job", Text(events[^1], "message"));
        JsonElement[] metrics = [.. events.Where(one => Text(one, "type") == "metrics")];
        Assert.Equal(12, metrics.Length);
        Assert.True(metrics[0].GetProperty("data").GetProperty("train_loss").GetDouble() < metrics[^1].GetProperty("data").GetProperty("train_loss").GetDouble());

        JsonElement[] checkpoints = await AllAsync(server, $"{Jobs}/{Text(job, "id")}/checkpoints", limit: 2);
        Assert.Equal([12, 10, 8, 6, 4, 2], checkpoints.Select(one => one.GetProperty("step_number").GetInt32()));
        Assert.Equal($"{model}:ckpt-step-2", Text(checkpoints[^1], "fine_tuned_model_checkpoint"));
        (await server.Catalog.AcquireAsync($"{model}:ckpt-step-2", default)).Dispose();

        string results = job.GetProperty("result_files")[0].GetString()!;
        Assert.Equal("fine-tune-results", Text((await server.GetAsync($"/v1/files/{results}")).Body, "purpose"));
        string[] table = (await server.Client.GetStringAsync($"/v1/files/{results}/content")).TrimEnd().Split('\n');
        Assert.Equal("step,train_loss", table[0]);
        Assert.Equal(13, table.Length);

        Assert.Equal(200, (int)(await server.Client.DeleteAsync($"/v1/models/{model}")).StatusCode);
        Assert.Equal(404, (await server.GetAsync($"/v1/models/{model}")).Status);
        Assert.Empty(Directory.GetFiles(Path.Combine(server.App.Services.GetRequiredService<DataFolder>().Jobs, Text(job, "id")!), "optimizer.safetensors", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Job_WithAKeyForWeights_LeavesOnlyEncryptedOnesThatAnswerByThatKey()
    {
        var key = new WeightKey(Enumerable.Repeat((byte)9, WeightKey.Length).ToArray());
        await using RunningServer server = await StartAsync(key: key);
        string file = await UploadAsync(server, s_texts);
        (_, JsonElement created) = await server.PostAsync(Jobs, $$"""{"model":"tiny","training_file":"{{file}}"}""");
        JsonElement job = await WaitAsync(server, Text(created, "id")!, "succeeded");
        string model = Text(job, "fine_tuned_model")!;
        while (server.Catalog.Find(model) is null)
        {
            await Task.Delay(10);
        }
        string[] weights = Directory.GetFiles(server.Catalog.Find(model)!.Path, "*.safetensors");
        Assert.NotEmpty(weights);
        Assert.All(weights, path => Assert.True(EncryptedFile.Looks(path)));
        (int status, _) = await server.PostAsync("/v1/chat/completions", $$"""{"model": "{{model}}", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}""");
        Assert.Equal(200, status);
    }

    [Fact]
    public async Task Job_OfABadFile_FailsWithTheNumbersOfItsLines()
    {
        await using RunningServer server = await StartAsync();
        string file = await UploadRawAsync(server, "{\"text\":\"good\"}\n\n{\"txt\":\"bad\"}\n{\"text\":\n[1]\n");
        string id = await CreateAsync(server, file);
        JsonElement job = await WaitAsync(server, id, "failed");
        JsonElement error = job.GetProperty("error");
        Assert.Equal("invalid_training_file", Text(error, "code"));
        Assert.Equal("training_file", Text(error, "param"));
        Assert.Contains("line 3: has no field \"text\"; line 4: not valid JSON at byte 9; line 5: not a JSON object.", Text(error, "message"));
        Assert.Contains((await AllAsync(server, $"{Jobs}/{id}/events", 20)), one => Text(one, "level") == "error");
        Assert.Empty(_trainer.Made);
    }

    [Theory]
    [InlineData("""{"training_file":"FILE"}""", "model", 400)]
    [InlineData("""{"model":"none","training_file":"FILE"}""", "model", 400)]
    [InlineData("""{"model":"tiny"}""", "training_file", 400)]
    [InlineData("""{"model":"tiny","training_file":"file-none"}""", "training_file", 400)]
    [InlineData("""{"model":"tiny","training_file":"OTHER"}""", "training_file", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","validation_file":"file-none"}""", "validation_file", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","suffix":"a:b"}""", "suffix", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","seed":-1}""", "seed", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","n_epochs":1}""", "n_epochs", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","metadata":{"a":1}}""", "metadata.a", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","integrations":[{"type":"wandb"}]}""", "integrations", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","method":{"type":"magic"}}""", "method.type", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","method":{"type":"supervised","dpo":{}}}""", "method.dpo", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","hyperparameters":{"n_epochs":0}}""", "method.supervised.hyperparameters.n_epochs", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","hyperparameters":{"n_epochs":1.5}}""", "method.supervised.hyperparameters.n_epochs", 400)]
    [InlineData("""{"model":"tiny","training_file":"FILE","hyperparameters":{"beta":1}}""", "method.supervised.hyperparameters.beta", 400)]
    public async Task Create_OfWhatCannotBe_NamesTheParameter(string body, string parameter, int expected)
    {
        await using RunningServer server = await StartAsync();
        string file = await UploadAsync(server, s_texts);
        (_, JsonElement other) = await FilesEndpointTests.UploadAsync(server, "x"u8.ToArray(), "x", "batch");
        (int status, JsonElement answer) = await server.PostAsync(Jobs, body.Replace("FILE", file).Replace("OTHER", Text(other, "id")));
        Assert.Equal(expected, status);
        Assert.Equal(parameter, Text(answer.GetProperty("error"), "param"));
        Assert.Empty((await server.GetAsync(Jobs)).Body.GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task Cancel_WhileItTrains_StopsWithinAStep()
    {
        await using RunningServer server = await StartAsync();
        var reached = new SemaphoreSlim(0);
        var go = new SemaphoreSlim(0);
        _trainer.BeforeStep = step =>
        {
            if (step == 4)
            {
                reached.Release();
                go.Wait();
            }
        };
        string id = await CreateAsync(server, await UploadAsync(server, s_texts), epochs: 50);
        await reached.WaitAsync();
        (int status, JsonElement cancelled) = await server.PostAsync($"{Jobs}/{id}/cancel", "{}");
        Assert.Equal(200, status);
        Assert.Equal("cancelled", Text(cancelled, "status"));
        go.Release();
        // The next job's turn shows that the cancelled one is over.
        _trainer.BeforeStep = _ => { };
        string next = await CreateAsync(server, await UploadAsync(server, s_texts));
        await WaitAsync(server, next, "succeeded");
        Assert.Equal([1, 2, 3, 1, 2, 3, 4], _trainer.Made);
        Assert.Equal("cancelled", Text((await server.GetAsync($"{Jobs}/{id}")).Body, "status"));
        (status, JsonElement again) = await server.PostAsync($"{Jobs}/{id}/cancel", "{}");
        Assert.Equal(400, status);
        Assert.Contains("is cancelled", Text(again.GetProperty("error"), "message"));
        Assert.Equal(404, (await server.PostAsync($"{Jobs}/ftjob-none/cancel", "{}")).Status);
        Assert.False(Directory.Exists(Path.Combine(server.App.Services.GetRequiredService<DataFolder>().Jobs, id, "run", "checkpoints")));
    }

    [Fact]
    public async Task Pause_ThenResume_GoesOnWhereItWas()
    {
        await using RunningServer server = await StartAsync();
        var reached = new SemaphoreSlim(0);
        var go = new SemaphoreSlim(0);
        _trainer.BeforeStep = step =>
        {
            if (step == 4)
            {
                reached.Release();
                go.Wait();
            }
        };
        string id = await CreateAsync(server, await UploadAsync(server, s_texts), epochs: 2);
        await reached.WaitAsync();
        Assert.Equal("paused", Text((await server.PostAsync($"{Jobs}/{id}/pause", "")).Body, "status"));
        go.Release();
        Assert.Equal(400, (await server.PostAsync($"{Jobs}/{id}/pause", "")).Status);
        JobSignals signals = server.App.Services.GetRequiredService<JobSignals>();
        await UntilAsync(() => signals.Running is null);
        Assert.Equal([1, 2, 3], _trainer.Made);
        _trainer.BeforeStep = _ => { };
        Assert.Equal("queued", Text((await server.PostAsync($"{Jobs}/{id}/resume", "")).Body, "status"));
        await WaitAsync(server, id, "succeeded");
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], _trainer.Made);
        Assert.Equal(400, (await server.PostAsync($"{Jobs}/{id}/resume", "")).Status);
    }

    [Fact]
    public async Task Start_AfterAnInterruption_FinishesTheJobAndOffersItsModel()
    {
        using var folder = new TemporaryFolder();
        var first = new TinyTrainer();
        var reached = new SemaphoreSlim(0);
        string id;
        await using (RunningServer server = await StartAsync(first, folder.Path))
        {
            // The base must outlive the first server.
            first.BeforeStep = step =>
            {
                if (step == 6)
                {
                    reached.Release();
                    throw new ThreadInterruptedException("as if the machine had gone");
                }
            };
            id = await CreateAsync(server, await UploadAsync(server, s_texts), epochs: 2);
            await reached.WaitAsync();
            await WaitAsync(server, id, "failed");
            await server.App.Services.GetRequiredService<Database>().WriteAsync(
                session => session.ExecuteAsync("UPDATE jobs SET status = 'running', error_code = NULL, finished = NULL"), default);
        }
        await using (RunningServer again = await StartAsync(_trainer, folder.Path))
        {
            JsonElement job = await WaitAsync(again, id, "succeeded");
            JsonElement[] events = await AllAsync(again, $"{Jobs}/{id}/events", 20);
            Assert.Contains(events, one => Text(one, "message")!.Contains("goes on from its last checkpoint"));
        }
        await using RunningServer third = await StartAsync(new TinyTrainer(), folder.Path);
        string model = Text((await third.GetAsync($"{Jobs}/{id}")).Body, "fine_tuned_model")!;
        (await third.Catalog.AcquireAsync(model, default)).Dispose();
    }

    [Fact]
    public async Task Create_WhenTheQueueIsFull_Is429WithRetryAfter()
    {
        var go = new SemaphoreSlim(0);
        _trainer.BeforeStep = _ => go.Wait();
        await using RunningServer server = await StartAsync(limit: 2);
        string file = await UploadAsync(server, s_texts);
        string[] ids = [await CreateAsync(server, file), await CreateAsync(server, file)];
        using HttpResponseMessage response = await server.Client.PostAsync(Jobs, RunningServer.Json($$"""{"model":"tiny","training_file":"{{file}}"}"""));
        Assert.Equal(429, (int)response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal("fine_tuning_queue_full", Text((await RunningServer.ReadAsync(response)).GetProperty("error"), "code"));
        go.Release(1000);
        foreach (string id in ids)
        {
            await WaitAsync(server, id, "succeeded");
        }
        Assert.Equal(ids.Reverse(), (await AllAsync(server, Jobs, 1)).Select(job => Text(job, "id")));
    }

    private Task<RunningServer> StartAsync(TinyTrainer? trainer = null, string? data = null, int limit = 20, WeightKey? key = null) => RunningServer.StartAsync(
        options => options with { DataFolder = data ?? options.DataFolder, FineTuning = new FineTuningOptions { Threads = 1, WaitingLimit = limit }, Trust = new TrustOptions { WeightKey = key } },
        builder =>
        {
            builder.Services.RemoveAll<IJobTrainer>();
            builder.Services.AddSingleton<IJobTrainer>(trainer ?? _trainer);
        });

    private static Task<string> UploadAsync(RunningServer server, IEnumerable<string> texts) =>
        UploadRawAsync(server, string.Concat(texts.Select(text => $"{{\"text\":\"{text}\"}}\n")));

    private static async Task<string> UploadRawAsync(RunningServer server, string lines)
    {
        (int status, JsonElement file) = await FilesEndpointTests.UploadAsync(server, Encoding.UTF8.GetBytes(lines), "t.jsonl", "fine-tune");
        Assert.Equal(200, status);
        return Text(file, "id")!;
    }

    private static async Task<string> CreateAsync(RunningServer server, string file, int epochs = 1)
    {
        (int status, JsonElement job) = await server.PostAsync(Jobs, $$"""{"model":"tiny","training_file":"{{file}}","hyperparameters":{"n_epochs":{{epochs}} } }""");
        Assert.True(status == 200, job.ToString());
        return Text(job, "id")!;
    }

    private static async Task<JsonElement> WaitAsync(RunningServer server, string id, string wanted)
    {
        JsonElement job = default;
        await UntilAsync(async () =>
        {
            job = (await server.GetAsync($"{Jobs}/{id}")).Body;
            return Text(job, "status") is "succeeded" or "failed" or "cancelled";
        });
        Assert.True(Text(job, "status") == wanted, job.ToString());
        return job;
    }

    private static async Task<JsonElement[]> AllAsync(RunningServer server, string path, int limit)
    {
        var all = new List<JsonElement>();
        JsonElement page;
        do
        {
            (_, page) = await server.GetAsync($"{path}?limit={limit}{(all.Count > 0 ? "&after=" + Text(all[^1], "id") : "")}");
            all.AddRange(page.GetProperty("data").EnumerateArray());
        }
        while (page.GetProperty("has_more").GetBoolean());
        return [.. all];
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (!await condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
