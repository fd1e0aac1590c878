using Foretell.Data;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>Comparisons for a policy: those to learn from and those held out, as ids.</summary>
internal sealed record PairData(IReadOnlyList<PairTokens> Training, IReadOnlyList<PairTokens> HeldOut)
{
    /// <summary>All answers, training's first.</summary>
    public IReadOnlyList<AnswerTokens> Answers { get; } = [.. Training.Concat(HeldOut).SelectMany(pair => new[] { pair.Chosen, pair.Rejected })];

    public IEnumerable<IReadOnlyList<ChatMessage>> HeldOutPrompts => HeldOut.Select(pair => pair.Source.Prompt);

    /// <exception cref="FormatException">The data are answers with labels, or do not fit the model.</exception>
    public static PairData Encode(PreferenceRecipe recipe, TrainedModel model, PreferenceSet data, List<string> warnings)
    {
        if (data.Pairs.Count == 0)
        {
            throw new FormatException("This method learns from comparisons, and the data are answers with labels; give rows with \"chosen\" and \"rejected\", or use --method kto.");
        }
        (PreferenceSet training, PreferenceSet heldOut) = data.Split(recipe.HeldOutShare, recipe.Seed);
        var tokens = new PreferenceTokens(model.Template, model.Tokenizer, PolicyRun.MaximumTokens(recipe, model), recipe.TooLong, warnings.Add);
        return new PairData(tokens.Encode(training.Pairs), tokens.Encode([.. heldOut.Pairs.Take(recipe.HeldOutRows)]));
    }

    /// <summary>The ids of a row's chosen and rejected conversation.</summary>
    public IReadOnlyList<int[]> Sequences(int row) => [Training[row].Chosen.Ids, Training[row].Rejected.Ids];

    /// <summary>The numbers of the held-out comparisons.</summary>
    /// <param name="loss">A comparison's.</param>
    public Dictionary<string, double> Measure(TrainedModel model, ReferenceLogProbabilities reference, double beta, int tokensAtOnce, Func<AnswerLogRatio, AnswerLogRatio, double> loss)
    {
        IReadOnlyList<float[]> policy = ReferenceLogProbabilities.Of(model.Transformer, [.. HeldOut.SelectMany(pair => new[] { pair.Chosen, pair.Rejected })], tokensAtOnce);
        var measured = new PolicyMeasurement(beta);
        double total = 0;
        for (int i = 0; i < HeldOut.Count; i++)
        {
            var chosen = new AnswerLogRatio(policy[2 * i], reference[HeldOut[i].Chosen]);
            var rejected = new AnswerLogRatio(policy[(2 * i) + 1], reference[HeldOut[i].Rejected]);
            measured.Add(chosen, rejected, HeldOut[i].Source.IsTrue);
            total += loss(chosen, rejected) / HeldOut.Count;
        }
        Dictionary<string, double> values = measured.Values("heldOut");
        if (HeldOut.Count > 0)
        {
            values["heldOutLoss"] = total;
        }
        return values;
    }
}
