using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors.Autograd;

namespace Foretell.Inference.Tests;

public sealed class PathSamplerTests : IClassFixture<EngineFixture>, IDisposable
{
    private readonly EngineFixture _fixture;
    private readonly PathHead _head;
    private readonly PathJudge _judge;

    public PathSamplerTests(EngineFixture fixture)
    {
        _fixture = fixture;
        _head = new PathHead(32, fixture.Device, training: false);
        Initialization.Normal(_head.Parameters[0], 0.3, 4);
        _head.Confidence.All[0].Value.CopyFrom([0.01f, 0.1f]);
        _judge = new PathJudge(fixture.Model, _head);
    }

    public void Dispose() => _head.Dispose();

    [Fact]
    public async Task SampleAsync_WithoutAThreshold_GivesWhatTheChoicesAre()
    {
        await using Engine engine = _fixture.NewEngine();
        GenerationResult choices = await engine.GenerateAsync(Request(3) with { Choices = 5 });
        IReadOnlyList<SampledPath> paths = await new PathSampler(engine, _fixture.Tokenizer, _judge).SampleAsync(Request(3), new PathOptions { Paths = 5 });
        Assert.Equal(choices.Answers.Select(answer => answer.Text), paths.Select(path => path.Text));
        Assert.All(paths, path => Assert.Equal(FinishReason.Length, path.Reason));
        Assert.Equal(choices.Usage.GeneratedTokens, paths.Sum(path => path.Tokens));
    }

    /// <summary>Every cut is where the judge, reading the whole path at once, first falls under the threshold; the same the second time.</summary>
    [Fact]
    public async Task SampleAsync_WithAThreshold_CutsWhereTheJudgeFallsUnderIt()
    {
        await using Engine engine = _fixture.NewEngine();
        var sampler = new PathSampler(engine, _fixture.Tokenizer, _judge);
        int cut = 0;
        for (ulong seed = 0; seed < 4; seed++)
        {
            IReadOnlyList<SampledPath> whole = await sampler.SampleAsync(Request(seed), new PathOptions { Paths = 6 });
            const double Threshold = 0.2;
            IReadOnlyList<SampledPath> paths = await sampler.SampleAsync(Request(seed), new PathOptions { Paths = 6, CutBelow = Threshold });
            IReadOnlyList<SampledPath> again = await sampler.SampleAsync(Request(seed), new PathOptions { Paths = 6, CutBelow = Threshold });
            Assert.Equal(paths.Select(path => (path.Text, path.Reason, path.Value, path.Tokens)), again.Select(path => (path.Text, path.Reason, path.Value, path.Tokens)));
            Assert.Contains(paths, path => path.Reason is not null);
            for (int i = 0; i < paths.Count; i++)
            {
                int[] ids = [.. whole[i].Ids];
                double[] values = [.. ThinkingSteps.Of(_fixture.Tokenizer, ids).Select(step => Value([.. Request(seed).Prompt.Span, .. ids[..step]]))];
                int at = Array.FindIndex(values, value => value < Threshold);
                if (paths[i].Reason is null)
                {
                    cut++;
                    Assert.Equal(ThinkingSteps.Of(_fixture.Tokenizer, ids)[at], paths[i].Ids.Count);
                    Assert.Equal(values[at], paths[i].Value!.Value, 1e-6);
                    Assert.Equal(ids[..paths[i].Ids.Count], paths[i].Ids);
                }
                else
                {
                    Assert.Equal(ids, paths[i].Ids);
                }
            }
        }
        Assert.InRange(cut, 1, 23);
        EngineStatistics statistics = await EngineFixture.Settled(engine);
        Assert.Equal(statistics.Blocks, statistics.FreeBlocks);
    }

    [Fact]
    public async Task SampleAsync_WhenAllWouldBeCut_WritesTheLikeliestToItsEnd()
    {
        await using Engine engine = _fixture.NewEngine();
        IReadOnlyList<SampledPath> paths = await new PathSampler(engine, _fixture.Tokenizer, _judge).SampleAsync(Request(1), new PathOptions { Paths = 4, CutBelow = 0.999999 });
        SampledPath whole = Assert.Single(paths, path => path.Reason is not null);
        Assert.Equal(90, whole.Ids.Count);
        Assert.True(whole.Tokens > 90, "what was drawn in vain counts");
    }

    [Fact]
    public async Task SampleAsync_WithAThresholdAndNoJudge_IsRefused()
    {
        await using Engine engine = _fixture.NewEngine();
        var sampler = new PathSampler(engine, _fixture.Tokenizer);
        Assert.Contains("needs a judge", (await Assert.ThrowsAsync<ArgumentException>(() => sampler.SampleAsync(Request(1), new PathOptions { CutBelow = 0.1 }))).Message, StringComparison.Ordinal);
        Assert.Contains("they are 0 and 0", (await Assert.ThrowsAsync<ArgumentException>(() => sampler.SampleAsync(Request(1), new PathOptions { Paths = 0 }))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { "7", "8", "8." }, 1)]
    [InlineData(new[] { "7", "8" }, 0)]
    [InlineData(new[] { "The  cat", "a dog", "the cat.", "a dog" }, 0)]
    public void Majority_OfAnswers_IsTheFirstOfThoseThatMostAgree(string[] answers, int expected)
    {
        Assert.Equal(expected, AnswerVote.Majority(answers));
        Assert.Equal(answers.Length - 1, AnswerVote.Weighted(answers[..^1].Append("other").ToArray(), [.. answers[..^1].Select(_ => 0.1), 9.0]));
    }

    /// <summary>Bytes that end steps often enough.</summary>
    private static GenerationRequest Request(ulong seed) => new()
    {
        Prompt = EngineFixture.Ids(seed, 12),
        IgnoresEndOfText = true,
        Sampling = new SamplingOptions { Seed = seed, MaximumTokens = 90, LogitBias = new Dictionary<int, double> { ['.'] = 5, [256] = -100 } },
    };

    private double Value(int[] ids, int prompt = 12)
    {
        using var tape = new Tape(_fixture.Device, recording: false);
        float score = _head.State.Forward(tape, _fixture.Model.Hidden(tape, TokenBatch.Single(ids))).ToArray()[^1];
        var confidence = default(PathConfidence);
        float[][] logProbabilities = _fixture.LogProbabilities(ids[..^1]);
        for (int i = prompt; i < ids.Length; i++)
        {
            confidence = confidence.With(logProbabilities[i - 1][ids[i]]);
        }
        return 1 / (1 + Math.Exp(-(score + _head.Score(confidence))));
    }
}
