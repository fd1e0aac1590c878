using System.Text.Json.Nodes;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Cli.Tests;

public sealed class ReinforcementCommandTests : IDisposable
{
    private static readonly string[] s_small = ["--threads", "1", "--set", "steps=3", "promptsPerStep=2", "samples=2", "maximumTokens=6", "evaluationProblems=2", "evaluateEvery=2", "checkpointEvery=1"];

    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public ReinforcementCommandTests() => _model = TinyModel.Save(_folder.File("base"), context: 128);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Grpo_OfAnEnvironment_LeavesAModelAReportAndItsNumbers()
    {
        string run = _folder.File("grpo");
        CommandRun trained = CommandRun.Of(["grpo", "--model", _model, "--environment", "arithmetic:1", "--out", run, "--json", .. s_small]).Succeeded();
        JsonNode result = JsonNode.Parse(trained.Text)!;
        Assert.Equal(3, (int)result["steps"]!);
        Assert.Equal(0, (double)result["last"]!["mismatch"]!);
        Assert.Contains("arithmetic:1", File.ReadAllText(Path.Combine(run, "report.html")), StringComparison.Ordinal);
        Assert.Contains("calendar:1", File.ReadAllText(Path.Combine(run, "metrics.jsonl")), StringComparison.Ordinal);
        // What was trained is a model like any other.
        CommandRun.Of("generate", run, "--prompt", "User: 1", "--max-tokens", "3", "--threads", "1").Succeeded();

        CommandRun again = CommandRun.Of(["grpo", "--model", _model, "--environment", "arithmetic:1", "--out", run, .. s_small]);
        Assert.Equal(2, again.ExitCode);
        Assert.Contains("--resume", again.Error, StringComparison.Ordinal);
        // A finished run goes on to its end at once, and nothing need be said again.
        CommandRun.Of("grpo", "--out", run, "--resume", "--threads", "1").Succeeded();
        Assert.Contains("holds a run of grpo", CommandRun.Of("ppo", "--out", run, "--resume").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Ppo_OfPromptsAndARewardModel_ComparesWithTheFirstModel()
    {
        string reward = _folder.File("reward");
        using (Device device = CpuDevice.Create(threads: 1))
        using (PretrainedModel model = PretrainedModel.Load(_model, device))
        {
            var transformer = new Transformer(model.Transformer.Config, device, training: false);
            transformer.Initialize(5);
            var head = new ScalarHead(transformer.Config.Channels, device, training: false);
            Initialization.Normal(head.Parameters.All[0], 1, 3);
            using var scorer = new RewardModel(transformer, head, model.Tokenizer, Foretell.Tokenizers.ChatTemplate.Default(model.Tokenizer), model.Generation);
            scorer.Save(reward);
        }
        string prompts = _folder.File("prompts.jsonl");
        File.WriteAllLines(prompts, ["{\"prompt\":\"a?\"}", "{\"prompt\":\"b?\"}", "{\"prompt\":\"c?\"}"]);
        string run = _folder.File("ppo");
        JsonNode result = JsonNode.Parse(CommandRun.Of(["ppo", "--model", _model, "--reward", reward, "--prompts", prompts, "--evaluation-prompts", prompts, "--out", run, "--json", .. s_small]).Succeeded().Text)!;
        Assert.InRange((double)result["last"]!["winRate"]!, 0, 1);
        Assert.NotNull(result["last"]!["reward.reward"]);
        Assert.NotNull(result["last"]!["explainedVariance"]);
        Assert.True(File.Exists(Path.Combine(run, "model", "tokenizer.json")));
    }

    [Theory]
    [InlineData("needs --model", "grpo", "--environment", "sorting:1")]
    [InlineData("either environments", "grpo", "--model", "MODEL")]
    [InlineData("never trained on", "grpo", "--model", "MODEL", "--environment", "calendar")]
    [InlineData("no environment \"chess\"", "ppo", "--model", "MODEL", "--environment", "chess")]
    [InlineData("have no verifier", "ppo", "--model", "MODEL", "--prompts", "PROMPTS")]
    [InlineData("not a reward model", "ppo", "--model", "MODEL", "--prompts", "PROMPTS", "--reward", "MODEL", "--set", "maximumTokens=6")]
    [InlineData("no setting \"sample\"", "grpo", "--model", "MODEL", "--environment", "sorting:1", "--set", "sample=3")]
    [InlineData("There is no recipe", "grpo", "nowhere.json", "--model", "MODEL")]
    public void BadInput_IsOneSentenceAndLeavesNothing(string part, params string[] arguments)
    {
        string prompts = _folder.File("prompts.jsonl");
        File.WriteAllText(prompts, "{\"prompt\":\"a?\"}");
        CommandRun run = CommandRun.Of([.. arguments.Select(argument => argument switch { "MODEL" => _model, "PROMPTS" => prompts, _ => argument }), "--out", _folder.File("run"), "--threads", "1"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(part, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Trim().Split('\n'));
        Assert.False(Directory.Exists(_folder.File("run")));
    }
}
