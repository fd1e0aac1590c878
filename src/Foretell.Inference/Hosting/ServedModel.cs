using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;

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

    /// <summary>A source for a <see cref="ModelHost{T}"/>: see <see cref="MemoryBytes"/>.</summary>
    /// <inheritdoc cref="Load"/>
    public static ModelSource<ServedModel> Source(string name, string path, Func<Device> createDevice, EngineOptions? options = null)
    {
        using Device device = createDevice();
        return new ModelSource<ServedModel>(name, MemoryBytes(path, device, options), _ => Task.FromResult(Load(path, createDevice, options)), model => model.Engine.Fault is null);
    }

    /// <summary>The memory that a model takes while it is served: the files of its weights, and the keys and values for which its engine has room. The weights are not read.</summary>
    /// <param name="path">See <see cref="PretrainedModel.Load"/>.</param>
    /// <param name="device">Where it is to be computed: each packs keys and values in its own way.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="key">For weights that are encrypted.</param>
    /// <exception cref="IOException">There is no model at the path.</exception>
    /// <exception cref="ArgumentException">The options' memory holds no keys and values of this model.</exception>
    public static long MemoryBytes(string path, Device device, EngineOptions? options = null, WeightKey? key = null)
    {
        string found = PretrainedModel.Finished(path);
        long weights = Directory.Exists(found)
            ? Directory.EnumerateFiles(found, "*.safetensors").Sum(file => new FileInfo(file).Length)
            : new FileInfo(found).Length;
        options ??= new EngineOptions();
        TransformerConfig config;
        try
        {
            config = PretrainedModel.ReadConfig(path, key);
        }
        catch (InvalidDataException)
        {
            // What is damaged takes no more than this, and says what is wrong when it is loaded.
            return weights + options.CacheBytes;
        }
        long perToken = KeyValuePool.BytesPerToken(device, config.Layers, config.KeyValueHeads, config.HeadSize);
        return weights + CacheMemory.Blocks(config, perToken, options) * KeyValuePool.BlockTokens * perToken;
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync().ConfigureAwait(false);
        Model.Dispose();
        _device.Dispose();
    }
}
