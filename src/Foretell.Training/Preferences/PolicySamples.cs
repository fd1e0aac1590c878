using Foretell.Data;
using Foretell.Inference;
using Foretell.Tokenizers;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>What a model answers to a few held-out prompts, likeliest token by token, to be read before and after.</summary>
internal static class PolicySamples
{
    private const int Prompts = 4;
    private const int MaximumTokens = 128;

    /// <summary>Answers to the first prompts that leave room for one.</summary>
    /// <param name="endId">Ends a turn.</param>
    public static IReadOnlyList<TextSample> Of(TrainedModel model, IEnumerable<IReadOnlyList<ChatMessage>> prompts, int endId, string label)
    {
        var samples = new List<TextSample>();
        var generator = new TextGenerator(model.Transformer, model.Tokenizer, [endId, .. model.Generation.EndIds]);
        foreach (IReadOnlyList<ChatMessage> prompt in prompts.DistinctBy(PreferenceText.Key))
        {
            int[] ids = model.Template.Render(new Conversation(prompt) { AddGenerationPrompt = true }).Tokens(model.Tokenizer);
            if (samples.Count < Prompts && ids.Length + MaximumTokens < model.Transformer.Config.ContextLength)
            {
                string answer = generator.Generate(ids, new SamplingOptions { Temperature = 0, MaximumTokens = MaximumTokens }).Text;
                samples.Add(new TextSample(label, prompt[^1].Content + "\n", answer));
            }
        }
        return samples;
    }
}
