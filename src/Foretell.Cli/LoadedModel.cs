using System.CommandLine;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tokenizers;

namespace Foretell.Cli;

/// <summary>The model that a command works with: weights, tokenizer and device, owned together.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(string folder, Device device, Tokenizer tokenizer, Transformer transformer)
    {
        Folder = folder;
        Device = device;
        Tokenizer = tokenizer;
        Transformer = transformer;
    }

    public string Folder { get; }

    public Device Device { get; }

    public Tokenizer Tokenizer { get; }

    public Transformer Transformer { get; }

    /// <summary>The argument that names a model.</summary>
    public static Argument<string> Argument() => new("MODEL") { Description = "A Hugging Face folder with tokenizer.json, or a run's folder, of which the finished model is taken." };

    /// <summary>Loads the model at a path onto a device, which is then this object's.</summary>
    /// <exception cref="IOException">There is no such folder, or no tokenizer in it.</exception>
    /// <exception cref="InvalidDataException">It holds no model that can be read.</exception>
    public static LoadedModel Open(string path, Func<Device> createDevice)
    {
        string folder = FindFolder(path);
        Tokenizer tokenizer = TokenizerFiles.Load(folder);
        Device device = createDevice();
        try
        {
            Transformer transformer = ModelFolder.Load(folder, device);
            if (tokenizer.VocabularySize > transformer.Config.VocabularySize)
            {
                transformer.Dispose();
                throw new InvalidDataException($"{folder}: the tokenizer has {tokenizer.VocabularySize} ids and the model {transformer.Config.VocabularySize}; they do not belong together.");
            }
            return new LoadedModel(folder, device, tokenizer, transformer);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>A prompt's ids, behind the token that texts begin with where the vocabulary has one; an empty prompt is the beginning of a text.</summary>
    public int[] Prompt(string text)
    {
        int[] ids = Tokenizer.Encode(text);
        return Tokenizer.BeginOfTextId is int begin ? [begin, .. ids]
            : ids.Length > 0 ? ids
            : [Tokenizer.EndOfTextId ?? 0];
    }

    public void Dispose()
    {
        Transformer.Dispose();
        Device.Dispose();
    }

    private static string FindFolder(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new DirectoryNotFoundException(File.Exists(path)
                ? $"{path} is a file; MODEL is a Hugging Face folder (config.json, model.safetensors, tokenizer.json) or a run's folder."
                : $"There is no folder {path}; MODEL is a Hugging Face folder (config.json, model.safetensors, tokenizer.json) or a run's folder.");
        }
        string finished = Path.Combine(path, "model");
        if (File.Exists(Path.Combine(finished, ConfigJson.FileName)))
        {
            return finished;
        }
        if (Directory.Exists(Path.Combine(path, "checkpoints")))
        {
            throw new InvalidDataException($"The run in {path} is not finished, so it has no model yet; finish it with foretell pretrain --out {path} --resume.");
        }
        return path;
    }
}
