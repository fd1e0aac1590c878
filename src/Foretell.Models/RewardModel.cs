using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Models.Files;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Models;

/// <summary>
/// A transformer that scores answers: the number that a <see cref="ScalarHead"/> reads off the state after the answer's end
/// of turn (Ouyang et al. 2022, <see href="https://arxiv.org/abs/2203.02155"/>). Only differences between answers to one
/// prompt mean something. Scoring is safe from one thread at a time.
/// </summary>
/// <remarks>
/// On disk it is a folder as transformers writes its sequence classifiers with one label (Qwen3ForSequenceClassification and
/// its kin): score.weight stands beside the other weights. Departure: the head has a bias, score.bias, which transformers
/// leaves out; its rewards are then the same but for a constant.
/// </remarks>
public sealed class RewardModel : IDisposable
{
    private const string Classifier = "ForSequenceClassification";
    private const int RowsAtOnce = 4096;

    private readonly GenerationDefaults _generation;

    /// <param name="transformer">Owned by this from now on, as the head is.</param>
    /// <param name="template">Renders what is scored.</param>
    /// <param name="generation">What stood beside the model that it was made from; it says which ids end a turn.</param>
    public RewardModel(Transformer transformer, ScalarHead head, Tokenizer tokenizer, ChatTemplate template, GenerationDefaults generation)
    {
        (Transformer, Head, Tokenizer, Template, _generation) = (transformer, head, tokenizer, template, generation);
    }

    public Transformer Transformer { get; }

    public ScalarHead Head { get; }

    public Tokenizer Tokenizer { get; }

    public ChatTemplate Template { get; }

    /// <summary>Whether a folder (or the finished model of a run's folder) holds a reward model.</summary>
    public static bool Looks(string path)
    {
        string config = Path.Combine(PretrainedModel.Finished(path), ConfigJson.FileName);
        return File.Exists(config) && Architecture(config)?.EndsWith(Classifier, StringComparison.Ordinal) == true;
    }

    /// <summary>Loads a reward model, its weights in single precision.</summary>
    /// <param name="path">Its folder, or the folder of the run that made it.</param>
    /// <param name="device">Where it is computed; not disposed with the model.</param>
    /// <param name="training">Whether its parameters have gradients.</param>
    /// <exception cref="IOException">There is no such folder, or no tokenizer in it.</exception>
    /// <exception cref="InvalidDataException">It is no reward model, or a file of it is damaged; the message says which.</exception>
    public static RewardModel Load(string path, Device device, bool training = false)
    {
        if (!Directory.Exists(path))
        {
            throw new DirectoryNotFoundException($"There is no folder {path}; a reward model is a folder that foretell reward makes.");
        }
        string folder = PretrainedModel.Finished(path);
        if (!Looks(folder))
        {
            throw new InvalidDataException($"{folder} is not a reward model: its {ConfigJson.FileName} names no architecture that ends in {Classifier}; make one by foretell reward.");
        }
        TransformerConfig config = ModelFolder.ReadConfig(folder);
        Tokenizer tokenizer = TokenizerFiles.Load(folder);
        (GenerationDefaults generation, _) = PublishedDefaults.Read(folder, tokenizer);
        ChatTemplate template = ChatTemplate.Load(folder) ?? ChatTemplate.Default(tokenizer);
        var transformer = new Transformer(config with { Dropout = 0 }, device, training);
        var head = new ScalarHead(config.Channels, device, training);
        try
        {
            ModelFolder.LoadWeights(transformer, folder);
            using ISafeTensors file = SafeTensors.Open(folder);
            foreach (Nn.Parameter parameter in head.Parameters.All)
            {
                // Other programs' classifiers have no bias.
                if (file.Contains(parameter.Name) || parameter.Kind == Nn.ParameterKind.Matrix)
                {
                    SafeTensorInfo info = ModelFolder.Require(file, parameter.Name);
                    if (!info.Shape.SequenceEqual(ModelFolder.Lengths(parameter.Value)))
                    {
                        throw new InvalidDataException($"{folder}: {parameter.Name} is [{string.Join(", ", info.Shape)}]; a reward model has one label, so {parameter.Value.Shape} was expected.");
                    }
                    ModelFolder.Read(file, info, parameter.Value);
                }
            }
            return new RewardModel(transformer, head, tokenizer, template, generation);
        }
        catch
        {
            transformer.Dispose();
            head.Dispose();
            throw;
        }
    }

    /// <summary>The ids that are scored: of the conversation up to the end of its last turn, an answer of the assistant.</summary>
    /// <exception cref="FormatException">It does not end with one.</exception>
    public int[] Ids(IReadOnlyList<ChatMessage> conversation) => AnswerTokens.Of(Template, Tokenizer, conversation).Ids;

    /// <summary>The reward of a conversation that ends with an answer of the assistant.</summary>
    /// <inheritdoc cref="Ids" path="exception"/>
    public float Score(IReadOnlyList<ChatMessage> conversation) => Score([Ids(conversation)])[0];

    /// <summary>The reward of each sequence at its last id, which ends an answer's turn. A reward does not depend on what is scored beside it.</summary>
    /// <param name="sequences">Each of 1 to context length ids.</param>
    /// <exception cref="ArgumentException">A sequence is empty or longer than the context.</exception>
    public float[] Score(IReadOnlyList<int[]> sequences)
    {
        float[] rewards = new float[sequences.Count];
        for (int first = 0; first < sequences.Count;)
        {
            var segments = new List<(int Start, int Length)>();
            int rows = 0;
            while (first + segments.Count < sequences.Count && (rows == 0 || rows + sequences[first + segments.Count].Length <= RowsAtOnce))
            {
                int length = sequences[first + segments.Count].Length;
                if (length == 0 || length > Transformer.Config.ContextLength)
                {
                    throw new ArgumentException(FormattableString.Invariant($"Sequence {first + segments.Count} has {length} tokens; the reward model scores 1 to {Transformer.Config.ContextLength}."));
                }
                segments.Add((rows, length));
                rows += length;
            }
            int[] ids = new int[rows];
            int[] positions = new int[rows];
            for (int i = 0; i < segments.Count; i++)
            {
                (int start, int length) = segments[i];
                sequences[first + i].CopyTo(ids, start);
                for (int position = 0; position < length; position++)
                {
                    positions[start + position] = position;
                }
            }
            using var tape = new Tape(Transformer.Device, recording: false);
            // [rows, 1]
            float[] scores = Head.Forward(tape, Transformer.Hidden(tape, new TokenBatch(ids, positions, segments))).ToArray();
            foreach ((int start, int length) in segments)
            {
                rewards[first++] = scores[start + length - 1];
            }
        }
        return rewards;
    }

    /// <summary>Writes the folder; the configuration comes last, so that what a kill leaves is not taken for a model.</summary>
    public void Save(string folder) => Save(Transformer, Head, Tokenizer, Template, _generation, folder);

    /// <summary>The same of parts that belong to somebody else.</summary>
    public static void Save(Transformer transformer, ScalarHead head, Tokenizer tokenizer, ChatTemplate template, GenerationDefaults generation, string folder)
    {
        Directory.CreateDirectory(folder);
        tokenizer.Save(folder);
        PublishedDefaults.Write(folder, generation, tokenizer, template.Source, transformer.Config.ContextLength);
        SafeTensorsWriter.Write(
            Path.Combine(folder, SafeTensors.FileName),
            [.. PublishedTensors.HuggingFace(transformer, _ => DType.Float32), .. head.Parameters.All.Select(parameter => ModelFolder.Source(parameter.Name, parameter.Value))],
            new Dictionary<string, string> { ["format"] = "pt" });
        JsonObject config = JsonNode.Parse(ConfigJson.Write(transformer.Config, generation.BeginId, generation.EndIds))!.AsObject();
        string causal = config["architectures"]![0]!.GetValue<string>();
        config["architectures"] = new JsonArray(causal.Replace("ForCausalLM", "", StringComparison.Ordinal).Replace("LMHeadModel", "", StringComparison.Ordinal) + Classifier);
        config["num_labels"] = 1;
        config["id2label"] = new JsonObject { ["0"] = "reward" };
        config["label2id"] = new JsonObject { ["reward"] = 0 };
        // transformers finds a sequence's last token by it when it scores several at once.
        config["pad_token_id"] = tokenizer.EndOfTextId ?? 0;
        AtomicFile.Write(Path.Combine(folder, ConfigJson.FileName), Encoding.UTF8.GetBytes(config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n"));
    }

    public void Dispose()
    {
        Transformer.Dispose();
        Head.Dispose();
    }

    private static string? Architecture(string config) => JsonObjects.Read(config)["architectures"] is JsonArray { Count: > 0 } names ? JsonObjects.Text(names[0]) : null;
}
