using System.Text;
using System.Text.Json;
using Foretell.Server.FineTuning;
using Foretell.Server.FineTuning.Graders;
using Foretell.Server.Tests.Files;

namespace Foretell.Server.Tests.FineTuning;

/// <summary>The methods beside the supervised one, through the API to a model that answers.</summary>
public sealed class MethodsTests
{
    private const string Jobs = "/v1/fine_tuning/jobs";
    private const string Grader = """{"type":"string_check","name":"g","input":"{{ sample.output_text }}","reference":"{{ item.answer }}","operation":"like"}""";

    [Fact]
    public async Task Dpo_OfPairs_LearnsToPreferTheChosenAnswer()
    {
        await using RunningServer server = await StartAsync();
        const string Pair = """{"input":{"messages":[{"role":"user","content":"Which N?"}]},"preferred_output":[{"role":"assistant","content":"Rome."}],"non_preferred_output":[{"role":"assistant","content":"Oslo."}]}""";
        string file = await UploadAsync(server, string.Concat(Enumerable.Range(0, 8).Select(i => Pair.Replace("N", $"{i}") + "\n")));
        JsonElement job = await RunAsync(server, $$"""{"model":"tiny","training_file":"{{file}}","method":{"type":"dpo","dpo":{"hyperparameters":{"n_epochs":2,"batch_size":2,"beta":0.2,"learning_rate_multiplier":10} } } }""");
        Assert.True(job.GetProperty("status").GetString() == "succeeded", job.ToString());
        Assert.Equal(0.2, job.GetProperty("method").GetProperty("dpo").GetProperty("hyperparameters").GetProperty("beta").GetDouble());
        Assert.False(job.TryGetProperty("hyperparameters", out _));
        Assert.True(job.GetProperty("trained_tokens").GetInt64() > 0);
        double[] losses = await LossesAsync(server, job, "train_loss");
        Assert.Equal(8, losses.Length);
        Assert.True(losses[^1] < losses[0] / 2, string.Join(", ", losses));
        (int status, JsonElement answer) = await server.PostAsync("/v1/chat/completions", $$"""{"model":"{{job.GetProperty("fine_tuned_model").GetString()}}","max_completion_tokens":4,"messages":[{"role":"user","content":"Which?"}]}""");
        Assert.True(status == 200, answer.ToString());
    }

    [Fact]
    public async Task Reinforcement_WithAStringCheck_RunsToAModelWithItsRewards()
    {
        await using RunningServer server = await StartAsync();
        string file = await UploadAsync(server, string.Concat(Enumerable.Repeat("""{"messages":[{"role":"user","content":"Say a."}],"answer":"a"}""" + "\n", 4)));
        JsonElement job = await RunAsync(server, $$"""
            {"model":"tiny","training_file":"{{file}}","validation_file":"{{file}}","method":{"type":"reinforcement","reinforcement":{"grader":{{Grader}},
             "hyperparameters":{"n_epochs":2,"batch_size":2,"compute_multiplier":0.5,"eval_interval":2,"eval_samples":2} } } }
            """);
        Assert.True(job.GetProperty("status").GetString() == "succeeded", job.ToString());
        double[] rewards = await LossesAsync(server, job, "train_mean_reward");
        Assert.Equal(4, rewards.Length);
        Assert.All(rewards, reward => Assert.InRange(reward, 0, 1));
        Assert.NotEmpty(await LossesAsync(server, job, "valid_mean_reward"));
        Assert.True(job.GetProperty("trained_tokens").GetInt64() > 0);
    }

    [Theory]
    [InlineData("dpo", """{"input":{"messages":[{"role":"user","content":"a"}]},"preferred_output":[{"role":"assistant","content":"b"}]}""", "no field \"non_preferred_output\"")]
    [InlineData("dpo", """{"prompt":"a","chosen":"b","rejected":"c"}""", "no object \"input\"")]
    [InlineData("reinforcement", """{"messages":[{"role":"user","content":"a"}]}""", "no field \"answer\"")]
    [InlineData("reinforcement", """{"messages":[{"role":"assistant","content":"a"}],"answer":"b"}""", "ends with a message of the assistant")]
    public async Task Validation_OfAnExampleForAMethod_SaysWhatItLacks(string method, string example, string expected)
    {
        await using RunningServer server = await StartAsync();
        string file = await UploadAsync(server, example + "\n");
        string settings = method == "dpo" ? "{}" : $$"""{"grader":{{Grader}} }""";
        JsonElement job = await RunAsync(server, $$"""{"model":"tiny","training_file":"{{file}}","method":{"type":"{{method}}","{{method}}":{{settings}} } }""");
        Assert.Equal("failed", job.GetProperty("status").GetString());
        string message = job.GetProperty("error").GetProperty("message").GetString()!;
        Assert.Contains("line 1: ", message);
        Assert.Contains(expected, message);
    }

    [Theory]
    [InlineData("eq", "rome", "Rome", 0)]
    [InlineData("eq", "Rome", "Rome", 1)]
    [InlineData("ne", "Rome", "Rome", 0)]
    [InlineData("like", "It is Rome.", "Rome", 1)]
    [InlineData("like", "It is rome.", "Rome", 0)]
    [InlineData("ilike", "It is rome.", "Rome", 1)]
    public void StringCheck_OfAnAnswer_IsOneOrNothing(string operation, string answer, string reference, double expected)
    {
        StringCheckGrader grader = StringCheckGrader.Read(System.Text.Json.Nodes.JsonNode.Parse($$"""{"type":"string_check","name":"g","input":"{{"{{sample.output_text}}"}}","reference":"{{"{{ item.to.city }}"}}","operation":"{{operation}}"}"""));
        using JsonDocument example = JsonDocument.Parse($$"""{"to":{"city":"{{reference}}"} }""");
        Assert.Equal(expected, grader.Grade(example.RootElement, answer));
    }

    [Theory]
    [InlineData("""{"type":"python","name":"g","source":"x"}""", "method.reinforcement.grader")]
    [InlineData("""{"type":"string_check","name":"g","input":"{{ sample.x }}","reference":"a","operation":"eq"}""", "method.reinforcement.grader.input")]
    [InlineData("""{"type":"string_check","name":"g","input":"{{ sample.output_text","reference":"a","operation":"eq"}""", "method.reinforcement.grader.input")]
    [InlineData("""{"type":"string_check","name":"g","input":"a","reference":"a","operation":"near"}""", "method.reinforcement.grader.operation")]
    [InlineData("""{"type":"string_check","name":"g","input":"a","reference":"a","operation":"eq","weight":1}""", "method.reinforcement.grader.weight")]
    public void StringCheck_ThatCannotBe_NamesTheParameter(string grader, string parameter)
    {
        ApiException wrong = Assert.Throws<ApiException>(() => StringCheckGrader.Read(System.Text.Json.Nodes.JsonNode.Parse(grader)));
        Assert.Equal(parameter, wrong.Parameter);
    }

    private static Task<RunningServer> StartAsync() => RunningServer.StartAsync(
        options =>
        {
            // The default template ends turns with a token of its own, as learning to end them needs.
            File.Delete(Path.Combine(options.Models["tiny"], "chat_template.jinja"));
            return options with { FineTuning = new FineTuningOptions { Threads = 1 } };
        }, context: 128);

    private static async Task<string> UploadAsync(RunningServer server, string lines) =>
        (await FilesEndpointTests.UploadAsync(server, Encoding.UTF8.GetBytes(lines), "t.jsonl", "fine-tune")).Body.GetProperty("id").GetString()!;

    private static async Task<JsonElement> RunAsync(RunningServer server, string request)
    {
        (int status, JsonElement job) = await server.PostAsync(Jobs, request);
        Assert.True(status == 200, job.ToString());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (job.GetProperty("status").GetString() is not ("succeeded" or "failed"))
        {
            await Task.Delay(30, limit.Token);
            job = (await server.GetAsync($"{Jobs}/{job.GetProperty("id").GetString()}")).Body;
        }
        return job;
    }

    /// <summary>A metric of the job's steps, oldest first.</summary>
    private static async Task<double[]> LossesAsync(RunningServer server, JsonElement job, string name)
    {
        (_, JsonElement events) = await server.GetAsync($"{Jobs}/{job.GetProperty("id").GetString()}/events?limit=100&order=asc");
        return [.. events.GetProperty("data").EnumerateArray().Where(one => one.GetProperty("type").GetString() == "metrics" && one.GetProperty("data").TryGetProperty(name, out _)).Select(one => one.GetProperty("data").GetProperty(name).GetDouble())];
    }
}
