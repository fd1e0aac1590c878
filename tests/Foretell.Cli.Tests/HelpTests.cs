namespace Foretell.Cli.Tests;

public class HelpTests
{
    [Fact]
    public void Help_OfTheRoot_ListsEveryVerb()
    {
        string help = CommandRun.Of("--help").Succeeded().Text;
        foreach (string verb in new[] { "quickstart", "tokenizer", "data", "pretrain", "sft", "reward", "dpo", "grpo", "ppo", "teach", "value", "evaluate", "compress", "decompress", "generate", "chat", "serve", "bench" })
        {
            Assert.Contains($"\n  {verb} ", help, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Help_OfEveryVerb_HasAnExample()
    {
        string[][] verbs =
        [
            ["tokenizer", "train"], ["tokenizer", "encode"], ["tokenizer", "decode"], ["data", "prepare"], ["data", "show"], ["data", "problems"], ["data", "doubt"], ["data", "preferences"],
            ["pretrain"], ["sft"], ["reward"], ["reward", "score"], ["dpo"], ["grpo"], ["ppo"], ["teach", "revise"], ["teach", "compare"], ["value"], ["evaluate"],
            ["compress"], ["decompress"], ["generate"], ["chat"], ["serve"], ["bench", "matmul"], ["bench", "train"], ["bench", "tokenize"], ["bench", "generate"],
        ];
        foreach (string[] verb in verbs)
        {
            Assert.Contains("Example: foretell " + string.Join(' ', verb), CommandRun.Of([.. verb, "--help"]).Succeeded().Text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnUnknownVerbOrOption_ExitsWith2AndPointsToTheHelp()
    {
        CommandRun run = CommandRun.Of("pretrian");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("'pretrian'", run.Error, StringComparison.Ordinal);
        Assert.Contains("foretell --help", run.Error, StringComparison.Ordinal);
        run = CommandRun.Of("tokenizer", "encode", "--inptu", "x");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("foretell tokenizer encode --help", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }
}
