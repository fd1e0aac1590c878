using Foretell.Data;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Training.Tests;

/// <summary>A tiny untrained model over bytes, and comparisons in which the chosen answer is the one that ends with a full stop.</summary>
internal sealed class TinyPreferences : IDisposable
{
    private const string Letters = "abcdefgh";

    private readonly TemporaryFolder _folder = new();

    public TinyPreferences()
    {
        using Device device = CpuDevice.Create(threads: 1);
        var tokenizer = new ByteTokenizer();
        using var transformer = new Transformer(new TransformerConfig { VocabularySize = tokenizer.VocabularySize, ContextLength = 256, Layers = 2, Channels = 32, Heads = 2, KeyValueHeads = 1, HeadSize = 16, HiddenChannels = 64 }, device, training: false);
        transformer.Initialize(1);
        // As in a model that has learned something, every block writes: one that writes nothing says the same of every answer.
        foreach (Parameter parameter in transformer.Parameters.All.Where(parameter => parameter.Kind == ParameterKind.Matrix))
        {
            Initialization.Normal(parameter, 0.1, 1);
        }
        ModelFolder.Save(transformer, tokenizer, ModelPath);
    }

    public string ModelPath => _folder.File("base");

    public string Folder(string name = "run") => _folder.File(name);

    public string File(string name) => _folder.File(name);

    public byte[] Weights(string name = "run") => System.IO.File.ReadAllBytes(Path.Combine(Folder(name), "model", "model.safetensors"));

    /// <summary>Comparisons without end: a question, an answer with a full stop, one with an exclamation mark.</summary>
    /// <param name="longer">Whether the chosen answer is the longer one; null for either.</param>
    public static PreferenceSet Comparisons(int count = 200, bool? longer = null)
    {
        var random = new SeededRandom(9);
        string Word(int letters)
        {
            char[] word = new char[letters];
            for (int i = 0; i < letters; i++)
            {
                word[i] = Letters[random.NextInt(Letters.Length)];
            }
            return new string(word);
        }
        return PreferenceSet.Of(Enumerable.Range(0, count).Select(i => new PreferencePair(
            [new ChatMessage("user", Word(5) + "?")],
            new ChatMessage("assistant", Word(longer switch { true => 9, false => 2, null => 2 + random.NextInt(4) }) + "."),
            new ChatMessage("assistant", Word(longer switch { true => 2, false => 9, null => 2 + random.NextInt(4) }) + "!"),
            $"row {i + 1}")
        { IsTrue = true }));
    }

    /// <summary>Runs an algorithm on the base model, as a process of its own would.</summary>
    /// <param name="stopAfter">Cancel when this step is reported.</param>
    public PreferenceResult Run(Func<TrainedModel, string, Func<IProgress<PreferenceProgress>?, CancellationToken, PreferenceResult>> algorithm, string name = "run", long? stopAfter = null, int threads = 1, Action<PreferenceProgress>? report = null)
    {
        using Device device = CpuDevice.Create(threads: threads);
        using TrainedModel model = TrainedModel.Load(ModelPath, device);
        using var cancellation = new CancellationTokenSource();
        return algorithm(model, Folder(name))(new Callback(progress =>
        {
            report?.Invoke(progress);
            if (progress.Step == stopAfter)
            {
                cancellation.Cancel();
            }
        }), cancellation.Token);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Copies a run's folder as a kill would leave it.</summary>
    public void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(Folder(from), "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            string target = Path.Combine(Folder(to), Path.GetRelativePath(Folder(from), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            System.IO.File.Copy(file, target);
        }
    }

    private sealed class Callback(Action<PreferenceProgress> report) : IProgress<PreferenceProgress>
    {
        public void Report(PreferenceProgress value) => report(value);
    }
}
