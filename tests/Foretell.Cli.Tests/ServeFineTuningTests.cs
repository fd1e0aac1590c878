using System.Text;
using System.Text.Json;
using BytesModel = Foretell.Server.Tests.TinyModel;

namespace Foretell.Cli.Tests;

/// <summary>A fine-tuning job of the real service, killed and taken up again.</summary>
public sealed class ServeFineTuningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Job_KilledInItsMiddleAndTakenUp_EndsInTheSameModel()
    {
        string model = BytesModel.Write(_folder.File("tiny"), context: 256);
        // The default template ends turns with a token of its own, as learning to end them needs.
        File.Delete(Path.Combine(model, "chat_template.jinja"));
        string whole, killed;
        using (ServedProcess server = await ServedProcess.StartAsync(model, _folder.File("whole")))
        {
            whole = await CreateAsync(server);
            Assert.Equal("succeeded", (await server.WaitAsync(whole)).GetProperty("status").GetString());
        }
        using (ServedProcess server = await ServedProcess.StartAsync(model, _folder.File("killed")))
        {
            killed = await CreateAsync(server);
            await server.WaitAsync(killed, step: 20);
            server.Kill();
        }
        using (ServedProcess server = await ServedProcess.StartAsync(model, _folder.File("killed")))
        {
            await server.WaitAsync(killed, step: 50);
            server.Kill();
        }
        using (ServedProcess server = await ServedProcess.StartAsync(model, _folder.File("killed")))
        {
            JsonElement job = await server.WaitAsync(killed);
            Assert.True(job.GetProperty("status").GetString() == "succeeded", job.ToString());
            string name = job.GetProperty("fine_tuned_model").GetString()!;
            (int status, JsonElement answer) = await server.PostAsync("/v1/chat/completions", $$"""{"model":"{{name}}","temperature":0,"max_completion_tokens":40,"messages":[{"role":"user","content":"Which city?"}]}""");
            Assert.True(status == 200, answer.ToString());
            Assert.Equal("Rome.", answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
            JsonElement events = await server.GetAsync($"/v1/fine_tuning/jobs/{killed}/events?limit=100");
            Assert.Equal(2, events.GetProperty("data").EnumerateArray().Count(one => one.GetProperty("message").GetString()!.Contains("goes on from its last checkpoint", StringComparison.Ordinal)));
        }
        Assert.Equal(Weights("whole", whole), Weights("killed", killed));
    }

    private static async Task<string> CreateAsync(ServedProcess server)
    {
        string[] cities = ["Rome", "Oslo", "Bern"];
        string lines = string.Concat(Enumerable.Range(0, 12).Select(i =>
            $$"""{"messages":[{"role":"user","content":"{{(i % 2 == 0 ? "Which city?" : $"Say {i}.")}}"},{"role":"assistant","content":"{{(i % 2 == 0 ? "Rome" : cities[i % 3])}}."}]}""" + "\n"));
        string file = await server.UploadAsync(Encoding.UTF8.GetBytes(lines), "lessons.jsonl", "fine-tune") ?? throw new IOException("not uploaded");
        (int status, JsonElement job) = await server.PostAsync("/v1/fine_tuning/jobs", $$"""
            {"model":"tiny","training_file":"{{file}}","seed":5,"hyperparameters":{"n_epochs":24,"batch_size":3,"learning_rate_multiplier":1} }
            """);
        Assert.True(status == 200, job.ToString());
        return job.GetProperty("id").GetString()!;
    }

    private byte[] Weights(string data, string job) => File.ReadAllBytes(Path.Combine(_folder.File(data), "jobs", job, "run", "model", "model.safetensors"));
}
