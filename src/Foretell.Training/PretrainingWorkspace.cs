using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>
/// A run's folder made ready: the tokenizer trained or loaded (tokenizer/), the corpus tokenized into shards (data/), every
/// open value of the recipe filled in (config.json). Shards that are there already and fit are used again.
/// </summary>
public sealed class PretrainingWorkspace : IDisposable
{
    private const string ConfigFile = "config.json";

    private readonly FileStream _lock;

    private PretrainingWorkspace(FileStream @lock, string folder, PretrainingRecipe recipe, TransformerConfig model, Tokenizer tokenizer, TokenShards shards)
    {
        _lock = @lock;
        Folder = folder;
        Recipe = recipe;
        Model = model;
        Tokenizer = tokenizer;
        Shards = shards;
    }

    public string Folder { get; }

    /// <summary>The recipe with every value filled in.</summary>
    public PretrainingRecipe Recipe { get; private set; }

    public TransformerConfig Model { get; }

    public Tokenizer Tokenizer { get; }

    public TokenShards Shards { get; }

    /// <summary>Makes the folder ready.</summary>
    /// <param name="text">Files, folders and globs of the corpus.</param>
    /// <param name="threads">Threads to tokenize on.</param>
    /// <param name="say">Receives one line a stage.</param>
    /// <exception cref="IOException">Another process trains in the folder.</exception>
    public static PretrainingWorkspace Prepare(PretrainingRecipe recipe, IReadOnlyList<string> text, string folder, int threads, Action<string>? say = null, CancellationToken cancellation = default)
    {
        Directory.CreateDirectory(folder);
        return Holding(folder, @lock => Prepare(@lock, recipe, text, folder, threads, say, cancellation));
    }

    private static PretrainingWorkspace Prepare(FileStream @lock, PretrainingRecipe recipe, IReadOnlyList<string> text, string folder, int threads, Action<string>? say, CancellationToken cancellation)
    {
        // What the vocabulary's size does not change is refused before minutes go into tokenizing.
        recipe.Model(vocabulary: 1).Validate();
        Corpus corpus = Corpus.Open(text, new CorpusOptions { TextField = recipe.TextField });
        Tokenizer tokenizer = PrepareTokenizer(recipe, corpus, Path.Combine(folder, "tokenizer"), threads, say, cancellation);
        say?.Invoke(FormattableString.Invariant($"tokenizing {corpus.Bytes / 1e6:F1} MB"));
        TokenShards shards = TokenShards.Prepare(corpus, tokenizer, Path.Combine(folder, "data"), new ShardOptions { Split = recipe.Split, ValidationShare = recipe.ValidationShare, SplitSeed = recipe.Seed, Threads = threads }, cancellation: cancellation);
        SaySplit(recipe, shards, say);
        TransformerConfig model = recipe.Model(tokenizer.VocabularySize);
        var workspace = new PretrainingWorkspace(@lock, folder, ScalingDial.Resolve(recipe, model), model, tokenizer, shards);
        workspace.WriteConfig(text);
        return workspace;
    }

    /// <summary>Says so when few documents, each whole on one side, made the split another than was asked for.</summary>
    private static void SaySplit(PretrainingRecipe recipe, TokenShards shards, Action<string>? say)
    {
        double share = (double)shards.Validation.TokenCount / Math.Max(1, shards.Validation.TokenCount + shards.Train.TokenCount);
        if (recipe.ValidationShare > 0 && (share > 2 * recipe.ValidationShare || share < recipe.ValidationShare / 2))
        {
            say?.Invoke(FormattableString.Invariant($"note: {share:P1} of the tokens are held out instead of {recipe.ValidationShare:P1}, since whole documents are, and there are {shards.Train.DocumentCount + shards.Validation.DocumentCount}; split=Tail holds out the corpus's end instead"));
        }
    }

    /// <summary>Opens the folder of a run that has begun. Nothing in it is changed, so a resume that is refused leaves it as it was.</summary>
    /// <param name="recipe">The run's, perhaps with other intervals of validation and checkpoints.</param>
    /// <exception cref="IOException">Another process trains in the folder.</exception>
    public static PretrainingWorkspace Reopen(PretrainingRecipe recipe, string folder) => Holding(folder, @lock =>
    {
        Tokenizer tokenizer = TokenizerFiles.Load(Path.Combine(folder, "tokenizer"));
        TokenShards shards = TokenShards.Open(Path.Combine(folder, "data"));
        TransformerConfig model = recipe.Model(tokenizer.VocabularySize);
        return new PretrainingWorkspace(@lock, folder, ScalingDial.Resolve(recipe, model), model, tokenizer, shards);
    });

    /// <summary>Changes the number of steps, before training begins: for a budget of time.</summary>
    public void SetSteps(long steps, IReadOnlyList<string> text)
    {
        Recipe = ScalingDial.Resolve(Recipe with { Steps = steps, ValidateEvery = null, CheckpointEvery = null }, Model);
        WriteConfig(text);
    }

    /// <summary>What a run's config.json holds: the recipe's JSON and the corpus's paths; null when the folder has none.</summary>
    public static (string Recipe, IReadOnlyList<string> Text)? ReadConfig(string folder)
    {
        string path = Path.Combine(folder, ConfigFile);
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            JsonNode root = JsonNode.Parse(File.ReadAllBytes(path))!;
            return (root["recipe"]!.ToJsonString(), [.. root["text"]!.AsArray().Select(node => node!.GetValue<string>())]);
        }
        catch (Exception error) when (error is JsonException or NullReferenceException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path} is damaged; give the recipe and --text again.");
        }
    }

    /// <summary>Gives the folder free for another process.</summary>
    public void Dispose()
    {
        Shards.Dispose();
        _lock.Dispose();
    }

    /// <summary>Opens a workspace that holds the folder until it is disposed: two runs that write the same files would ruin both.</summary>
    private static PretrainingWorkspace Holding(string folder, Func<FileStream, PretrainingWorkspace> open)
    {
        FileStream @lock = RunLock.Take(folder);
        try
        {
            return open(@lock);
        }
        catch
        {
            @lock.Dispose();
            throw;
        }
    }

    private void WriteConfig(IReadOnlyList<string> text)
    {
        var root = new JsonObject
        {
            ["text"] = new JsonArray([.. text.Select(path => (JsonNode)JsonValue.Create(Path.GetFullPath(path)))]),
            ["recipe"] = JsonNode.Parse(Recipe.ToJson()),
        };
        AtomicFile.Write(Path.Combine(Folder, ConfigFile), Encoding.UTF8.GetBytes(root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n"));
    }

    private static Tokenizer PrepareTokenizer(PretrainingRecipe recipe, Corpus corpus, string folder, int threads, Action<string>? say, CancellationToken cancellation)
    {
        switch (recipe.Tokenizer)
        {
            case "bytes":
                var bytes = new ByteTokenizer();
                bytes.Save(folder);
                return bytes;
            case "characters":
                using (var whole = new MemoryStream())
                {
                    foreach (byte[] document in corpus.Documents(cancellation))
                    {
                        whole.Write(document);
                    }
                    CharacterTokenizer characters = CharacterTokenizer.Train(whole.GetBuffer().AsSpan(0, (int)whole.Length));
                    characters.Save(folder);
                    return characters;
                }
            case "bpe":
                say?.Invoke(FormattableString.Invariant($"training a tokenizer of {recipe.Vocabulary:N0} tokens"));
                BytePairEncoding trained = BpeTrainer.Train(
                    new BpeTrainerOptions { VocabularySize = recipe.Vocabulary, SpecialTokens = [BpeTrainerOptions.EndOfText, .. ChatMarkers.Special], PlainTokens = ChatMarkers.Plain, Threads = threads },
                    corpus.Documents(cancellation).Select(document => (ReadOnlyMemory<byte>)document),
                    cancellation: cancellation);
                trained.Save(folder);
                return trained;
            default:
                Tokenizer given = TokenizerFiles.Load(recipe.Tokenizer);
                given.Save(folder);
                return given;
        }
    }
}
