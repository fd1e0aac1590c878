using Foretell.Data;
using Foretell.Inference;

namespace Foretell.Training;

/// <summary>A question that the model answered.</summary>
/// <param name="Question">The conversation before the answer, as the model read it.</param>
/// <param name="Wanted">The answer in the data.</param>
/// <param name="Given">The model's.</param>
/// <param name="Ended">Whether the model ended its turn itself.</param>
/// <param name="Tokens">The given answer's, the end included.</param>
public sealed record ExaminedAnswer(string Question, string Wanted, string Given, bool Ended, int Tokens);

/// <summary>Lets a model answer what conversations ask, to see whether its answers end, and whether they are those of the data.</summary>
public static class AnswerExam
{
    /// <summary>Asks the first turn of each example that counts.</summary>
    /// <param name="examples">Those whose question leaves no room for <paramref name="answerTokens"/> in the model's context are passed over.</param>
    /// <param name="most">Questions asked at most: the first ones.</param>
    /// <param name="answerTokens">The most tokens of an answer.</param>
    /// <param name="temperature">0 takes the likeliest token each time; 1 draws from the model's own distribution, the same draws each time.</param>
    public static IReadOnlyList<ExaminedAnswer> Run(TrainedModel model, IReadOnlyList<ChatExample> examples, int most, int answerTokens, double temperature = 0, CancellationToken cancellation = default)
    {
        (ChatExample Example, int First)[] asked = [.. examples
            .Select(example => (example, Array.FindIndex(example.Weights, weight => weight > 0)))
            .Where(one => one.Item2 > 0 && one.Item2 + answerTokens <= model.Transformer.Config.ContextLength)
            .Take(most)];
        var collector = new RolloutCollector(model.Transformer, model.Tokenizer, [model.Chat.EndOfTurnId]);
        IReadOnlyList<IReadOnlyList<Rollout>> answers = collector.Collect([.. asked.Select(one => new RolloutPrompt(one.Example.Ids[..one.First], []))], new RolloutOptions { Temperature = temperature, MaximumTokens = answerTokens }, seed: 0, cancellation);
        return [.. asked.Select((one, i) => new ExaminedAnswer(
            model.Tokenizer.Decode(one.Example.Ids.AsSpan(0, one.First), withSpecial: true),
            Wanted(model, one.Example, one.First),
            answers[i][0].Text,
            answers[i][0].Reason == FinishReason.Stop,
            answers[i][0].Answer.Length))];
    }

    private static string Wanted(TrainedModel model, ChatExample example, int first)
    {
        int end = first;
        while (end < example.Ids.Length && example.Weights[end] > 0 && example.Ids[end] != model.Chat.EndOfTurnId)
        {
            end++;
        }
        return model.Tokenizer.Decode(example.Ids.AsSpan(first, end - first));
    }
}
