using System.Globalization;
using Foretell.Models.Files;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Models;

/// <summary>How a model is converted.</summary>
public sealed record ConversionOptions
{
    /// <summary>
    /// What matrices become: Float32, Float16, BFloat16, or in a GGUF file Q8_0, Q4_0, Q4_K or Q6_K (rows that are not whole
    /// blocks, heads and vectors follow llama.cpp's rules). Null (the default) keeps every tensor's type, except that a
    /// folder holds blocks as the singles they stand for.
    /// </summary>
    public DType? Type { get; init; }

    /// <summary>Whether what stands at the output is replaced; false by default.</summary>
    public bool Overwrites { get; init; }

    /// <summary>For an input that is encrypted; null for a plain one.</summary>
    public WeightKey? InputKey { get; init; }

    /// <summary>To encrypt the output's weights with (the tokenizer and the configuration of a folder stay plain); null (the default) for a plain one.</summary>
    public WeightKey? OutputKey { get; init; }
}

/// <summary>How far a conversion is.</summary>
/// <param name="Activity">What is done: "reading", "writing" or "checking".</param>
/// <param name="Done">Parameters that were written.</param>
/// <param name="Total">All of them.</param>
public readonly record struct ConversionProgress(string Activity, long Done, long Total);

/// <summary>What a conversion gave.</summary>
/// <param name="InputBytes">Of the input's weights (of a GGUF file, the file).</param>
/// <param name="OutputBytes">Of the output's.</param>
/// <param name="Types">Tensors by the type they were written in.</param>
/// <param name="WeightError">Root mean squared difference between the weights written and those read, over the root mean square of those, among the tensors whose type changed; 0 when every weight is kept.</param>
/// <param name="Check">How the logits of the model written compare with those of the model read.</param>
public sealed record ConversionReport(long InputBytes, long OutputBytes, IReadOnlyDictionary<DType, int> Types, double WeightError, LogitComparison Check);

/// <summary>
/// Converts models between Hugging Face folders and GGUF files, tensor by tensor over the mapped input, so that no copy of the
/// model is held. The output is written beside its place, loaded again, and compared with the input by the logits of a
/// text; only then it takes its name.
/// </summary>
public static class ModelConversion
{
    private const string ProbeText = "Once upon a time, there was a café with 12 tables; \"Hello!\" said the owner, and they didn't say anything.\nThe end.";
    private const int ProbeTokens = 32;

    /// <param name="input">What <see cref="PretrainedModel.Load"/> loads.</param>
    /// <param name="output">A name that ends in .gguf for a GGUF file, else a folder.</param>
    /// <param name="device">Computes the logits of both; single precision compares best.</param>
    /// <exception cref="IOException">The input is missing, the output exists, or the disk is full.</exception>
    /// <exception cref="InvalidDataException">The input is malformed, or the output did not say the same; nothing is left at the output's place.</exception>
    /// <exception cref="ArgumentException">The output's form can't hold the model; the message says why.</exception>
    public static ConversionReport Convert(string input, string output, ConversionOptions options, Device device, IProgress<ConversionProgress>? progress = null, CancellationToken cancellation = default)
    {
        output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        bool toGguf = output.EndsWith(GgufFile.Extension, StringComparison.OrdinalIgnoreCase);
        if (!toGguf && options.Type is DType wanted)
        {
            PublishedTensors.SafeTensorName(wanted);
        }
        RequireFree(output, toGguf, options.Overwrites);
        // A name that no other conversion has: what is removed at the end is this one's own.
        string partial = $"{output}.{Path.GetRandomFileName()}.converting";
        progress?.Report(new ConversionProgress("reading", 0, 0));
        int[] ids;
        float[] before;
        using (PretrainedModel model = PretrainedModel.Load(input, device, options.InputKey))
        {
            RequireApart(model.Path, output);
            if (model.Transformer.Adapters.Active is not null)
            {
                throw new InvalidDataException($"{input} is an adapter; convert the merged model that its run wrote beside it, or the model without it.");
            }
            ids = ProbeIds(model);
            before = LogitComparison.Logits(model.Transformer, ids);
        }
        cancellation.ThrowIfCancellationRequested();
        try
        {
            // Loaded anew: computing logits packed the weights, and writing must not hold them a second time.
            using PretrainedModel model = PretrainedModel.Open(input, device, checks: false, options.InputKey);
            var writing = new Writing(model, options, progress, cancellation);
            if (toGguf)
            {
                writing.Gguf(partial, Path.GetFileNameWithoutExtension(output));
            }
            else
            {
                writing.Folder(partial);
            }
            progress?.Report(new ConversionProgress("checking", 0, 0));
            LogitComparison check = Check(partial, options.OutputKey, model, ids, before, device, LogitComparison.Tolerance(writing.Changes));
            var report = new ConversionReport(WeightBytes(model.Path), WeightBytes(partial), writing.Types, writing.Error.Relative, check);
            cancellation.ThrowIfCancellationRequested();
            Place(partial, output, toGguf);
            return report;
        }
        finally
        {
            if (toGguf)
            {
                File.Delete(partial);
            }
            else
            {
                RemoveFolder(partial);
            }
        }
    }

    private static LogitComparison Check(string partial, WeightKey? key, PretrainedModel original, int[] ids, float[] before, Device device, double tolerance)
    {
        using PretrainedModel written = PretrainedModel.Load(partial, device, key);
        CheckTokenizer(original.Tokenizer, written.Tokenizer);
        var comparison = LogitComparison.Of(before, LogitComparison.Logits(written.Transformer, ids), original.Transformer.Config.VocabularySize, tolerance);
        return comparison.IsWithinTolerance ? comparison
            : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"The model that was written does not say what the model that was read says: its logits differ by {comparison.RelativeError:G3} of their size, where {tolerance:G3} is to be expected; it was removed."));
    }

    private static void CheckTokenizer(Tokenizer original, Tokenizer written)
    {
        string[] probes = [ProbeText, "a", "The cat's 3 mice", "naïve  ünïcödé 北京 🙂\t\n\n x=1;", new string('7', 13), "I'LL GO"];
        foreach (string text in probes)
        {
            if (!original.Encode(text).SequenceEqual(written.Encode(text)))
            {
                throw new InvalidDataException($"The tokenizer cannot be expressed in the output's form: it gives other ids there for \"{text.ReplaceLineEndings(" ")}\".");
            }
        }
    }

    private static int[] ProbeIds(PretrainedModel model)
    {
        int[] ids = model.Prompt(ProbeText);
        return ids[..Math.Min(ids.Length, Math.Min(ProbeTokens, model.Transformer.Config.ContextLength))];
    }

    private static void RequireFree(string output, bool toGguf, bool overwrites)
    {
        bool isFolder = Directory.Exists(output);
        if (isFolder == toGguf && (isFolder || File.Exists(output)))
        {
            throw new IOException($"{output} is a {(isFolder ? "folder" : "file")}; a name that ends in {GgufFile.Extension} is a GGUF file, any other a folder.");
        }
        if (!overwrites && (File.Exists(output) || (isFolder && Directory.EnumerateFileSystemEntries(output).Any())))
        {
            throw new IOException($"{output} exists already; --force replaces it.");
        }
        if (isFolder)
        {
            RequireNothingAside(output);
        }
        string parent = Path.GetDirectoryName(output) ?? output;
        if (!Directory.Exists(parent))
        {
            throw new DirectoryNotFoundException($"There is no folder {parent} to write {Path.GetFileName(output)} into.");
        }
    }

    private static void RequireNothingAside(string output)
    {
        if (Path.Exists(Aside(output)))
        {
            throw new IOException($"{Aside(output)} exists already, where {Path.GetFileName(output)} steps aside to while it is replaced; an interrupted conversion may have left it: move or remove it.");
        }
    }

    private static void RequireApart(string input, string output)
    {
        // The files of a folder may be links themselves, as in Hugging Face's cache.
        string[] sources = [input, .. Directory.Exists(input) ? Directory.EnumerateFiles(input) : []];
        string[] places = [output, LinkedPaths.Resolve(output), Aside(output), LinkedPaths.Resolve(Aside(output))];
        foreach (string source in sources)
        {
            if (places.Any(place => LinkedPaths.IsWithin(Path.GetFullPath(source), place) || LinkedPaths.IsWithin(LinkedPaths.Resolve(source), place)))
            {
                throw new IOException($"{output} is what the model is read from, or is replaced by way of it; name another place to write to.");
            }
        }
    }

    /// <summary>Where a folder stands while it is replaced.</summary>
    private static string Aside(string output) => output + ".replaced";

    private static void Place(string partial, string output, bool isFile)
    {
        if (isFile)
        {
            File.Move(partial, output, overwrite: true);
            return;
        }
        // A folder is not replaced by one rename: the old one steps aside, and comes back when the new one can't take its place.
        string aside = Aside(output);
        bool replaces = Directory.Exists(output);
        if (replaces)
        {
            RequireNothingAside(output);
            Directory.Move(output, aside);
        }
        try
        {
            Directory.Move(partial, output);
        }
        catch when (replaces)
        {
            Directory.Move(aside, output);
            throw;
        }
        if (replaces)
        {
            RemoveFolder(aside);
        }
    }

    private static void RemoveFolder(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private static long WeightBytes(string path) => Directory.Exists(path)
        ? Directory.EnumerateFiles(path, "*.safetensors").Sum(file => new FileInfo(file).Length)
        : new FileInfo(path).Length;

    /// <summary>One model on its way into files.</summary>
    private sealed class Writing(PretrainedModel model, ConversionOptions options, IProgress<ConversionProgress>? progress, CancellationToken cancellation)
    {
        private readonly Dictionary<DType, int> _types = [];
        private readonly HashSet<DType> _changes = [];
        private long _done;

        public IReadOnlyDictionary<DType, int> Types => _types;

        /// <summary>The types that matrices were rounded to.</summary>
        public IReadOnlyCollection<DType> Changes => _changes;

        public RoundingError Error { get; private set; }

        private Transformer Transformer => model.Transformer;

        private TransformerConfig Config => model.Transformer.Config;

        public void Gguf(string path, string name)
        {
            DType TypeOf(Parameter parameter) => StoredTypes.Gguf(Config, parameter, options.Type);
            IReadOnlyList<int> ends = model.Generation.EndIds;
            GgmlVocabulary vocabulary = GgmlVocabulary.Of(model.Tokenizer, Config.VocabularySize) with
            {
                BeginId = model.Generation.BeginId,
                AddsBegin = model.Generation.AddsBegin,
                EndId = ends.Count > 0 ? ends[0] : null,
                EndOfTurnId = ends.Count > 1 ? ends[1] : null,
                EndOfMessageId = ends.Count > 2 ? ends[2] : null,
            };
            var metadata = new GgufMetadata();
            metadata.Add(GgufMetadata.Architecture, Config.Architecture)
                .Add("general.type", "model")
                .Add("general.name", name)
                .Add("general.file_type", StoredTypes.FileType(StoredTypes.MostBytes(Transformer.Parameters.All, TypeOf)))
                .Add("general.quantization_version", 2u);
            GgufConfig.Write(Config, metadata);
            GgufSampling.Write(model.Generation, metadata);
            GgufTokenizer.Write(vocabulary, metadata);
            if (model.ChatTemplate is not null)
            {
                metadata.Add(GgufTokenizer.ChatTemplate, model.ChatTemplate);
            }
            GgufWriter.Write(path, metadata, PublishedTensors.Gguf(Transformer, TypeOf, (parameter, error) => Written(parameter, TypeOf(parameter), error)), options.OutputKey);
        }

        public void Folder(string folder)
        {
            Func<Parameter, DType> typeOf = StoredTypes.HuggingFace(Transformer, options.Type);
            Directory.CreateDirectory(folder);
            DType most = StoredTypes.MostBytes(Transformer.Parameters.All, typeOf);
            AtomicFile.Write(Path.Combine(folder, ConfigJson.FileName), ConfigJson.Write(Config, model.Generation.BeginId, model.Generation.EndIds, most));
            if (Directory.Exists(model.Path))
            {
                foreach (string name in new[] { PublishedDefaults.GenerationName, PublishedDefaults.TokenizerName, PublishedDefaults.TemplateName })
                {
                    string source = Path.Combine(model.Path, name);
                    if (File.Exists(source))
                    {
                        AtomicFile.Write(Path.Combine(folder, name), File.ReadAllBytes(source));
                    }
                }
            }
            else
            {
                PublishedDefaults.Write(folder, model.Generation, model.Tokenizer, model.ChatTemplate, Config.ContextLength);
            }
            model.Tokenizer.Save(folder);
            SafeTensorsWriter.Write(
                Path.Combine(folder, SafeTensors.FileName),
                PublishedTensors.HuggingFace(Transformer, typeOf, (parameter, error) => Written(parameter, typeOf(parameter), error)),
                new Dictionary<string, string> { ["format"] = "pt" },
                options.OutputKey);
        }

        private void Written(Parameter parameter, DType type, RoundingError error)
        {
            cancellation.ThrowIfCancellationRequested();
            _types[type] = _types.GetValueOrDefault(type) + 1;
            if (error.Differences > 0)
            {
                _changes.Add(type);
            }
            // Beside blocks activations are rounded too, beside singles not: what was only unpacked differs all the same.
            if (parameter.Value.Type.IsQuantized() && parameter.Value.Type != type)
            {
                _changes.Add(parameter.Value.Type);
            }
            Error += error;
            _done += parameter.Value.Shape.ElementCount;
            progress?.Report(new ConversionProgress("writing", _done, Config.ParameterCount));
        }
    }
}
