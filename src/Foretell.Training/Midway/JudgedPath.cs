using Foretell.Inference;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>An answer with its verdict, and where its steps of thought end.</summary>
/// <param name="Problem">Which problem it answers.</param>
/// <param name="Ids">[prompt + answer + 1], the last one repeated, since scores belong to all ids but the last.</param>
/// <param name="First">The place of the answer's first token in <paramref name="Ids"/>.</param>
/// <param name="LogProbabilities">[answer], of each token when it was drawn, in nats.</param>
/// <param name="Steps">Numbers of the answer's tokens after which it is judged, ascending.</param>
/// <param name="Reply">What is voted on.</param>
/// <param name="IsRight">The verdict.</param>
public sealed record JudgedPath(int Problem, int[] Ids, int First, float[] LogProbabilities, IReadOnlyList<int> Steps, string Reply, bool IsRight)
{
    /// <summary>Tokens of the answer.</summary>
    public int Length => Ids.Length - 1 - First;

    public static JudgedPath Of(int problem, Rollout rollout, bool isRight, Tokenizer tokenizer) => new(
        problem, [.. rollout.Ids, rollout.Ids[^1]], rollout.Prompt.Ids.Length, rollout.LogProbabilities, ThinkingSteps.Of(tokenizer, rollout.Answer), AnswerVote.Normal(rollout.Reply), isRight);

    /// <summary>How surely the answer was written up to each of its tokens, that one included.</summary>
    public IEnumerable<PathConfidence> Confidences()
    {
        var confidence = default(PathConfidence);
        foreach (float logProbability in LogProbabilities)
        {
            yield return confidence = confidence.With(logProbability);
        }
    }

    /// <summary>The path with what a value function says at its steps and at its end.</summary>
    /// <param name="scores">[ids - 1], of the head's state.</param>
    public ValuedPath Valued(float[] scores, PathHead head)
    {
        PathConfidence[] confidences = [.. Confidences()];
        double Value(int step) => Logistic.Sigmoid(scores[First + step - 1] + head.Score(confidences[step - 1]));
        return new ValuedPath(Problem, Length, Steps, [.. Steps.Select(Value)], Value(Length), Reply, IsRight);
    }
}

/// <summary>A path and its values.</summary>
/// <param name="Problem">Which problem it answers.</param>
/// <param name="Tokens">Of the whole answer.</param>
/// <param name="Steps">Numbers of tokens after which it is judged.</param>
/// <param name="Values">The probability of a right answer after each step, in (0, 1).</param>
/// <param name="Last">The same at its end.</param>
/// <param name="Reply">What is voted on.</param>
/// <param name="IsRight">The verdict.</param>
public sealed record ValuedPath(int Problem, int Tokens, IReadOnlyList<int> Steps, IReadOnlyList<double> Values, double Last, string Reply, bool IsRight)
{
    /// <summary>The index of the step after which the path is given up; -1 where it comes to its end.</summary>
    public int CutAt(double threshold)
    {
        for (int step = 0; step < Values.Count; step++)
        {
            if (Values[step] < threshold)
            {
                return step;
            }
        }
        return -1;
    }
}
