using Foretell.Inference;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>How a policy is sampled.</summary>
public sealed record RolloutOptions
{
    /// <summary>Answers to each prompt, in [1, 128].</summary>
    public int Samples { get; init; } = 1;

    /// <summary>The most tokens of an answer, the one that ends it included; at least 1.</summary>
    public int MaximumTokens { get; init; } = 128;

    /// <summary>1 samples the policy itself, as learning needs; 0 always takes the likeliest token, as evaluation may.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Answers written at once.</summary>
    public int Concurrency { get; init; } = 128;

    /// <summary>The most memory for keys and values, in bytes.</summary>
    public long CacheBytes { get; init; } = 1L << 30;
}

/// <summary>
/// Lets a policy answer prompts: the inference engine over the very weights that are trained. Which answers come, and their
/// log-probabilities to the bit, depend on weights, prompts and seed alone. Each call begins an engine of its own, so no
/// keys and values of older weights can be met.
/// </summary>
/// <param name="model">Not used elsewhere while a call runs.</param>
/// <param name="endIds">Ids that end an answer, such as the end of a turn.</param>
public sealed class RolloutCollector(Transformer model, Tokenizer tokenizer, IReadOnlyList<int> endIds)
{
    /// <summary>Answers all prompts.</summary>
    /// <param name="seed">Of all draws, together with each prompt's place.</param>
    /// <returns>By prompt, then by sample, whatever the order in which they were written.</returns>
    /// <exception cref="InvalidDataException">A prompt leaves no room for an answer; the message says which.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<IReadOnlyList<Rollout>> Collect(IReadOnlyList<RolloutPrompt> prompts, RolloutOptions options, ulong seed, CancellationToken cancellation = default)
    {
        if (prompts.Count == 0)
        {
            return [];
        }
        for (int i = 0; i < prompts.Count; i++)
        {
            if (prompts[i].Ids.Length >= model.Config.ContextLength)
            {
                throw new InvalidDataException(FormattableString.Invariant($"Prompt {i} has {prompts[i].Ids.Length} tokens, which leaves no room for an answer in the model's context of {model.Config.ContextLength}; ask something shorter."));
            }
        }
        using var engine = new Engine(model, tokenizer, Options(prompts, options), endIds);
        Task<GenerationResult>[] answers = [.. prompts.Select((prompt, i) => engine.GenerateAsync(Request(prompt, options, new SeededRandom(seed).Fork("rollout", i).NextBits()), cancellation))];
        try
        {
            Task.WaitAll(answers, cancellation);
        }
        catch (AggregateException error)
        {
            throw error.Flatten().InnerExceptions[0];
        }
        return [.. answers.Select((answer, i) => Rollouts(prompts[i], answer.GetAwaiter().GetResult()))];
    }

    private static GenerationRequest Request(RolloutPrompt prompt, RolloutOptions options, ulong seed) => new()
    {
        Prompt = prompt.Ids,
        Choices = options.Samples,
        LogProbabilities = true,
        Sampling = new SamplingOptions { MaximumTokens = options.MaximumTokens, Temperature = options.Temperature, Seed = seed },
    };

    private static IReadOnlyList<Rollout> Rollouts(RolloutPrompt prompt, GenerationResult result) => [.. result.Answers.Select(answer =>
    {
        GeneratedToken[] tokens = answer.EndToken is GeneratedToken end ? [.. answer.Tokens, end] : [.. answer.Tokens];
        return new Rollout(prompt, Array.ConvertAll(tokens, token => token.Id), Array.ConvertAll(tokens, token => token.LogProbability!.Value), answer.Text, answer.Reason);
    })];

    /// <summary>A cache for the answers at hand rather than for full contexts: making it anew each step must cost nothing to speak of.</summary>
    private EngineOptions Options(IReadOnlyList<RolloutPrompt> prompts, RolloutOptions options)
    {
        int sequences = (int)Math.Min((long)prompts.Count * options.Samples, options.Concurrency);
        int longest = Math.Min(model.Config.ContextLength, prompts.Max(prompt => prompt.Ids.Length) + options.MaximumTokens);
        long whole = (longest + KeyValuePool.BlockTokens - 1) / KeyValuePool.BlockTokens * KeyValuePool.BlockTokens;
        long tokens = Math.Clamp(sequences * whole, whole, Math.Max(whole, options.CacheBytes / model.CacheBytesPerToken));
        return new EngineOptions
        {
            CacheTokens = (int)Math.Min(tokens, int.MaxValue),
            MaximumSequences = sequences,
            MaximumBatchTokens = Math.Max(512, sequences),
            QueueLimit = prompts.Count,
        };
    }
}
