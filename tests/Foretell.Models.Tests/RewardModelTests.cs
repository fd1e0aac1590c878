using System.Text.Json;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Models.Tests;

public sealed class RewardModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = CpuDevice.Create(threads: 2, precision: DType.Float32);
    private readonly ByteTokenizer _tokenizer = new();
    private readonly RewardModel _model;

    public RewardModelTests()
    {
        var transformer = new Transformer(new TransformerConfig { VocabularySize = _tokenizer.VocabularySize, ContextLength = 64, Layers = 2, Channels = 32, Heads = 4, KeyValueHeads = 2, HeadSize = 8, HiddenChannels = 64 }, _device, training: false);
        var head = new ScalarHead(32, _device, training: false);
        foreach (Parameter parameter in transformer.Parameters.All.Concat(head.Parameters.All))
        {
            Initialization.Normal(parameter, 0.3, 5);
        }
        _model = new RewardModel(transformer, head, _tokenizer, ChatTemplate.Default(_tokenizer), new GenerationDefaults { EndIds = [256] });
    }

    public void Dispose()
    {
        _model.Dispose();
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Score_BesideOthers_HasTheBitsThatItHasAlone()
    {
        int[][] sequences = [_model.Ids(Said("What?", "This.")), _model.Ids(Said("And now?", "Something much longer.")), [5, 6]];
        float[] together = _model.Score(sequences);
        Assert.Equal(sequences.Select(sequence => _model.Score([sequence])[0]), together);
        Assert.Equal(3, together.Distinct().Count());
    }

    [Fact]
    public void Ids_OfAConversation_EndWithItsLastTurn() =>
        Assert.Equal([.. "User: a\nAssistant: b"u8.ToArray().Select(value => (int)value), 256], _model.Ids(Said("a", "b")));

    [Fact]
    public void Load_OfWhatWasSaved_ScoresTheSame()
    {
        _model.Save(_folder.File("model"));
        using RewardModel again = RewardModel.Load(_folder.Path, _device);
        Assert.Equal(_model.Score(Said("a", "b")), again.Score(Said("a", "b")));
    }

    [Fact]
    public void Save_OfAModel_NamesWhatTransformersLooksFor()
    {
        _model.Save(_folder.Path);
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(_folder.File("config.json")));
        Assert.Equal("Qwen3ForSequenceClassification", config.RootElement.GetProperty("architectures")[0].GetString());
        Assert.Equal(1, config.RootElement.GetProperty("num_labels").GetInt32());
        Assert.Equal(256, config.RootElement.GetProperty("pad_token_id").GetInt32());
        using ISafeTensors file = SafeTensors.Open(_folder.Path);
        Assert.Equal([1L, 32L], file.Info("score.weight").Shape);
        Assert.True(file.Contains("model.embed_tokens.weight"));
    }

    [Fact]
    public void Load_OfWhatIsNoRewardModel_SaysSo()
    {
        ModelFolder.Save(_model.Transformer, _tokenizer, _folder.Path);
        Assert.Contains("not a reward model", Assert.Throws<InvalidDataException>(() => RewardModel.Load(_folder.Path, _device)).Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => RewardModel.Load(_folder.File("none"), _device));
        _model.Save(_folder.Path);
        Assert.Contains("is a reward model", Assert.Throws<InvalidDataException>(() => PretrainedModel.Load(_folder.Path, _device)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Score_OfWhatItCannot_SaysWhy()
    {
        Assert.Contains("ends with a turn of \"user\"", Assert.Throws<FormatException>(() => _model.Score([new ChatMessage("user", "a")])).Message, StringComparison.Ordinal);
        Assert.Contains("scores 1 to 64", Assert.Throws<ArgumentException>(() => _model.Score([new int[65]])).Message, StringComparison.Ordinal);
    }

    private static ChatMessage[] Said(string question, string answer) => [new ChatMessage("user", question), new ChatMessage("assistant", answer)];
}
