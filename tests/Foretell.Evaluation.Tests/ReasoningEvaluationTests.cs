using Foretell.Inference;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;
using Foretell.World;
using Foretell.World.Environments;

namespace Foretell.Evaluation.Tests;

public sealed class ReasoningEvaluationTests : IDisposable
{
    private readonly Device _device = CpuDevice.Create(threads: 1, precision: DType.Float32);
    private readonly ByteTokenizer _tokenizer = new();
    private readonly Transformer _model;

    public ReasoningEvaluationTests()
    {
        _model = new Transformer(new TransformerConfig { VocabularySize = 257, ContextLength = 128, Layers = 1, Channels = 32, Heads = 2, KeyValueHeads = 2, HeadSize = 16, HiddenChannels = 64 }, _device, training: false);
        _model.Initialize(1);
    }

    public void Dispose()
    {
        _model.Dispose();
        _device.Dispose();
    }

    /// <summary>What a model says at random is right as often as its environment says, whatever the budget; the budgets hold, and the votes count what they should.</summary>
    [Fact]
    public async Task RunAsync_OfARandomModel_CountsWhatItSays()
    {
        using var engine = new Engine(_model, _tokenizer, new EngineOptions { CacheTokens = 2048 });
        var template = ChatTemplate.Parse("{{ messages[0].content }}{% if add_generation_prompt %}<think>{% endif %}");
        var evaluation = new ReasoningEvaluation(engine, _tokenizer, template);
        var asked = new ReasoningOptions { Environments = [(new Even(), 1)], Problems = 60, Budgets = [0, 7], Samples = 4, MaximumTokens = 40 };
        IReadOnlyList<ReasoningScore> scores = await evaluation.RunAsync(asked);
        Assert.Equal([(0, 1), (0, 2), (0, 4), (7, 1), (7, 2), (7, 4)], scores.Select(score => (score.Budget!.Value, score.Samples)));
        Assert.All(scores, score => Assert.Equal(("even:1", 60), (score.Environment, score.Right.Trials)));
        Assert.All(scores, score => Assert.InRange(score.Right.Share, 0.25, 0.75));
        Assert.All(scores, score => Assert.InRange(score.ThinkingTokens, (score.Budget!.Value - 1) * score.Samples, (score.Budget.Value + 3) * score.Samples));
        Assert.All(scores.Where(score => score.Samples == 1), score => Assert.Equal(1, score.Agreement));
        Assert.Equal(scores, await evaluation.RunAsync(asked));
    }

    [Fact]
    public async Task RunAsync_WithAJudge_CountsWhatItCut()
    {
        using var engine = new Engine(_model, _tokenizer, new EngineOptions { CacheTokens = 2048 });
        using var head = new PathHead(32, _device, training: false);
        var template = ChatTemplate.Parse("{{ messages[0].content }}");
        var evaluation = new ReasoningEvaluation(engine, _tokenizer, template, new PathJudge(_model, head));
        // A head that has learned nothing says one half to everything: all paths are given up at their first step, and one is written after all.
        IReadOnlyList<ReasoningScore> scores = await evaluation.RunAsync(new ReasoningOptions { Environments = [(new Even(), 1)], Problems = 30, Samples = 4, MaximumTokens = 90, CutBelow = 0.6 });
        ReasoningScore whole = scores.Single(score => score is { Choice: AnswerChoice.Vote, Samples: 4 });
        ReasoningScore cut = scores.Single(score => score is { Choice: AnswerChoice.VoteAfterCutting, Samples: 4 });
        Assert.True(cut.Tokens < whole.Tokens, $"{cut.Tokens} tokens with cutting, {whole.Tokens} without");
        Assert.Equal(2 * 3, scores.Count(score => score.Choice is AnswerChoice.VoteAfterCutting or AnswerChoice.WeightedVoteAfterCutting));
        // One path and nothing to fall back on: it is drawn again, and answers as it would have.
        Assert.Equal(scores.Single(score => score is { Choice: AnswerChoice.Vote, Samples: 1 }).Right, scores.Single(score => score is { Choice: AnswerChoice.VoteAfterCutting, Samples: 1 }).Right);
    }

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(10, 129, 0)]
    [InlineData(10, 1, -1)]
    public void Validate_OfWhatCannotBe_SaysTheNumbers(int problems, int samples, int budget) =>
        Assert.Contains(FormattableString.Invariant($"{problems} problems, {samples} samples"), Assert.Throws<ArgumentException>(() => new ReasoningOptions { Environments = [(new Even(), 1)], Problems = problems, Samples = samples, Budgets = [budget] }.Validate()).Message, StringComparison.Ordinal);

    private sealed class Even : IEnvironment
    {
        public string Name => "even";

        public string Description => "Anything of an even length.";

        public int Levels => 1;

        public Problem Generate(ulong seed, int level, WorldSplit split) => new(Name, level, FormattableString.Invariant($"Number {seed % 1000}."), "", "");

        public Verdict Verify(Problem problem, string answer) => new(answer.Length % 2 == 0);
    }
}
