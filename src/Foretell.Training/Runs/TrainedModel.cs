using Foretell.Data;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>A published or trained model made ready to be trained further: its weights in single precision with gradients, and what lies beside them.</summary>
public sealed class TrainedModel : IDisposable
{
    private ChatEncoder? _chat;

    /// <param name="transformer">Without dropout; disposed with this.</param>
    /// <param name="template">What renders conversations.</param>
    /// <param name="generation">Its end ids end an answer.</param>
    public TrainedModel(Transformer transformer, Tokenizer tokenizer, ChatTemplate template, GenerationDefaults generation)
    {
        Transformer = transformer;
        Tokenizer = tokenizer;
        Template = template;
        Generation = generation;
    }

    public Transformer Transformer { get; }

    public Tokenizer Tokenizer { get; }

    /// <summary>What renders conversations: the model's own template, or the default one.</summary>
    public ChatTemplate Template { get; }

    public GenerationDefaults Generation { get; }

    public Device Device => Transformer.Device;

    /// <summary>The model's own weights.</summary>
    public IReadOnlyList<Parameter> Parameters => Transformer.Parameters.All;

    /// <summary>The adapter that is trained in the place of the model's own weights; null for none.</summary>
    public LoraAdapter? Adapter => Transformer.Adapters.Active;

    /// <summary>What training changes: the adapter where there is one, else all weights.</summary>
    public IReadOnlyList<Parameter> Trained => Adapter?.Parameters.All ?? Parameters;

    /// <summary>Where it was loaded from; null where it was made.</summary>
    public string? Path { get; init; }

    /// <summary>Loads a model for training.</summary>
    /// <param name="path">As for <see cref="PretrainedModel.Load"/>; quantized weights are widened.</param>
    /// <param name="training">False for a model that is only asked, such as a reference.</param>
    /// <param name="addMarkers">Whether a vocabulary without <see cref="ChatMarkers"/> is given them; their rows begin as the mean of the others.</param>
    /// <param name="template">The chat template; null for the model's own, or the default one where it has none.</param>
    /// <param name="key">For weights that are encrypted.</param>
    /// <inheritdoc cref="PretrainedModel.Load" path="exception"/>
    public static TrainedModel Load(string path, Device device, bool training = true, bool addMarkers = false, ChatTemplate? template = null, WeightKey? key = null)
    {
        using PretrainedModel published = PretrainedModel.Load(path, device, key);
        Tokenizer tokenizer = addMarkers ? ChatMarkers.AddTo(published.Tokenizer) : published.Tokenizer;
        TransformerConfig config = published.Transformer.Config;
        var transformer = new Transformer(config with { Dropout = 0, VocabularySize = Math.Max(config.VocabularySize, tokenizer.VocabularySize) }, device, training);
        try
        {
            foreach (Parameter parameter in transformer.Parameters.All)
            {
                VocabularyGrowth.Copy(published.Transformer.Parameters.Find(parameter.Name)!.Value, parameter.Value, published.Tokenizer.VocabularySize);
            }
            // An adapter that came with the model becomes part of it.
            published.Transformer.Adapters.Active?.MergeInto(transformer);
            return new TrainedModel(transformer, tokenizer, template ?? OwnTemplate(published) ?? ChatTemplate.Default(tokenizer), published.Generation) { Path = published.Path };
        }
        catch
        {
            transformer.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Loads a model whose own weights stay as they are, for adapters: without gradients, and in the mapped file where that holds
    /// single precision or bfloat16; other types, through which gradients cannot go, are widened.
    /// </summary>
    /// <inheritdoc cref="Load" path="param"/>
    public static TrainedModel LoadFrozen(string path, Device device, ChatTemplate? template = null, WeightKey? key = null)
    {
        PretrainedModel published = PretrainedModel.Load(path, device, key);
        if (published.Transformer.Adapters.Active is not null || published.Transformer.Parameters.All.Any(parameter => parameter.Value.Type is not (DType.Float32 or DType.BFloat16)))
        {
            published.Dispose();
            return Load(path, device, training: false, template: template, key: key);
        }
        return new TrainedModel(published.Transformer, published.Tokenizer, template ?? OwnTemplate(published) ?? ChatTemplate.Default(published.Tokenizer), published.Generation) { Path = published.Path };
    }

    /// <summary>The template that lies with a model; null where there is none.</summary>
    public static ChatTemplate? OwnTemplate(PretrainedModel published) => Directory.Exists(published.Path) ? ChatTemplate.Load(published.Path)
        : published.ChatTemplate is string text ? ChatTemplate.Parse(text)
        : null;

    /// <summary>Conversations to ids and weights by the model's template.</summary>
    /// <exception cref="FormatException">Template and tokenizer do not fit each other; the message says how and what to do.</exception>
    public ChatEncoder Chat => _chat ??= new ChatEncoder(Tokenizer, Template);

    /// <summary>
    /// Writes the finished model: weights, tokenizer, the chat template, and generation defaults whose first end id is the
    /// end of the assistant's turn, so that everything that chats with the model ends its turns. An adapter is merged in.
    /// </summary>
    public void Save(string folder)
    {
        int end = Chat.EndOfTurnId;
        using Transformer? merged = Adapter is null ? null : Merged(Adapter);
        ModelFolder.Save(merged ?? Transformer, Tokenizer, Generation with { EndIds = [end, .. Generation.EndIds.Where(id => id != end)] }, Template, folder);
    }

    /// <summary>A low-rank adapter that is trained from now on in the place of the model's own weights.</summary>
    /// <param name="seed">Of its first values.</param>
    public LoraAdapter Adapt(LoraOptions options, ulong seed, string name = "default")
    {
        var adapter = new LoraAdapter(name, options, Transformer.Projections, Device, training: true);
        adapter.Initialize(seed);
        Transformer.Adapters.Add(adapter);
        Transformer.Adapters.Use(name);
        return adapter;
    }

    public void Dispose() => Transformer.Dispose();

    private Transformer Merged(LoraAdapter adapter)
    {
        var copy = new Transformer(Transformer.Config, Device, training: false);
        foreach (Parameter parameter in copy.Parameters.All)
        {
            parameter.Value.CopyFrom(Transformer.Parameters.Find(parameter.Name)!.Value.ToArray());
        }
        adapter.MergeInto(copy);
        return copy;
    }
}
