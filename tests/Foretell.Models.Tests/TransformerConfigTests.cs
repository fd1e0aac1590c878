using Foretell.Tensors;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Models.Tests;

public class TransformerConfigTests
{
    private static readonly TransformerConfig Small = new() { VocabularySize = 50, Channels = 16, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadSize = 4, HiddenChannels = 24, ContextLength = 32 };

    public static TheoryData<string, TransformerConfig> Families => new()
    {
        { "qwen3", Small.Qwen3() },
        { "qwen2", Small.Qwen2() },
        { "llama", Small.Llama() with { TiedHead = false } },
        { "gpt2", TransformerConfig.Gpt2(50, 2, 16, 4, 32) },
    };

    [Fact]
    public void ParameterCount_Gpt2_IsThePublishedOne() => Assert.Equal(124_439_808, TransformerConfig.Gpt2().ParameterCount);

    [Fact]
    public void ParameterCount_Qwen3OfSixHundredMillion_IsThePublishedOne() => Assert.Equal(596_049_920, new TransformerConfig
    {
        VocabularySize = 151_936,
        Channels = 1024,
        Layers = 28,
        Heads = 16,
        KeyValueHeads = 8,
        HeadSize = 128,
        HiddenChannels = 3072,
        ContextLength = 40_960,
    }.ParameterCount);

    [Theory]
    [MemberData(nameof(Families))]
    public void ParameterCount_OfEachFamily_IsTheModelsOwn(string family, TransformerConfig config)
    {
        Assert.Equal(family, config.Architecture);
        using var device = new Device(new ReferenceBackend());
        using var model = new Transformer(config, device, training: false);
        Assert.Equal(model.Parameters.Count, config.ParameterCount);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Folder_SavedAndLoaded_GivesTheSameLogits(string family, TransformerConfig config)
    {
        using var folder = new TemporaryFolder();
        using var device = new Device(new ReferenceBackend());
        using var model = new Transformer(config, device, training: false);
        model.Initialize(7);
        foreach (Nn.Parameter parameter in model.Parameters.All)
        {
            Nn.Initialization.Normal(parameter, 0.3, 3);
        }
        ModelFolder.Save(model, null, folder.Path);
        using Transformer loaded = ModelFolder.Load(folder.Path, device);
        Assert.Equal(config, loaded.Config);
        Assert.Equal(family, loaded.Config.Architecture);
        Assert.Equal(ReferenceLogits.Of(model, [1, 2, 3, 4]), ReferenceLogits.Of(loaded, [1, 2, 3, 4]));
    }

    [Theory]
    [InlineData(0.5, 1, 4, 8192, "factor must be at least 1")]
    [InlineData(double.NaN, 1, 4, 8192, "factor must be at least 1")]
    [InlineData(double.PositiveInfinity, 1, 4, 8192, "factor must be at least 1")]
    [InlineData(8, 4, 4, 8192, "high-frequency factor (4) must be above")]
    [InlineData(8, 0, 4, 8192, "low-frequency factor (0)")]
    [InlineData(8, 1, double.PositiveInfinity, 8192, "high-frequency factor")]
    [InlineData(8, 1, 4, 0, "original context must be positive")]
    public void Validate_RotaryScalingOutOfRange_NamesIt(double factor, double low, double high, int context, string because)
    {
        (Small with { RotaryScaling = new Nn.Llama3RotaryScaling(1, 1, 4, 1) }).Validate();
        TransformerConfig config = Small with { RotaryScaling = new Nn.Llama3RotaryScaling(factor, low, high, context) };
        Assert.Contains(because, Assert.Throws<ArgumentException>(config.Validate).Message);
    }

    [Fact]
    public void Validate_HeadsTooLargeForTheStack_NamesTheirSize()
    {
        (Small with { HeadSize = 4096 }).Validate();
        Assert.Contains("the head size is 4098", Assert.Throws<ArgumentException>((Small with { HeadSize = 4098 }).Validate).Message);
    }

    [Fact]
    public void Validate_HeadsThatDoNotShareEvenly_NamesThem() =>
        Assert.Contains("4 heads cannot share 3", Assert.Throws<ArgumentException>(() => (Small with { KeyValueHeads = 3 }).Validate()).Message);
}
