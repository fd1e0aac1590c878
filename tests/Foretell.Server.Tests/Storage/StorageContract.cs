using Foretell.Server.Storage;

namespace Foretell.Server.Tests.Storage;

/// <summary>What both databases must do alike.</summary>
public abstract class StorageContract
{
    private static readonly DateTimeOffset s_time = new(2026, 11, 22, 4, 5, 6, 789, TimeSpan.Zero);

    /// <summary>The same database at each call within a test.</summary>
    protected abstract Task<DatabaseOptions> OptionsAsync();

    protected async Task<Database> OpenAsync() => await Database.OpenAsync(await OptionsAsync(), TimeProvider.System);

    [Fact]
    public async Task Files_AddedAndReopened_AreFoundUntilDeleted()
    {
        var file = new StoredFile("file-1", "ein \"Name\"'; DROP TABLE files; --\u00e4\ud83d\ude00.jsonl", "fine-tune", long.MaxValue, s_time, s_time.AddDays(1));
        await using (Database first = await OpenAsync())
        {
            await first.Files.AddAsync(file, default);
        }
        await using Database database = await OpenAsync();
        Assert.Equal(file, await database.Files.FindAsync("file-1", default));
        Assert.Null(await database.Files.FindAsync("file-2", default));
        Assert.Empty(await database.Files.ExpiredAsync(s_time, default));
        Assert.Equal([file], await database.Files.ExpiredAsync(s_time.AddDays(1), default));
        Assert.True(await database.Files.DeleteAsync("file-1", default));
        Assert.False(await database.Files.DeleteAsync("file-1", default));
        Assert.Null(await database.Files.FindAsync("file-1", default));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ListAsync_ByPages_GivesEachOnceInOrderEvenWhenTheCursorIsDeleted(bool newestFirst)
    {
        await using Database database = await OpenAsync();
        var ids = new List<string>();
        for (int i = 0; i < 23; i++)
        {
            ids.Add(database.Identifiers.Next("file-"));
            await database.Files.AddAsync(new StoredFile(ids[^1], "f", i % 2 == 0 ? "fine-tune" : "batch", i, s_time), default);
        }
        var expected = newestFirst ? ids.AsEnumerable().Reverse().ToList() : ids;
        var found = new List<string>();
        for (bool more = true; more;)
        {
            Page<StoredFile> page = await database.Files.ListAsync(null, new PageRequest(5, found.LastOrDefault(), newestFirst), default);
            found.AddRange(page.Items.Select(file => file.Id));
            more = page.HasMore;
            await database.Files.DeleteAsync(found[^1], default);
        }
        Assert.Equal(expected, found);
        Page<StoredFile> batch = await database.Files.ListAsync("batch", new PageRequest(100), default);
        Assert.All(batch.Items, file => Assert.Equal("batch", file.Purpose));
        Assert.False(batch.HasMore);
    }

    [Fact]
    public async Task Completions_FilteredByModelAndMetadata_AreThoseThatHaveAll()
    {
        await using Database database = await OpenAsync();
        for (int i = 0; i < 8; i++)
        {
            await database.Completions.AddAsync(new StoredCompletion
            {
                Id = $"chatcmpl-{i}",
                Created = s_time,
                Model = i < 4 ? "small" : "large",
                Completion = """{"id":"x","text":"\u0000"}""",
                Messages = "[]",
                Metadata = new Dictionary<string, string> { ["even"] = i % 2 == 0 ? "yes" : "no", ["third"] = i % 3 == 0 ? "yes" : "no" },
            }, default);
        }
        async Task<string[]> Find(string? model, params (string, string)[] pairs) =>
            [.. (await database.Completions.ListAsync(model, pairs.ToDictionary(pair => pair.Item1, pair => pair.Item2), new PageRequest(20), default)).Items.Select(found => found.Id)];
        Assert.Equal(["chatcmpl-0", "chatcmpl-2", "chatcmpl-4", "chatcmpl-6"], await Find(null, ("even", "yes")));
        Assert.Equal(["chatcmpl-6"], await Find("large", ("even", "yes"), ("third", "yes")));
        Assert.Empty(await Find(null, ("even", "yes' OR '1'='1")));
        StoredCompletion? changed = await database.Completions.UpdateMetadataAsync("chatcmpl-6", new Dictionary<string, string> { ["new"] = "\u00fc" }, default);
        Assert.Equal("large", changed!.Model);
        Assert.Equal(new Dictionary<string, string> { ["new"] = "\u00fc" }, (await database.Completions.FindAsync("chatcmpl-6", default))!.Metadata);
        Assert.Empty(await Find("large", ("even", "yes"), ("third", "yes")));
        Assert.Null(await database.Completions.UpdateMetadataAsync("chatcmpl-9", new Dictionary<string, string>(), default));
        Assert.True(await database.Completions.DeleteAsync("chatcmpl-6", default));
        Assert.Null(await database.Completions.FindAsync("chatcmpl-6", default));
        Assert.Empty(await Find(null, ("new", "\u00fc")));
    }

    [Fact]
    public async Task Responses_SavedTwice_KeepTheLastAndChainBack()
    {
        await using Database database = await OpenAsync();
        StoredResponse Response(string id, string? previous) => new() { Id = id, Created = s_time, Model = "m", Status = "in_progress", Previous = previous, Response = "{}", Input = "[1]" };
        await database.Responses.SaveAsync(Response("resp_1", null), default);
        await database.Responses.SaveAsync(Response("resp_2", "resp_1"), default);
        await database.Responses.SaveAsync(Response("resp_3", "resp_2"), default);
        await database.Responses.SaveAsync(Response("resp_3", "resp_2") with { Status = "completed", Response = "{\"a\":1}" }, default);
        Assert.Equal(Response("resp_3", "resp_2") with { Status = "completed", Response = "{\"a\":1}" }, await database.Responses.FindAsync("resp_3", default));
        Assert.Equal(["resp_1", "resp_2", "resp_3"], (await database.Responses.ChainAsync("resp_3", default)).Select(response => response.Id));
        Assert.True(await database.Responses.DeleteAsync("resp_1", default));
        Assert.Equal(["resp_2", "resp_3"], (await database.Responses.ChainAsync("resp_3", default)).Select(response => response.Id));
        Assert.Empty(await database.Responses.ChainAsync("resp_1", default));
    }

    [Fact]
    public async Task Jobs_BeyondTheLimit_AreRefusedEvenWhenManyComeAtOnce()
    {
        await using Database database = await OpenAsync();
        bool[] added = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => database.FineTuning.AddAsync(Job($"ftjob-{i}"), 5, default))));
        Assert.Equal(5, added.Count(one => one));
        Assert.Equal(5, await database.FineTuning.WaitingAsync(default));
        Assert.Equal(5, (await database.FineTuning.ListAsync(null, new PageRequest(20), default)).Items.Count);
    }

    [Fact]
    public async Task ChangeAsync_FromAnotherStatus_ChangesNothing()
    {
        await using Database database = await OpenAsync();
        FineTuningJob job = Job("ftjob-1") with { Metadata = new Dictionary<string, string> { ["k"] = "v" }, Suffix = "poet", ValidationFile = "file-2" };
        Assert.True(await database.FineTuning.AddAsync(job, 5, default));
        Assert.Equivalent(job, await database.FineTuning.FindAsync(job.Id, default), strict: true);
        JobEvent told = new("ftevent-1", job.Id, s_time, "info", "message", "Begun.", null);
        var model = new FineTunedModel("ft:tiny:poet:1", job.Id, "tiny", s_time, "models/1");
        Assert.Null(await database.FineTuning.ChangeAsync(job.Id, [JobStatus.Running], found => found with { Status = JobStatus.Succeeded }, told, [model], [], default));
        Assert.Equal(JobStatus.ValidatingFiles, (await database.FineTuning.FindAsync(job.Id, default))!.Status);
        Assert.Empty((await database.FineTuning.ListEventsAsync(job.Id, new PageRequest(10), default)).Items);
        Assert.Empty(await database.FineTuning.ModelsAsync(default));

        var error = new JobError("code", "message", "training_file");
        FineTuningJob? changed = await database.FineTuning.ChangeAsync(
            job.Id, [JobStatus.Queued, JobStatus.ValidatingFiles],
            found => found with { Status = JobStatus.Failed, Started = s_time, Finished = s_time, EstimatedFinish = s_time, FineTunedModel = model.Id, TrainedTokens = 7, ResultFiles = ["file-8", "file-9"], Error = error },
            told, [model], [new StoredFile("file-9", "r.csv", "fine-tune-results", 1, s_time)], default);
        Assert.Equivalent(changed, await database.FineTuning.FindAsync(job.Id, default), strict: true);
        Assert.Equal(error, changed!.Error);
        Assert.Equal(["file-8", "file-9"], changed.ResultFiles);
        Assert.Equal([told], (await database.FineTuning.ListEventsAsync(job.Id, new PageRequest(10), default)).Items);
        Assert.Equal([model], await database.FineTuning.ModelsAsync(default));
        Assert.NotNull(await database.Files.FindAsync("file-9", default));
        Assert.Equal(model, await database.FineTuning.DeleteModelAsync(model.Id, default));
        Assert.Null(await database.FineTuning.DeleteModelAsync(model.Id, default));
    }

    [Fact]
    public async Task ChangeAsync_ByManyAtOnce_HappensOnce()
    {
        await using Database database = await OpenAsync();
        await database.FineTuning.AddAsync(Job("ftjob-1"), 5, default);
        FineTuningJob?[] changed = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(() => database.FineTuning.ChangeAsync(
            "ftjob-1", [JobStatus.ValidatingFiles], job => job with { Status = JobStatus.Queued }, new JobEvent($"ftevent-{i}", "ftjob-1", s_time, "info", "message", "m", null), [], [], default))));
        Assert.Single(changed, one => one is not null);
        Assert.Single((await database.FineTuning.ListEventsAsync("ftjob-1", new PageRequest(20), default)).Items);
    }

    [Fact]
    public async Task Checkpoints_OfAStepTwice_KeepTheFirst()
    {
        await using Database database = await OpenAsync();
        await database.FineTuning.AddAsync(Job("ftjob-1"), 5, default);
        JobCheckpoint Checkpoint(string id) => new(id, "ftjob-1", s_time, 10, $"ft:tiny::1:{id}", "{}");
        FineTunedModel Model(string id) => new($"ft:tiny::1:{id}", "ftjob-1", "tiny", s_time, "p");
        await database.FineTuning.AddCheckpointAsync(Checkpoint("ftckpt_1"), Model("ftckpt_1"), default);
        await database.FineTuning.AddCheckpointAsync(Checkpoint("ftckpt_2"), Model("ftckpt_2"), default);
        Assert.Equal([Checkpoint("ftckpt_1")], (await database.FineTuning.ListCheckpointsAsync("ftjob-1", new PageRequest(10), default)).Items);
        Assert.Equal([Model("ftckpt_1")], await database.FineTuning.ModelsAsync(default));
    }

    [Fact]
    public async Task OldestAsync_OfAStatus_IsTheFirstMade()
    {
        await using Database database = await OpenAsync();
        string first = database.Identifiers.Next("ftjob-"), second = database.Identifiers.Next("ftjob-");
        await database.FineTuning.AddAsync(Job(second), 5, default);
        await database.FineTuning.AddAsync(Job(first), 5, default);
        Assert.Equal(first, (await database.FineTuning.OldestAsync(JobStatus.ValidatingFiles, default))!.Id);
        Assert.Null(await database.FineTuning.OldestAsync(JobStatus.Running, default));
    }

    [Fact]
    public async Task Keys_FoundByHash_StandUntilRevokedOrExpired()
    {
        await using Database database = await OpenAsync();
        var key = new StoredKey("key_1", "laptop", "hash1", "fk-abc", ["inference", "files"], s_time, s_time.AddHours(1), null, "{\"rpm\":5}");
        Assert.False(await database.Keys.AnyAsync(s_time, default));
        await database.Keys.AddAsync(key, default);
        Assert.Equivalent(key, await database.Keys.FindByHashAsync("hash1", default), strict: true);
        Assert.Null(await database.Keys.FindByHashAsync("hash2", default));
        Assert.True(await database.Keys.AnyAsync(s_time, default));
        Assert.False(await database.Keys.AnyAsync(s_time.AddHours(1), default));
        Assert.True(await database.Keys.RevokeAsync("key_1", s_time.AddMinutes(1), default));
        Assert.False(await database.Keys.RevokeAsync("key_1", s_time.AddMinutes(2), default));
        Assert.Equal(s_time.AddMinutes(1), (await database.Keys.FindAsync("key_1", default))!.Revoked);
        Assert.False(await database.Keys.AnyAsync(s_time, default));
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => database.Keys.AddAsync(key with { Id = "key_2" }, default));
        Assert.Single((await database.Keys.ListAsync(new PageRequest(10), default)).Items);
    }

    [Fact]
    public async Task Usage_OfATimeSpan_AddsUpByKeyModelAndEndpoint()
    {
        await using Database database = await OpenAsync();
        await database.Usage.AddAsync(
            [.. Enumerable.Range(0, 30).Select(i => new UsageRecord(database.Identifiers.Next("use_"), s_time.AddSeconds(i), i % 3 == 0 ? null : $"key_{i % 3}", "m", "/v1/embeddings", 10, i, 100, 200))], default);
        IReadOnlyList<UsageTotal> totals = await database.Usage.TotalsAsync(s_time.AddSeconds(3), s_time.AddSeconds(9), default);
        Assert.Equivalent(
            new[]
            {
                new UsageTotal(null, "m", "/v1/embeddings", 2, 20, 9, 200),
                new UsageTotal("key_1", "m", "/v1/embeddings", 2, 20, 11, 200),
                new UsageTotal("key_2", "m", "/v1/embeddings", 2, 20, 13, 200),
            }, totals);
        Page<UsageRecord> page = await database.Usage.ListAsync(s_time, s_time.AddSeconds(20), new PageRequest(15), default);
        Assert.True(page.HasMore);
        Page<UsageRecord> rest = await database.Usage.ListAsync(s_time, s_time.AddSeconds(20), new PageRequest(15, page.Items[^1].Id), default);
        Assert.Equal(20, page.Items.Concat(rest.Items).Select(record => record.Id).Distinct().Count());
    }

    [Fact]
    public async Task AuditAndLabels_Added_AreListedAsTheyWere()
    {
        await using Database database = await OpenAsync();
        var entry = new AuditEntry("audit_1", s_time, "cli", "key.created", "key_1", "{}");
        var label = new PreferenceLabel("label_1", s_time, null, "a", "b", "[]", "one", "two", "a");
        await database.Audit.AddAsync(entry, default);
        await database.Labels.AddAsync(label, default);
        Assert.Equal([entry], (await database.Audit.ListAsync(new PageRequest(5), default)).Items);
        Assert.Equal([label], (await database.Labels.ListAsync(new PageRequest(5), default)).Items);
        Assert.True(await database.Labels.DeleteAsync("label_1", default));
        Assert.False(await database.Labels.DeleteAsync("label_1", default));
    }

    [Fact]
    public async Task WriteAsync_ThatFails_LeavesNothing()
    {
        await using Database database = await OpenAsync();
        await Assert.ThrowsAsync<InvalidDataException>(() => database.WriteAsync(
            async session =>
            {
                await FileStore.InsertAsync(session, new StoredFile("file-1", "f", "batch", 1, s_time));
                throw new InvalidDataException("no");
            }, default));
        Assert.Null(await database.Files.FindAsync("file-1", default));
    }

    [Fact]
    public async Task ReadAndWrite_ByManyMoreThanThereAreConnections_AllHappen()
    {
        await using Database database = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(async () =>
        {
            var file = new StoredFile($"file-{i:D3}", "f", "batch", i, s_time);
            await database.Files.AddAsync(file, default);
            Assert.Equal(file, await database.Files.FindAsync(file.Id, default));
        })));
        Assert.Equal(100, (await database.Files.ListAsync(null, new PageRequest(1000), default)).Items.Count);
    }

    [Fact]
    public async Task OpenAsync_ManyAtOnceOnAnEmptyDatabase_MigratesOnce()
    {
        await OptionsAsync();
        Database[] all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(OpenAsync)));
        foreach (Database one in all)
        {
            Assert.Equal(1, await one.ReadAsync(session => session.CountAsync("SELECT COUNT(*) FROM schema_versions WHERE version = 1"), default));
        }
        foreach (Database one in all)
        {
            await one.DisposeAsync();
        }
    }

    [Fact]
    public async Task OpenAsync_OfANewerProgramsDatabase_Refuses()
    {
        await using (Database database = await OpenAsync())
        {
            await database.WriteAsync(session => session.ExecuteAsync("INSERT INTO schema_versions (version) VALUES (999)"), default);
        }
        DatabaseException wrong = await Assert.ThrowsAsync<DatabaseException>(OpenAsync);
        Assert.Contains("999", wrong.Message);
    }

    private static FineTuningJob Job(string id) => new()
    {
        Id = id,
        Created = s_time,
        Status = JobStatus.ValidatingFiles,
        Model = "tiny",
        Method = "supervised",
        Settings = "{}",
        TrainingFile = "file-1",
        Seed = 42,
    };
}
