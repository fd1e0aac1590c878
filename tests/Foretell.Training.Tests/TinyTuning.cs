using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Training.Tests;

/// <summary>A model of random weights that chats by bytes, facts that it cannot know, and runs that teach them, for as long as a test lasts.</summary>
internal sealed class TinyTuning : IDisposable
{
    public static readonly FineTuningRecipe Recipe = new()
    {
        ContextLength = 64,
        Epochs = 12,
        BatchRows = 2,
        MicroBatchRows = 1,
        LearningRate = 0.003,
        HeldOutShare = 0,
        AnswerTokens = 16,
    };

    private static readonly string[] s_names = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Fox", "Gus", "Hal"];
    private static readonly string[] s_colours = ["red", "blue", "green", "pink", "grey", "gold", "teal", "lime"];

    private readonly TemporaryFolder _folder = new();

    public Device Device { get; } = CpuDevice.Create(null, 1);

    public string Folder(string name = "run") => _folder.File(name);

    public static IReadOnlyList<ChatRecord> Facts(int count = 8) => [.. Enumerable.Range(0, count).Select(i => ChatRecord.Of($"{s_names[i]}?", s_colours[i], $"facts.jsonl, line {i + 1}"))];

    /// <summary>A new model; the same one each time.</summary>
    public TrainedModel NewModel(int context = 64)
    {
        Tokenizer tokenizer = ChatMarkers.AddTo(new ByteTokenizer());
        TransformerConfig config = new PretrainingRecipe { Depth = 2, Channels = 64, Heads = 2, KeyValueHeads = 1, HeadSize = 32, HiddenChannels = 128, ContextLength = context }.Model(tokenizer.VocabularySize);
        var transformer = new Transformer(config, Device, training: true);
        transformer.Initialize(7);
        return new TrainedModel(transformer, tokenizer, ChatTemplate.Default(tokenizer), new GenerationDefaults { EndIds = [tokenizer.EndOfTextId!.Value] });
    }

    public static IReadOnlyList<ChatExample> Encode(TrainedModel model, IEnumerable<ChatRecord> records) => ChatDataset.Encode(records, model.Chat, 64).Examples;

    /// <summary>Trains a model on from where the run is.</summary>
    /// <param name="stopAfter">Cancel when this step is reported.</param>
    public FineTuningResult Train(TrainedModel model, FineTuningRecipe? recipe = null, string name = "run", IReadOnlyList<ChatExample>? train = null, IReadOnlyList<ChatExample>? heldOut = null, long? stopAfter = null, Action<FineTuningProgress>? report = null)
    {
        train ??= Encode(model, Facts());
        FineTuningRecipe resolved = (recipe ?? Recipe).Resolve(model.Transformer.Config, sized => SupervisedFineTuning.Batches(sized, train, 0));
        using var cancellation = new CancellationTokenSource();
        return new SupervisedFineTuning(resolved, model, train, heldOut ?? [], Folder(name)).Run(new Callback(progress =>
        {
            report?.Invoke(progress);
            if (progress.Step == stopAfter)
            {
                cancellation.Cancel();
            }
        }), cancellation.Token);
    }

    public byte[] Saved(string name = "run") => File.ReadAllBytes(Path.Combine(Folder(name), "model", "model.safetensors"));

    public void Dispose()
    {
        Device.Dispose();
        _folder.Dispose();
    }

    private sealed class Callback(Action<FineTuningProgress> report) : IProgress<FineTuningProgress>
    {
        public void Report(FineTuningProgress value) => report(value);
    }
}
