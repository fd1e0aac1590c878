using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>A published or trained model made ready to be trained further: its weights in single precision with gradients, and what lies beside them.</summary>
public sealed class TrainedModel : IDisposable
{
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

    /// <summary>What training changes.</summary>
    public IReadOnlyList<Parameter> Parameters => Transformer.Parameters.All;

    /// <summary>Loads a model for training.</summary>
    /// <param name="path">As for <see cref="PretrainedModel.Load"/>; quantized weights are widened.</param>
    /// <param name="training">False for a model that is only asked, such as a reference.</param>
    /// <inheritdoc cref="PretrainedModel.Load" path="exception"/>
    public static TrainedModel Load(string path, Device device, bool training = true)
    {
        using PretrainedModel published = PretrainedModel.Load(path, device);
        var transformer = new Transformer(published.Transformer.Config with { Dropout = 0 }, device, training);
        try
        {
            foreach (Parameter parameter in transformer.Parameters.All)
            {
                parameter.Value.CopyFrom(published.Transformer.Parameters.Find(parameter.Name)!.Value.ToArray());
            }
            ChatTemplate? own = Directory.Exists(published.Path) ? ChatTemplate.Load(published.Path)
                : published.ChatTemplate is string text ? ChatTemplate.Parse(text)
                : null;
            return new TrainedModel(transformer, published.Tokenizer, own ?? ChatTemplate.Default(published.Tokenizer), published.Generation);
        }
        catch
        {
            transformer.Dispose();
            throw;
        }
    }

    public void Dispose() => Transformer.Dispose();
}
