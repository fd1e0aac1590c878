using Foretell.Inference;

namespace Foretell.Assistant.Tests;

public class PromptLogProbabilitiesTests
{
    [Fact]
    public async Task ComputeAsync_OfWhatTheModelWrote_GivesTheBitsThatItWasWrittenWith()
    {
        using var random = new RandomModel();
        int[] prompt = random.Tokenizer.Encode("Once upon a time");
        GenerationResult written = await random.Model.Engine.GenerateAsync(new GenerationRequest
        {
            Prompt = prompt,
            Sampling = new SamplingOptions { Seed = 3, MaximumTokens = 150 },
            LogProbabilities = true,
            Alternatives = 3,
            IgnoresEndOfText = true,
        });
        IReadOnlyList<GeneratedToken> answer = written.Answers[0].Tokens;
        IReadOnlyList<GeneratedToken> read = await PromptLogProbabilities.ComputeAsync(random.Model, [.. prompt, .. answer.Select(token => token.Id)], alternatives: 3);
        Assert.Equal(prompt.Length + answer.Count, read.Count);
        Assert.Null(read[0].LogProbability);
        for (int i = 0; i < answer.Count; i++)
        {
            GeneratedToken token = read[prompt.Length + i];
            Assert.Equal((answer[i].Id, answer[i].LogProbability), (token.Id, token.LogProbability));
            Assert.Equal(answer[i].Alternatives, token.Alternatives);
        }
    }

    [Fact]
    public async Task ComputeAsync_OfWhatCannotBeRead_SaysWhy()
    {
        using var random = new RandomModel(context: 64);
        await Assert.ThrowsAsync<TextTooLongException>(() => PromptLogProbabilities.ComputeAsync(random.Model, new int[65], 0));
        Assert.Contains("at least one", (await Assert.ThrowsAsync<ArgumentException>(() => PromptLogProbabilities.ComputeAsync(random.Model, [], 0))).Message, StringComparison.Ordinal);
        Assert.Contains("token 9999", (await Assert.ThrowsAsync<ArgumentException>(() => PromptLogProbabilities.ComputeAsync(random.Model, [9999], 0))).Message, StringComparison.Ordinal);
    }
}
