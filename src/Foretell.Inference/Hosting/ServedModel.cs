using Foretell.Models;
using Foretell.Tensors;

namespace Foretell.Inference;

/// <summary>A loaded model with its device and its engine, owned together: what a <see cref="ModelHost{T}"/> holds.</summary>
public sealed class ServedModel : IAsyncDisposable
{
    private readonly Device _device;

    private ServedModel(Device device, PretrainedModel model, Engine engine)
    {
        _device = device;
        Model = model;
        Engine = engine;
    }

    public PretrainedModel Model { get; }

    public Engine Engine { get; }

    /// <summary>Loads a model and begins an engine over it.</summary>
    /// <param name="path">See <see cref="PretrainedModel.Load"/>.</param>
    /// <param name="createDevice">Makes the device, which is then this object's.</param>
    /// <param name="options">Null for the defaults.</param>
    public static ServedModel Load(string path, Func<Device> createDevice, EngineOptions? options = null)
    {
        Device device = createDevice();
        PretrainedModel? model = null;
        try
        {
            model = PretrainedModel.Load(path, device);
            return new ServedModel(device, model, new Engine(model, options));
        }
        catch
        {
            model?.Dispose();
            device.Dispose();
            throw;
        }
    }

    /// <summary>A source for a <see cref="ModelHost{T}"/>: the files' weights and the cache count as its memory.</summary>
    /// <inheritdoc cref="Load"/>
    public static ModelSource<ServedModel> Source(string name, string path, Func<Device> createDevice, EngineOptions? options = null)
    {
        string finished = Path.Combine(path, "model");
        string folder = Directory.Exists(finished) ? finished : path;
        long weights = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*.safetensors").Sum(file => new FileInfo(file).Length)
            : new FileInfo(path).Length;
        return new ModelSource<ServedModel>(name, weights + (options ?? new EngineOptions()).CacheBytes, _ => Task.FromResult(Load(path, createDevice, options)));
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync().ConfigureAwait(false);
        Model.Dispose();
        _device.Dispose();
    }
}
