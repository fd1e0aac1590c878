using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;
using Foretell.World;

namespace Foretell.Training.Tests;

/// <summary>A corpus of the little world, by bytes, and runs of tiny models on it, for as long as a test lasts.</summary>
internal sealed class TinyRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<ulong, TokenShards> _shards = [];

    public static readonly PretrainingRecipe Recipe = new()
    {
        Tokenizer = "bytes",
        Depth = 2,
        Channels = 32,
        Heads = 2,
        KeyValueHeads = 1,
        HeadSize = 16,
        HiddenChannels = 64,
        ContextLength = 32,
        BatchRows = 4,
        MicroBatchRows = 2,
        Steps = 40,
        CheckpointEvery = 5,
        ValidateEvery = 20,
        ValidationTokens = 256,
        KeepCheckpoints = 3,
    };

    public ByteTokenizer Tokenizer { get; } = new();

    public string Folder(string name = "run") => _folder.File(name);

    public string Checkpoints(string name = "run") => Path.Combine(Folder(name), "checkpoints");

    public string Newest(string name = "run") => Checkpoint.Newest(Checkpoints(name)) ?? throw new InvalidOperationException("no checkpoint");

    public byte[] Model(string name = "run") => File.ReadAllBytes(Path.Combine(Folder(name), "model", "model.safetensors"));

    /// <summary>Trains a run on from where it is.</summary>
    /// <param name="stopAfter">Cancel when this step is reported.</param>
    /// <param name="worldSeed">Which corpus.</param>
    public PretrainingResult Train(PretrainingRecipe? recipe = null, string name = "run", int threads = 1, long? stopAfter = null, string? kernels = null, ulong worldSeed = 1, Action<PretrainingProgress>? report = null)
    {
        using Device device = CpuDevice.Create(kernels, threads);
        recipe ??= Recipe;
        TransformerConfig config = recipe.Model(Tokenizer.VocabularySize);
        using var cancellation = new CancellationTokenSource();
        var training = new Pretraining(ScalingDial.Resolve(recipe, config), config, device, Tokenizer, Shards(worldSeed), Folder(name));
        PretrainingResult result = training.Run(new Callback(progress =>
        {
            report?.Invoke(progress);
            if (progress.Step == stopAfter)
            {
                cancellation.Cancel();
            }
        }), cancellation.Token);
        Assert.Equal(0, device.Memory.LiveBytes);
        return result;
    }

    public TokenShards Shards(ulong worldSeed = 1)
    {
        if (!_shards.TryGetValue(worldSeed, out TokenShards? shards))
        {
            string path = _folder.File($"world{worldSeed}.txt");
            File.WriteAllText(path, string.Join("<|endoftext|>", new LittleWorld(worldSeed).Documents().Take(300).Select(document => document.Text)));
            _shards[worldSeed] = shards = TokenShards.Prepare(Corpus.Open([path]), Tokenizer, _folder.File($"shards{worldSeed}"), new ShardOptions { Threads = 1 });
        }
        return shards;
    }

    public void Dispose()
    {
        foreach (TokenShards shards in _shards.Values)
        {
            shards.Dispose();
        }
        _folder.Dispose();
    }

    private sealed class Callback(Action<PretrainingProgress> report) : IProgress<PretrainingProgress>
    {
        public void Report(PretrainingProgress value) => report(value);
    }
}
