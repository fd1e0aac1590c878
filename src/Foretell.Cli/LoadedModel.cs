using System.CommandLine;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tokenizers;

namespace Foretell.Cli;

/// <summary>The model that a command works with: weights, tokenizer and device, owned together.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly PretrainedModel _model;

    private LoadedModel(Device device, PretrainedModel model)
    {
        Device = device;
        _model = model;
    }

    /// <summary>The folder or file that the weights are in.</summary>
    public string Folder => _model.Path;

    public Device Device { get; }

    /// <summary>The model with what was published beside it.</summary>
    public PretrainedModel Pretrained => _model;

    public Tokenizer Tokenizer => _model.Tokenizer;

    public Transformer Transformer => _model.Transformer;

    /// <summary>The ids that end an answer.</summary>
    public IReadOnlyList<int> EndIds => _model.Generation.EndIds;

    /// <summary>The argument that names a model.</summary>
    public static Argument<string> Argument() => new("MODEL") { Description = "A Hugging Face folder with tokenizer.json, a GGUF file, or a run's folder, of which the finished model is taken." };

    /// <summary>Loads the model at a path onto a device, which is then this object's.</summary>
    /// <exception cref="IOException">There is no such folder or file, or no tokenizer in it.</exception>
    /// <exception cref="InvalidDataException">It holds no model that can be read.</exception>
    public static LoadedModel Open(string path, Func<Device> createDevice)
    {
        Device device = createDevice();
        try
        {
            return new LoadedModel(device, PretrainedModel.Load(path, device, WeightKeys.FromEnvironment()));
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="PretrainedModel.Prompt"/>
    public int[] Prompt(string text) => _model.Prompt(text);

    public void Dispose()
    {
        _model.Dispose();
        Device.Dispose();
    }
}
