using System.Globalization;
using Foretell.Models.Files;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Models;

/// <summary>
/// A model with all that was published beside its weights. The weights stay in the mapped file, in the type they were
/// published in: a model of gigabytes is ready at once, and several processes share its pages.
/// </summary>
public sealed class PretrainedModel : IDisposable
{
    private PretrainedModel(string path, Transformer transformer, Tokenizer tokenizer, string? chatTemplate, GenerationDefaults generation)
    {
        Path = path;
        Transformer = transformer;
        Tokenizer = tokenizer;
        ChatTemplate = chatTemplate;
        Generation = generation;
    }

    /// <summary>The folder or file that was loaded (of a run, its finished model).</summary>
    public string Path { get; }

    public Transformer Transformer { get; }

    public Tokenizer Tokenizer { get; }

    /// <summary>The Jinja text that renders a conversation, or null for a model that knows none.</summary>
    public string? ChatTemplate { get; }

    public GenerationDefaults Generation { get; }

    /// <summary>Loads a model for inference.</summary>
    /// <param name="path">A Hugging Face folder, a GGUF file, a run's folder, of which the finished model is taken, or the folder of a PEFT adapter, whose model is loaded with it.</param>
    /// <param name="device">Where it is computed; not disposed with the model.</param>
    /// <param name="key">For weights that are encrypted: they are decrypted into memory instead of being mapped.</param>
    /// <exception cref="IOException">There is nothing at the path, or no tokenizer in the folder.</exception>
    /// <exception cref="InvalidDataException">A file is malformed, damaged or of a kind that is not supported; the message says what and where in one sentence.</exception>
    public static PretrainedModel Load(string path, Device device, WeightKey? key = null) => Open(path, device, checks: true, key);

    /// <summary>What a model is built like, from config.json or the header of the GGUF file alone.</summary>
    /// <param name="path">As for <see cref="Load"/>.</param>
    /// <param name="key">For a GGUF file that is encrypted.</param>
    /// <exception cref="IOException">There is nothing at the path.</exception>
    /// <exception cref="InvalidDataException">The configuration is missing, malformed or of a kind that is not supported; the message says what and where in one sentence.</exception>
    public static TransformerConfig ReadConfig(string path, WeightKey? key = null)
    {
        string found = Find(path);
        found = PeftFolder.Looks(found) ? Find(PeftFolder.BasePath(found)) : found;
        if (Directory.Exists(found))
        {
            return ModelFolder.ReadConfig(found);
        }
        using var file = GgufFile.Open(found, key);
        return GgufConfig.Read(file);
    }

    /// <param name="checks">Whether every weight is looked at; not needed for files that were just checked.</param>
    internal static PretrainedModel Open(string path, Device device, bool checks, WeightKey? key)
    {
        string found = Find(path);
        if (PeftFolder.Looks(found))
        {
            return OpenAdapted(found, device, checks, key);
        }
        PretrainedModel model = Directory.Exists(found) ? LoadFolder(found, device, checks, key) : LoadGguf(found, device, checks, key);
        if (model.Tokenizer.VocabularySize > model.Transformer.Config.VocabularySize)
        {
            model.Dispose();
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{found}: the tokenizer has {model.Tokenizer.VocabularySize} ids and the model {model.Transformer.Config.VocabularySize}; they do not belong together."));
        }
        return model;
    }

    /// <summary>An adapter's model with the adapter active.</summary>
    private static PretrainedModel OpenAdapted(string folder, Device device, bool checks, WeightKey? key)
    {
        PretrainedModel model = Open(PeftFolder.BasePath(folder), device, checks, key);
        try
        {
            string name = System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder)));
            model.Transformer.Adapters.Add(PeftFolder.Load(folder, name, model.Transformer.Projections, device));
            model.Transformer.Adapters.Use(name);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>A prompt's ids, behind the token that texts begin with where the model has one; an empty prompt is the beginning of a text.</summary>
    public int[] Prompt(string text)
    {
        int[] ids = Tokenizer.Encode(text);
        return Generation is { AddsBegin: true, BeginId: int begin } ? [begin, .. ids]
            : ids.Length > 0 ? ids
            : [Tokenizer.EndOfTextId ?? 0];
    }

    public void Dispose() => Transformer.Dispose();

    private static PretrainedModel LoadFolder(string folder, Device device, bool checks, WeightKey? key)
    {
        if (RewardModel.Looks(folder))
        {
            throw new InvalidDataException($"{folder} is a reward model, which scores answers instead of writing them; use it with foretell reward score, or give the model that it was made from.");
        }
        Tokenizer tokenizer = Tokenized("", () => TokenizerFiles.Load(folder));
        (GenerationDefaults generation, string? template) = PublishedDefaults.Read(folder, tokenizer);
        return new PretrainedModel(folder, ModelFolder.Load(folder, device, checks, key), tokenizer, template, generation);
    }

    private static PretrainedModel LoadGguf(string path, Device device, bool checks, WeightKey? key)
    {
        var file = GgufFile.Open(path, key);
        GgufWeights weights;
        TransformerConfig config;
        Tokenizer tokenizer;
        string? template;
        GenerationDefaults generation;
        try
        {
            config = GgufConfig.Read(file);
            GgmlVocabulary vocabulary = GgufTokenizer.Read(file);
            tokenizer = Tokenized(path + ": ", vocabulary.ToTokenizer);
            template = file.Metadata.Text(GgufTokenizer.ChatTemplate);
            generation = new GenerationDefaults
            {
                EndIds = [.. new[] { vocabulary.EndId, vocabulary.EndOfTurnId, vocabulary.EndOfMessageId, tokenizer.EndOfTextId }.OfType<int>().Distinct()],
                BeginId = vocabulary.BeginId,
                AddsBegin = vocabulary.AddsBeginOrUsual && vocabulary.BeginId is not null,
                Temperature = GgufSampling.Read(file.Metadata, GgufSampling.Temperature, 0, double.MaxValue),
                TopK = GgufSampling.ReadTopK(file.Metadata),
                TopP = GgufSampling.Read(file.Metadata, GgufSampling.TopP, double.Epsilon, 1),
                MinP = GgufSampling.Read(file.Metadata, GgufSampling.MinP, 0, 1),
                RepetitionPenalty = GgufSampling.Read(file.Metadata, GgufSampling.RepetitionPenalty, double.Epsilon, double.MaxValue),
            };
            weights = new GgufWeights(file, config.Architecture);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        return new PretrainedModel(path, Build(config, device, weights, checks), tokenizer, template, generation);
    }

    /// <summary>The model over a file's weights, which are then its own.</summary>
    internal static Transformer Build(TransformerConfig config, Device device, MappedWeights weights, bool checks)
    {
        var model = new Transformer(config, new ParameterStore(device, training: false, source: weights));
        try
        {
            weights.RequireAllUsed();
            if (checks)
            {
                weights.RequireFinite();
            }
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>A tokenizer, with what is wrong about it said as everything that is wrong about a model is.</summary>
    private static Tokenizer Tokenized(string before, Func<Tokenizer> read)
    {
        try
        {
            return read();
        }
        catch (FormatException error)
        {
            throw new InvalidDataException(before + error.Message, error);
        }
    }

    /// <summary>The folder of a run's finished model; any other path is given back as it is.</summary>
    public static string Finished(string path)
    {
        string finished = System.IO.Path.Combine(path, "model");
        return File.Exists(System.IO.Path.Combine(finished, ConfigJson.FileName)) ? finished : path;
    }

    private static string Find(string path)
    {
        const string Wanted = "MODEL is a Hugging Face folder (config.json, model.safetensors, tokenizer.json), a GGUF file or a run's folder";
        if (File.Exists(path))
        {
            return GgufFile.Looks(path) || EncryptedFile.Looks(path) ? path : throw new InvalidDataException($"{path} is a file, but not a GGUF file; {Wanted}.");
        }
        if (!Directory.Exists(path))
        {
            throw new DirectoryNotFoundException($"There is no folder or file {path}; {Wanted}.");
        }
        string finished = Finished(path);
        if (finished != path)
        {
            return finished;
        }
        return Directory.Exists(System.IO.Path.Combine(path, "checkpoints"))
            ? throw new InvalidDataException($"The run in {path} is not finished, so it has no model yet; finish it with the command that began it and --resume.")
            : path;
    }
}
