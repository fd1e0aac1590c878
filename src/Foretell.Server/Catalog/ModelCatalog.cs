using System.Collections.Concurrent;
using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Server.Catalog;

/// <summary>
/// The models by the names that requests call them, within one memory: each is loaded when it is first asked for (those
/// named at the start are loaded in the background), and goes when another needs its memory and nobody holds it.
/// Fine-tuned ones come and go while the server runs. Safe to use from many threads.
/// </summary>
public sealed class ModelCatalog : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, CatalogModel> _models = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _loadingAtStart = new(StringComparer.Ordinal);
    private readonly ModelHost<ForetellModel> _host;
    private readonly ServerOptions _options;
    private readonly TimeProvider _time;

    /// <exception cref="ArgumentException">A model does not fit the memory.</exception>
    /// <exception cref="IOException">There is no model at a path.</exception>
    public ModelCatalog(ServerOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _host = new ModelHost<ForetellModel>([], options.MemoryBudget ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3);
        foreach ((string id, string path) in options.Models)
        {
            Add(new CatalogModel(id, path, Written(path)));
            _loadingAtStart[id] = true;
        }
    }

    /// <summary>Whether the models named at the start are loaded, as many as the memory holds.</summary>
    public bool IsReady => _loadingAtStart.IsEmpty;

    /// <summary>What a model named at the start could not be loaded for; null when nothing went wrong.</summary>
    public Exception? StartFailure { get; private set; }

    /// <summary>All models, those named at the start first, then by time and name.</summary>
    public IReadOnlyList<CatalogModel> All => [.. _models.Values
        .OrderBy(model => model.DeleteAsync is not null).ThenBy(model => model.Created).ThenBy(model => model.Id, StringComparer.Ordinal)];

    /// <summary>Names of the models in memory.</summary>
    public IReadOnlyList<string> Loaded => _host.Loaded;

    /// <summary>The models in memory, to look at and not to ask: any of them may be unloaded meanwhile.</summary>
    internal IReadOnlyList<ForetellModel> LoadedModels => _host.LoadedModels;

    /// <summary>The model of a name, or null.</summary>
    public CatalogModel? Find(string id) => _models.GetValueOrDefault(id);

    /// <summary>Adds a model, such as a fine-tuned one; it is loaded when it is first asked for.</summary>
    /// <exception cref="ArgumentException">There is a model of this name, or it is larger than the memory.</exception>
    /// <exception cref="IOException">There is no model at its path.</exception>
    public void Add(CatalogModel model)
    {
        var options = new ForetellOptions
        {
            Path = model.Path,
            ModelId = model.Id,
            Threads = _options.Threads,
            Kernels = Environment.GetEnvironmentVariable(CpuDevice.KernelsVariable),
            Engine = _options.Engine,
            WeightKey = _options.Trust.WeightKey,
        };
        _host.Add(ForetellModel.Source(options, _time));
        _models[model.Id] = model;
    }

    /// <summary>Removes a model: requests no longer find it, those who hold it keep it. The task ends when it is unloaded.</summary>
    /// <returns>False when there is none of this name.</returns>
    public async Task<bool> RemoveAsync(string id)
    {
        if (!_models.TryRemove(id, out _))
        {
            return false;
        }
        _loadingAtStart.TryRemove(id, out _);
        await _host.RemoveAsync(id).ConfigureAwait(false);
        return true;
    }

    /// <summary>A model to ask, held until the lease is disposed; loaded if need be.</summary>
    /// <exception cref="ApiException">404: there is none of this name. 503: it is being loaded since the start.</exception>
    public async Task<ModelLease<ForetellModel>> AcquireAsync(string id, CancellationToken cancellation)
    {
        if (!_models.ContainsKey(id))
        {
            throw ApiException.NoModel(id);
        }
        if (_loadingAtStart.ContainsKey(id))
        {
            throw new ApiException(503, $"The model '{id}' is being loaded; try again in a moment.", "server_error", code: "model_loading", retryAfter: TimeSpan.FromSeconds(2));
        }
        return await _host.AcquireAsync(id, cancellation).ConfigureAwait(false);
    }

    /// <summary>Loads the models named at the start, in their order, as long as the memory holds them all.</summary>
    internal async Task LoadAtStartAsync(CancellationToken cancellation)
    {
        try
        {
            foreach (string id in _options.Models.Keys)
            {
                if (_host.Fits(id))
                {
                    (await _host.AcquireAsync(id, cancellation).ConfigureAwait(false)).Dispose();
                }
                _loadingAtStart.TryRemove(id, out _);
            }
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            StartFailure = error;
            throw;
        }
    }

    /// <summary>Waits until all requests have given their models back, and unloads everything.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static DateTimeOffset Written(string path) =>
        Directory.Exists(path) ? new DateTimeOffset(Directory.GetLastWriteTimeUtc(path))
        : File.Exists(path) ? new DateTimeOffset(File.GetLastWriteTimeUtc(path))
        : DateTimeOffset.UnixEpoch;
}
