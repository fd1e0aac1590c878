using Foretell.Inference;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant;

/// <summary>
/// Embeddings from a language model: the mean of a text's last hidden states (after the final norm), scaled to length 1.
/// Texts of one call run through the model together; a text's vector has the same bits whichever stand beside it.
/// Safe to use from many threads at once, also beside chats with the same model; passes take turns.
/// </summary>
public sealed class ForetellEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly IModelSource _source;
    private readonly CancellationTokenSource _disposal = new();

    /// <param name="model">Stays the caller's.</param>
    public ForetellEmbeddingGenerator(ForetellModel model)
        : this(new LoadedModelSource(model, owns: false))
    {
    }

    /// <param name="host">Stays the caller's. <see cref="EmbeddingGenerationOptions.ModelId"/> may name any of its models.</param>
    /// <param name="defaultModel">The model of requests without a name.</param>
    /// <exception cref="UnknownModelException">The host has no such model.</exception>
    public ForetellEmbeddingGenerator(ModelHost<ForetellModel> host, string defaultModel)
        : this(HostedModelSource.Of(host, defaultModel))
    {
    }

    internal ForetellEmbeddingGenerator(IModelSource source) => _source = source;

    /// <summary>Loads a model and makes a generator of it, which disposes it.</summary>
    /// <param name="path">A Hugging Face folder, a GGUF file, or a run's folder.</param>
    /// <inheritdoc cref="ForetellModel.Load" path="exception"/>
    public static ForetellEmbeddingGenerator Load(string path) => Load(new ForetellOptions { Path = path });

    /// <summary>Loads a model and makes a generator of it, which disposes it.</summary>
    /// <param name="clock">Null for the system's clock.</param>
    /// <inheritdoc cref="ForetellModel.Load" path="exception"/>
    public static ForetellEmbeddingGenerator Load(ForetellOptions options, TimeProvider? clock = null) => new(new LoadedModelSource(ForetellModel.Load(options, clock), owns: true));

    /// <summary>One vector a text, in order, and the tokens that were read.</summary>
    /// <param name="values">Texts of at least one token that fit the model's context.</param>
    /// <param name="options">
    /// <see cref="EmbeddingGenerationOptions.Dimensions"/> cuts the mean to its first so many numbers and scales what is
    /// left to length 1. Of the rest only <see cref="EmbeddingGenerationOptions.ModelId"/> may be set, to this model's name.
    /// </param>
    /// <exception cref="ArgumentException">A text is empty, or an option is unknown or out of range.</exception>
    /// <exception cref="TextTooLongException">A text has more tokens than the model's context.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        RefuseWhatIsNotSupported(options);
        using HeldModel held = await _source.AcquireAsync(options?.ModelId, cancellationToken).ConfigureAwait(false);
        ForetellModel model = held.Model;
        int[][] texts = [.. values.Select(text => model.Tokenizer.Encode(text ?? ""))];
        (float[][] vectors, long tokens) = await UntilDisposed(ending => TextEmbeddings.EmbedAsync(model, texts, options?.Dimensions, ending), cancellationToken).ConfigureAwait(false);
        DateTimeOffset now = model.Clock.GetUtcNow();
        return new GeneratedEmbeddings<Embedding<float>>(vectors.Select(vector => new Embedding<float>(vector) { CreatedAt = now, ModelId = model.Id }))
        {
            Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
        };
    }

    /// <summary>This generator, its metadata, or (of a generator with one model, once it is loaded) the model, its transformer or its tokenizer; null for all else.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
        {
            return null;
        }
        ForetellModel? model = _source.Loaded;
        object?[] services = [this, new EmbeddingGeneratorMetadata("foretell", null, _source.ModelId, model?.Transformer.Config.Channels), model, model?.Transformer, model?.Tokenizer];
        return Array.Find(services, serviceType.IsInstanceOfType);
    }

    /// <summary>Disposes the model where the generator loaded it.</summary>
    public void Dispose()
    {
        _disposal.Cancel();
        _source.Dispose();
    }

    /// <summary>Calls that are not over when the generator is disposed end with that.</summary>
    private async Task<T> UntilDisposed<T>(Func<CancellationToken, Task<T>> compute, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposal.Token);
        try
        {
            return await compute(ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_disposal.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(ForetellEmbeddingGenerator));
        }
    }

    private static void RefuseWhatIsNotSupported(EmbeddingGenerationOptions? options)
    {
        if (options?.AdditionalProperties is { Count: > 0 } properties)
        {
            throw new ArgumentException($"embeddings: the additional property \"{properties.First().Key}\" is not known; there are none.", nameof(options));
        }
        if (options?.RawRepresentationFactory is not null)
        {
            throw new ArgumentException("embeddings: RawRepresentationFactory is not supported; there is no other representation of the options.", nameof(options));
        }
    }
}
