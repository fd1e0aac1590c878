// OpenAI marks its fine-tuning client as subject to change.
#pragma warning disable OPENAI001
using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Files;
using OpenAI.FineTuning;

namespace Foretell.Server.Tests.FineTuning;

/// <summary>A whole fine-tuning by the official client: upload, job, events, and the model answers by its name.</summary>
public sealed class FineTuningClientTests
{
    [Fact]
    public async Task Supervised_ByTheOfficialClient_EndsInAModelThatHasLearned()
    {
        await using RunningServer server = await StartAsync();
        var options = new OpenAIClientOptions { Endpoint = new Uri(server.Address, "/v1") };
        var key = new ApiKeyCredential("none");
        var files = new OpenAIFileClient(key, options);
        OpenAIFile file = await files.UploadFileAsync(BinaryData.FromString(Lessons("Which city?", "Rome.")), "lessons.jsonl", FileUploadPurpose.FineTune);
        OpenAIFile validation = await files.UploadFileAsync(BinaryData.FromString(Lessons("Which city?", "Rome.", 2)), "check.jsonl", FileUploadPurpose.FineTune);
        var client = new FineTuningClient(key, new FineTuningClientOptions { Endpoint = options.Endpoint });
        FineTuningJob job = await client.FineTuneAsync("tiny", file.Id, waitUntilCompleted: false, new FineTuningOptions
        {
            Suffix = "cities",
            Seed = 3,
            ValidationFile = validation.Id,
            TrainingMethod = FineTuningTrainingMethod.CreateSupervised(epochCount: 10, batchSize: 2, learningRate: 1.0),
        });
        await UntilOverAsync(job);
        Assert.Equal(FineTuningStatus.Succeeded, job.Status);
        Assert.Matches("^ft:tiny:cities:", job.Value);
        Assert.Equal(10, Assert.IsType<HyperparametersForSupervised>(job.MethodHyperparameters).EpochCount);
        // Read by hand: the client leaves its own count at nothing.
        Assert.True((await server.GetAsync($"/v1/fine_tuning/jobs/{job.JobId}")).Body.GetProperty("trained_tokens").GetInt64() > 1000);

        List<FineTuningEvent> events = await job.GetEventsAsync(new GetEventsOptions { PageSize = 7 }).ToListAsync();
        Assert.Contains("successfully completed", events[0].Message);
        Assert.True(events.Count > 20);
        Assert.Equal([job.JobId], (await client.GetJobsAsync().ToListAsync()).Select(one => one.JobId));
        string[] table = Encoding.UTF8.GetString((await files.DownloadFileAsync(job.ResultFileIds[0])).Value).TrimEnd().Split('\n');
        Assert.Contains("train_loss", table[0]);
        Assert.Contains("valid_loss", table[0]);

        var chat = new ChatClient(job.Value, key, options);
        ChatCompletion answer = await chat.CompleteChatAsync([new UserChatMessage("Which city?")], new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 40 });
        Assert.Equal("Rome.", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);

        // What was made can be trained further, and keeps the name of its own base.
        FineTuningJob next = await client.FineTuneAsync(job.Value, file.Id, waitUntilCompleted: false, new FineTuningOptions { TrainingMethod = FineTuningTrainingMethod.CreateSupervised(epochCount: 1) });
        await UntilOverAsync(next);
        Assert.Matches("^ft:tiny::", next.Value);
    }

    [Fact]
    public async Task Supervised_OfABadFile_FailsWithLineNumbers()
    {
        await using RunningServer server = await StartAsync();
        var options = new OpenAIClientOptions { Endpoint = new Uri(server.Address, "/v1") };
        string text = Lessons("a", "b", 1) + """{"messages":[{"role":"user","content":"no answer"}]}""" + "\n" + """{"messages":[{"role":"king","content":"x"}]}""" + "\n";
        OpenAIFile file = await new OpenAIFileClient(new ApiKeyCredential("none"), options).UploadFileAsync(BinaryData.FromString(text), "bad.jsonl", FileUploadPurpose.FineTune);
        var client = new FineTuningClient(new ApiKeyCredential("none"), new FineTuningClientOptions { Endpoint = options.Endpoint });
        FineTuningJob job = await client.FineTuneAsync("tiny", file.Id, waitUntilCompleted: false);
        await UntilOverAsync(job);
        Assert.Equal(FineTuningStatus.Failed, job.Status);
        JsonElement error = (await server.GetAsync($"/v1/fine_tuning/jobs/{job.JobId}")).Body.GetProperty("error");
        Assert.Equal("invalid_training_file", error.GetProperty("code").GetString());
        Assert.Contains("line 2: ", error.GetProperty("message").GetString());
        Assert.Contains("line 3: ", error.GetProperty("message").GetString());
        Assert.DoesNotContain("line 1: ", error.GetProperty("message").GetString());
    }

    private static Task<RunningServer> StartAsync() => RunningServer.StartAsync(
        options =>
        {
            // The default template ends turns with a token of its own, as learning to end them needs.
            File.Delete(Path.Combine(options.Models["tiny"], "chat_template.jinja"));
            return options with { FineTuning = new Server.FineTuning.FineTuningOptions { Threads = 1 } };
        }, context: 256);

    private static string Lessons(string question, string answer, int count = 12) =>
        string.Concat(Enumerable.Repeat(JsonSerializer.Serialize(new { messages = new[] { new { role = "user", content = question }, new { role = "assistant", content = answer } } }) + "\n", count));

    private static async Task UntilOverAsync(FineTuningJob job)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (job.Status.InProgress)
        {
            await Task.Delay(50, limit.Token);
            await job.UpdateStatusAsync(limit.Token);
        }
    }
}
