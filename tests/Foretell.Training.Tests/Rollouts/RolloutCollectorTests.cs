using Foretell.Tensors;

namespace Foretell.Training.Tests;

public sealed class RolloutCollectorTests
{
    private static readonly RolloutPrompt[] Prompts = [TinyPolicy.Prompt("a"), TinyPolicy.Prompt("two words"), TinyPolicy.Prompt("c?")];

    [Theory]
    [InlineData(1, 128)]
    [InlineData(2, 3)]
    public void Collect_WhateverTheScheduling_GivesTheSameBitsAsTheSequencesInTraining(int threads, int concurrency)
    {
        using Device device = TinyPolicy.Device(threads);
        using TrainedModel model = TinyPolicy.Model(device, deviation: 0.3);
        var collector = new RolloutCollector(model.Transformer, model.Tokenizer, model.Generation.EndIds);
        var options = new RolloutOptions { Samples = 8, MaximumTokens = 40, Concurrency = concurrency };
        IReadOnlyList<IReadOnlyList<Rollout>> groups = collector.Collect(Prompts, options, seed: 5);
        Assert.Equal([8, 8, 8], groups.Select(group => group.Count));
        Rollout[] all = [.. groups.SelectMany(group => group)];
        Assert.Contains(all, rollout => rollout.EndedByItself);
        Assert.Contains(all, rollout => !rollout.EndedByItself);
        IReadOnlyList<float[]> trained = SequenceGradient.LogProbabilities(model.Transformer, [.. all.Select(rollout => rollout.Ids)]);
        for (int i = 0; i < all.Length; i++)
        {
            Assert.Same(Prompts[i / 8], all[i].Prompt);
            Assert.Equal(all[i].EndedByItself, all[i].Answer[^1] == TinyPolicy.EndOfText);
            Assert.True(all[i].EndedByItself || all[i].Answer.Length == 40);
            Assert.Equal(all[i].LogProbabilities, trained[i][all[i].First..]);
        }
        Assert.Equal(Text(all), Text([.. collector.Collect(Prompts, options with { Concurrency = 128 }, seed: 5).SelectMany(group => group)]));
        Assert.NotEqual(Text(all), Text([.. collector.Collect(Prompts, options, seed: 6).SelectMany(group => group)]));

        static int[][] Text(Rollout[] rollouts) => [.. rollouts.Select(rollout => rollout.Answer)];
    }

    [Fact]
    public void Collect_AfterAChangeOfWeights_IsThatOfTheNewWeights()
    {
        using Device device = TinyPolicy.Device();
        using TrainedModel model = TinyPolicy.Model(device, deviation: 0.3);
        var collector = new RolloutCollector(model.Transformer, model.Tokenizer, model.Generation.EndIds);
        var options = new RolloutOptions { Samples = 2, MaximumTokens = 10 };
        float[] before = collector.Collect(Prompts, options, 1)[0][0].LogProbabilities;
        using (var optimizer = new Nn.Optimizers.AdamW(device, model.Parameters, new Nn.Optimizers.AdamWOptions()))
        {
            model.Transformer.Parameters.ClearGradients();
            SequenceGradient.Run(model.Transformer, [[[1, 2, 3]]], (_, _, derivatives) => derivatives[0].AsSpan().Fill(-1));
            optimizer.Step(0, 1, 1);
        }
        Rollout after = collector.Collect(Prompts, options, 1)[0][0];
        Assert.NotEqual(before, after.LogProbabilities);
        Assert.Equal(SequenceGradient.LogProbabilities(model.Transformer, [after.Ids])[0][after.First..], after.LogProbabilities);
    }

    [Fact]
    public void Collect_OfAPromptThatFillsTheContext_SaysWhich()
    {
        using Device device = TinyPolicy.Device();
        using TrainedModel model = TinyPolicy.Model(device);
        var collector = new RolloutCollector(model.Transformer, model.Tokenizer, model.Generation.EndIds);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => collector.Collect([Prompts[0], TinyPolicy.Prompt(new string('x', 200))], new RolloutOptions(), 1));
        Assert.Contains("Prompt 1 has", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Collect_WhenCancelled_Throws()
    {
        using Device device = TinyPolicy.Device();
        using TrainedModel model = TinyPolicy.Model(device);
        var collector = new RolloutCollector(model.Transformer, model.Tokenizer, model.Generation.EndIds);
        Assert.ThrowsAny<OperationCanceledException>(() => collector.Collect(Prompts, new RolloutOptions(), 1, new CancellationToken(canceled: true)));
    }
}
