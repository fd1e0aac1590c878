using Foretell.Nn.Optimizers;
using Foretell.Tensors;

namespace Foretell.Training.Tests;

/// <summary>Small things to learn from rewards.</summary>
internal static class TinyTasks
{
    /// <summary>A bandit with two contexts: to "low" the answer's one byte is wanted below 64, to "high" at 192 or above. A policy that knows nothing is right one time in four.</summary>
    public static ReinforcementTask Bandit() => new(new Prompts(), new RewardSum((new ByteReward(), 1)));

    /// <summary>Twice a digit, modulo ten.</summary>
    public static ReinforcementTask Doubling(int level = 1) => new(
        new EnvironmentPrompts([new(new Doubling(), level)], TinyPolicy.Template, TinyPolicy.Tokenizer, seed: 1),
        new RewardSum((new VerdictReward([new Doubling()]), 1)));

    /// <summary>Teaches what an answer looks like (a digit, and the end) from examples of which few are right.</summary>
    /// <param name="right">Share of the examples with the right digit; the others' are drawn by lot.</param>
    public static void TeachDigits(TrainedModel model, double right = 0.4, int steps = 400)
    {
        using var optimizer = new AdamW(model.Device, model.Parameters, new AdamWOptions { LearningRate = 5e-3, WeightDecay = 0 });
        var random = new SeededRandom(11);
        for (int step = 0; step < steps; step++)
        {
            var sequences = new List<IReadOnlyList<int[]>>();
            for (int i = 0; i < 16; i++)
            {
                int number = random.NextInt(10);
                int answer = random.NextDouble() < right ? 2 * number % 10 : random.NextInt(10);
                sequences.Add([[.. TinyPolicy.Prompt(((char)('0' + number)).ToString()).Ids, '0' + answer, TinyPolicy.EndOfText]]);
            }
            model.Transformer.Parameters.ClearGradients();
            SequenceGradient.Run(model.Transformer, sequences, (_, _, derivatives) => derivatives[0].AsSpan(^2).Fill(-1f / 32));
            optimizer.Step(step, 1 - (step / (double)steps), 1);
        }
    }

    private sealed class Prompts : IPromptSource
    {
        private static readonly RolloutPrompt[] s_prompts = [TinyPolicy.Prompt("low"), TinyPolicy.Prompt("high")];

        public string Identity => "low or high";

        public RolloutPrompt At(long index) => s_prompts[index % 2];
    }

    private sealed class ByteReward : IReward
    {
        public string Name => "byte";

        public double[] Score(IReadOnlyList<Rollout> rollouts) =>
            [.. rollouts.Select(rollout => rollout.Prompt.Messages[0].Content == "low" ? rollout.Answer[0] < 64 : rollout.Answer[0] is >= 192 and < 256).Select(isRight => isRight ? 1.0 : 0)];
    }
}

/// <summary>Calls back on the caller's thread.</summary>
internal sealed class StepReports(Action<ReinforcementProgress> report) : IProgress<ReinforcementProgress>
{
    public void Report(ReinforcementProgress value) => report(value);
}
