using System.Text;
using Foretell.Inference;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Assistant;

/// <summary>
/// A model that is ready to answer: its weights, its tokenizer, its chat template and an engine that serves many requests
/// at once. Any number of chat clients and embedding generators may share it. Safe to use from many threads.
/// </summary>
public sealed class ForetellModel : IDisposable, IAsyncDisposable
{
    private readonly Lazy<TokenVocabulary> _vocabulary;
    private readonly Lazy<ThinkingOptions> _thinking;
    private readonly IDisposable[] _owned;
    private readonly ulong _seed;
    private long _seeded;
    private readonly Lock _readersLock = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _readersGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _readsInTurn = new(1);
    private int _readers;
    private bool _closed;

    private ForetellModel(string id, Transformer transformer, Tokenizer tokenizer, GenerationDefaults generation, ChatTemplate template, bool hasOwnTemplate, ForetellOptions options, TimeProvider clock, IDisposable[] owned)
    {
        Id = id;
        Transformer = transformer;
        Tokenizer = tokenizer;
        Generation = generation;
        Template = template;
        HasChatTemplate = hasOwnTemplate;
        ToolCalls = options.ToolCalls ?? ToolCallFormat.Detect(template.Source);
        Clock = clock;
        EmbeddingBatchTokens = options.EmbeddingBatchTokens;
        _seed = options.Seed;
        _owned = owned;
        _thinking = new Lazy<ThinkingOptions>(() => ThinkingOptions.Of(template));
        EndIds = Ends(tokenizer, generation, template);
        _vocabulary = new Lazy<TokenVocabulary>(() => new TokenVocabulary(tokenizer, [.. EndIds]));
        Engine = new Engine(transformer, tokenizer, options.Engine, EndIds, time: clock);
    }

    /// <summary>The model's name in requests and answers.</summary>
    public string Id { get; }

    public Transformer Transformer { get; }

    public Tokenizer Tokenizer { get; }

    /// <summary>What the model was published with, for requests that leave it open.</summary>
    public GenerationDefaults Generation { get; }

    /// <summary>What renders conversations: the model's own template, or a plain one.</summary>
    public ChatTemplate Template { get; }

    /// <summary>Whether the template is the model's own (or the options'): whether it has learned to answer.</summary>
    public bool HasChatTemplate { get; }

    /// <summary>How the model writes calls of tools.</summary>
    public ToolCallFormat ToolCalls { get; }

    /// <summary>Serves the requests.</summary>
    public Engine Engine { get; }

    /// <summary>The ids at which an answer ends.</summary>
    public IReadOnlyList<int> EndIds { get; }

    internal TimeProvider Clock { get; }

    /// <summary>How the model writes thoughts.</summary>
    internal ThinkingOptions Thinking => _thinking.Value;

    internal int EmbeddingBatchTokens { get; }

    /// <summary>The tokens for constrained answers.</summary>
    internal TokenVocabulary Vocabulary => _vocabulary.Value;

    /// <summary>Grammars of earlier requests: those with the same schema share its states and masks.</summary>
    internal GrammarCache Grammars { get; } = new();

    /// <summary>Texts at which an answer ends whatever the request says: a model without turns of its own would write the user's next one.</summary>
    internal IReadOnlyList<string> TurnEnds => HasChatTemplate || EndsTurns ? [] : ["\nUser:"];

    private bool EndsTurns => Template.Source.Contains("<|im_end|>", StringComparison.Ordinal);

    /// <summary>Loads a model; its weights stay in the mapped file, so that this takes well under a second where they need no packing.</summary>
    /// <param name="clock">Null for the system's clock.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="IOException">There is no model at the path.</exception>
    /// <exception cref="FormatException">The tokenizer or the chat template is damaged.</exception>
    /// <exception cref="InvalidDataException">The weights or the configuration are.</exception>
    public static ForetellModel Load(ForetellOptions options, TimeProvider? clock = null)
    {
        ForetellOptionsValidator.Require(options);
        Device device = CpuDevice.Create(options.Kernels, options.Threads, options.Precision);
        PretrainedModel? model = null;
        try
        {
            model = PretrainedModel.Load(options.Path, device, options.WeightKey);
            (ChatTemplate template, bool own) = FindTemplate(model, options);
            return new ForetellModel(options.Name, model.Transformer, model.Tokenizer, model.Generation, template, own, options, clock ?? TimeProvider.System, [model, device]);
        }
        catch
        {
            model?.Dispose();
            device.Dispose();
            throw;
        }
    }

    /// <summary>A source for a <see cref="ModelHost{T}"/>, under the model's name; its memory is <see cref="ServedModel.MemoryBytes"/>.</summary>
    /// <inheritdoc cref="Load"/>
    public static ModelSource<ForetellModel> Source(ForetellOptions options, TimeProvider? clock = null)
    {
        ForetellOptionsValidator.Require(options);
        using Device device = CpuDevice.Create(options.Kernels, options.Threads, options.Precision);
        return new ModelSource<ForetellModel>(options.Name, ServedModel.MemoryBytes(options.Path, device, options.Engine, options.WeightKey), _ => Task.FromResult(Load(options, clock)), model => model.Engine.Fault is null);
    }

    /// <summary>Serves a model that is in memory already, such as one just trained. Model and tokenizer stay the caller's and must outlive this.</summary>
    /// <param name="modelId">The model's name.</param>
    /// <param name="options">Of these, what concerns loading is not looked at. Null for the defaults.</param>
    /// <param name="clock">Null for the system's clock.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static ForetellModel Over(Transformer model, Tokenizer tokenizer, string modelId, ForetellOptions? options = null, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(modelId);
        options ??= new ForetellOptions();
        var generation = new GenerationDefaults { EndIds = tokenizer.EndOfTextId is int end ? [end] : [], BeginId = tokenizer.BeginOfTextId, AddsBegin = tokenizer.BeginOfTextId is not null };
        ChatTemplate template = options.ChatTemplate is string text ? ChatTemplate.Parse(text, SpecialTokens(tokenizer, generation)) : ChatTemplate.Default(tokenizer);
        return new ForetellModel(modelId, model, tokenizer, generation, template, options.ChatTemplate is not null, options, clock ?? TimeProvider.System, []);
    }

    /// <summary>Serves a model that was loaded already. It stays the caller's and must outlive this.</summary>
    /// <inheritdoc cref="Over(Transformer, Tokenizer, string, ForetellOptions?, TimeProvider?)"/>
    public static ForetellModel Over(PretrainedModel model, string modelId, ForetellOptions? options = null, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(modelId);
        options ??= new ForetellOptions();
        (ChatTemplate template, bool own) = FindTemplate(model, options);
        return new ForetellModel(modelId, model.Transformer, model.Tokenizer, model.Generation, template, own, options, clock ?? TimeProvider.System, []);
    }

    /// <summary>A token that the engine wrote, with the bytes that it stands for.</summary>
    /// <param name="token">One whose log-probability was asked for.</param>
    public TokenLogProbability Describe(GeneratedToken token) => new(
        token.Id, Bytes(token.Id), token.LogProbability ?? throw new ArgumentException("The token has no log-probability; ask for it in the request.", nameof(token)),
        [.. token.Alternatives.Select(alternative => new TokenLogProbability(alternative.Id, Bytes(alternative.Id), alternative.LogProbability, []))]);

    private byte[] Bytes(int id)
    {
        try
        {
            return Tokenizer.TokenBytes(id).ToArray();
        }
        catch (ArgumentOutOfRangeException)
        {
            // Published vocabularies have ids without a token; they may be among the alternatives.
            return [];
        }
    }

    /// <summary>The seed of a request that has none.</summary>
    public ulong NextSeed() => SeededRandom.Mix(_seed + (ulong)Interlocked.Increment(ref _seeded));

    /// <summary>Reads the transformer beside the engine, as embeddings do; the model's memory is not freed before <paramref name="read"/> is over.</summary>
    /// <param name="read">Told by its token to give up when the model is disposed.</param>
    /// <exception cref="ObjectDisposedException">The model has been disposed, or is being disposed.</exception>
    internal T Read<T>(Func<Transformer, CancellationToken, T> read, CancellationToken cancellation)
    {
        lock (_readersLock)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _readers++;
        }
        try
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
            return read(Transformer, ending.Token);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(ForetellModel));
        }
        finally
        {
            lock (_readersLock)
            {
                if (--_readers == 0 && _closed)
                {
                    _readersGone.SetResult();
                }
            }
        }
    }

    /// <summary>Reads the transformer on a thread of the pool, one caller at a time: several would only take each other's cores.</summary>
    /// <inheritdoc cref="Read"/>
    internal async Task<T> ReadInTurnAsync<T>(Func<Transformer, CancellationToken, T> read, CancellationToken cancellation)
    {
        await _readsInTurn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Read(read, cancellation), cancellation).ConfigureAwait(false);
        }
        finally
        {
            _readsInTurn.Release();
        }
    }

    /// <summary>Gives up the requests that are not over, and frees everything.</summary>
    public void Dispose()
    {
        Task read = Close();
        Engine.Dispose();
        read.GetAwaiter().GetResult();
        Free();
    }

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync()
    {
        Task read = Close();
        await Engine.DisposeAsync().ConfigureAwait(false);
        await read.ConfigureAwait(false);
        Free();
    }

    /// <summary>Lets no one begin to read; the task ends with the last who reads.</summary>
    private Task Close()
    {
        lock (_readersLock)
        {
            if (!_closed)
            {
                _closed = true;
                _closing.Cancel();
                if (_readers == 0)
                {
                    _readersGone.SetResult();
                }
            }
            return _readersGone.Task;
        }
    }

    private void Free()
    {
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }
    }

    private static (ChatTemplate Template, bool Own) FindTemplate(PretrainedModel model, ForetellOptions options)
    {
        Dictionary<string, string> tokens = SpecialTokens(model.Tokenizer, model.Generation);
        if (options.ChatTemplate is string given)
        {
            return (ChatTemplate.Parse(given, tokens), true);
        }
        // A folder may hold several named templates and the texts of its special tokens.
        ChatTemplate? own = Directory.Exists(model.Path) ? ChatTemplate.Load(model.Path)
            : model.ChatTemplate is string text ? ChatTemplate.Parse(text, tokens)
            : null;
        return (own ?? ChatTemplate.Default(model.Tokenizer), own is not null);
    }

    private static Dictionary<string, string> SpecialTokens(Tokenizer tokenizer, GenerationDefaults generation)
    {
        var tokens = new Dictionary<string, string>();
        if (generation.BeginId is int begin)
        {
            tokens["bos_token"] = Encoding.UTF8.GetString(tokenizer.TokenBytes(begin));
        }
        if (generation.EndIds.Count > 0)
        {
            tokens["eos_token"] = Encoding.UTF8.GetString(tokenizer.TokenBytes(generation.EndIds[0]));
        }
        return tokens;
    }

    private static int[] Ends(Tokenizer tokenizer, GenerationDefaults generation, ChatTemplate template)
    {
        int? turnEnd = template.SpecialTokens.TryGetValue("eos_token", out string? name) && name.Length > 0 ? tokenizer.SpecialId(name) : null;
        return [.. new[] { turnEnd, tokenizer.EndOfTextId }.OfType<int>().Concat(generation.EndIds).Distinct()];
    }
}
