using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Training.Tests;

public sealed class TrainedModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = CpuDevice.Create(null, 1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Load_WithMarkers_GrowsTheVocabularyAndLeavesTheRestToTheBit()
    {
        string path = SaveBase();
        using TrainedModel before = TrainedModel.Load(path, _device, training: false);
        using TrainedModel after = TrainedModel.Load(path, _device, training: false, addMarkers: true);
        Assert.Equal(before.Tokenizer.VocabularySize + 4, after.Transformer.Config.VocabularySize);
        Assert.Contains("<|im_start|>", after.Template.Source, StringComparison.Ordinal);
        (float[] old, float[] grown) = (Logits(before), Logits(after));
        Assert.Equal(old, grown[..old.Length]);

        Tensor rows = after.Transformer.Parameters.Find("model.embed_tokens.weight")!.Value;
        float[] values = rows.ToArray();
        int width = rows.Shape[1];
        for (int channel = 0; channel < width; channel++)
        {
            double mean = Enumerable.Range(0, 257).Average(id => (double)values[id * width + channel]);
            Assert.Equal(mean, values[260 * width + channel], 1e-6);
        }
    }

    [Fact]
    public void Save_FinishedModel_TalksAndEndsItsTurnsInEveryForm()
    {
        using TrainedModel model = TrainedModel.Load(SaveBase(), _device, addMarkers: true);
        string finished = _folder.File("finished");
        model.Save(finished);
        int end = model.Tokenizer.SpecialId("<|im_end|>")!.Value;
        string gguf = _folder.File("finished.gguf");
        ModelConversion.Convert(finished, gguf, new ConversionOptions(), _device);
        foreach (string path in new[] { finished, gguf })
        {
            using PretrainedModel loaded = PretrainedModel.Load(path, _device);
            Assert.Equal(model.Template.Source, loaded.ChatTemplate);
            Assert.Equal(end, loaded.Generation.EndIds[0]);
            Assert.Contains(model.Tokenizer.EndOfTextId!.Value, loaded.Generation.EndIds);
            Assert.False(loaded.Tokenizer.IsSpecial(loaded.Tokenizer.SpecialId("<think>")!.Value));
        }
        using TrainedModel again = TrainedModel.Load(finished, _device);
        Assert.Equal(end, again.Chat.EndOfTurnId);
    }

    [Fact]
    public void Save_TemplateOfItsOwnForTools_KeepsBoth()
    {
        string path = SaveBase();
        File.WriteAllText(Path.Combine(path, "tokenizer_config.json"), """{"chat_template": [{"name": "default", "template": "{% for m in messages %}{{ m.content }}<|endoftext|>{% endfor %}"}, {"name": "tool_use", "template": "{{ tools }}"}]}""");
        using TrainedModel model = TrainedModel.Load(path, _device);
        string finished = _folder.File("finished");
        model.Save(finished);
        ChatTemplate template = ChatTemplate.Load(finished)!;
        Assert.Equal((model.Template.Source, "{{ tools }}"), (template.Source, template.SourceWithTools));
    }

    private float[] Logits(TrainedModel model)
    {
        using var tape = new Tape(_device, recording: false);
        return model.Transformer.Logits(tape, model.Transformer.Hidden(tape, TokenBatch.Single([72, 105, 33])))
            .ToArray()[..model.Transformer.Config.VocabularySize];
    }

    private string SaveBase()
    {
        string path = _folder.File("base");
        using var model = new Transformer(new PretrainingRecipe { Depth = 2, Channels = 32, Heads = 2, KeyValueHeads = 1, HeadSize = 16, HiddenChannels = 64, ContextLength = 64 }.Model(257), _device, training: false);
        model.Initialize(3);
        ModelFolder.Save(model, new ByteTokenizer(), path);
        return path;
    }
}
