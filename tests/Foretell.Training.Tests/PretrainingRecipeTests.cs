using Foretell.Data;
using Foretell.Models;
using Foretell.Nn.Optimizers;

namespace Foretell.Training.Tests;

public class PretrainingRecipeTests
{
    [Theory]
    [InlineData("""{"detph": 4}""", "detph")]
    [InlineData("""{"depth": "four"}""", "depth")]
    [InlineData("""{"depth": 2.5}""", "depth")]
    [InlineData("""{"optimizer": 3}""", "optimizer")]
    [InlineData("""{"decay": "sideways"}""", "decay")]
    [InlineData("""{"split": "sideways"}""", "Documents or Tail")]
    [InlineData("""{"decay": "sideways"}""", "Cosine")]
    [InlineData("""{"contextLength": null}""", "contextLength")]
    [InlineData("""{"samplePrompt": null}""", "samplePrompt")]
    [InlineData("""{"depth": 4, "parameters": 1000}""", "depth or parameters")]
    [InlineData("[1]", "object")]
    [InlineData("{\n\"depth\": \n}", "line 3")]
    public void Parse_ABadRecipe_NamesWhatIsWrong(string json, string named) =>
        Assert.Contains(named, Assert.Throws<FormatException>(() => PretrainingRecipe.Parse(json, [])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("depth=0")]
    [InlineData("depth=-3")]
    [InlineData("parameters=0")]
    [InlineData("channels=0")]
    [InlineData("heads=0")]
    [InlineData("keyValueHeads=0")]
    [InlineData("headSize=-1")]
    [InlineData("hiddenChannels=0")]
    [InlineData("contextLength=0")]
    [InlineData("dropout=1")]
    [InlineData("vocabulary=0")]
    [InlineData("validationShare=0")]
    [InlineData("validationShare=1")]
    [InlineData("optimizer=sgd")]
    [InlineData("architecture=bert")]
    [InlineData("matrixLearningRate=0")]
    [InlineData("learningRate=-1")]
    [InlineData("weightDecay=-0.1")]
    [InlineData("beta1=1")]
    [InlineData("beta2=1.5")]
    [InlineData("momentum=1")]
    [InlineData("warmUpShare=2")]
    [InlineData("decayShare=-1")]
    [InlineData("finalShare=1.1")]
    [InlineData("gradientClip=-1")]
    [InlineData("spikeThreshold=-1")]
    [InlineData("batchRows=0")]
    [InlineData("microBatchRows=0")]
    [InlineData("steps=0")]
    [InlineData("tokens=0")]
    [InlineData("keepCheckpoints=0")]
    [InlineData("validateEvery=0")]
    [InlineData("checkpointEvery=0")]
    [InlineData("validationTokens=-1")]
    public void Parse_AValueOutOfRange_NamesItsKey(string setting) =>
        Assert.Contains(setting[..setting.IndexOf('=', StringComparison.Ordinal)], Assert.Throws<FormatException>(() => PretrainingRecipe.Parse(null, [setting])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("depth")]
    [InlineData("=4")]
    [InlineData("nothing=4")]
    public void Parse_ABadSetting_IsQuoted(string setting) =>
        Assert.Contains(setting.Replace("=4", "", StringComparison.Ordinal), Assert.Throws<FormatException>(() => PretrainingRecipe.Parse(null, [setting])).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_OfNothing_IsTheDefaults() => Assert.Equal(new PretrainingRecipe(), PretrainingRecipe.Parse(null, []));

    [Fact]
    public void Parse_SettingsOverARecipe_Win()
    {
        PretrainingRecipe recipe = PretrainingRecipe.Parse("""{"depth": 4, /* why not */ "decay": "cosine", "tokenizer": "bytes",}""", ["depth=6", "learningRate=0.01", "tokenizer=some/path", "samplePrompt=Once upon a time", "seed=18446744073709551615"]);
        Assert.Equal(6, recipe.Depth);
        Assert.Equal(DecayShape.Cosine, recipe.Decay);
        Assert.Equal(0.01, recipe.LearningRate);
        Assert.Equal("some/path", recipe.Tokenizer);
        Assert.Equal("Once upon a time", recipe.SamplePrompt);
        Assert.Equal(ulong.MaxValue, recipe.Seed);
    }

    [Fact]
    public void ToJson_ParsedAgain_IsTheSameRecipe()
    {
        PretrainingRecipe recipe = ByHand();
        Assert.Equal(recipe, PretrainingRecipe.Parse(recipe.ToJson(), []));
        PretrainingRecipe resolved = ScalingDial.Resolve(new PretrainingRecipe(), new PretrainingRecipe().Model(4096));
        Assert.Equal(resolved, PretrainingRecipe.Parse(resolved.ToJson(), []));
    }

    [Fact]
    public void Keys_OfTheRecipe_AreAllItsSettings() =>
        Assert.Equal(typeof(PretrainingRecipe).GetProperties().Count(property => property.CanWrite), PretrainingRecipe.Keys.Count);

    [Fact]
    public void Resolve_OfValuesSetByHand_KeepsEachOfThem()
    {
        PretrainingRecipe recipe = ByHand();
        TransformerConfig model = recipe.Model(5000);
        Assert.Equal((3, 80, 5, 1, 16, 200, 48), (model.Layers, model.Channels, model.Heads, model.KeyValueHeads, model.HeadSize, model.HiddenChannels, model.ContextLength));
        Assert.Equal(0.2f, model.Dropout);
        Assert.Equal("qwen2", model.Architecture);
        Assert.Equal(recipe with { Tokens = null }, ScalingDial.Resolve(recipe, model));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(12)]
    public void Model_OfADepth_HasTheSizesOfTheRules(int depth)
    {
        TransformerConfig model = new PretrainingRecipe { Depth = depth }.Model(4096);
        Assert.Equal((depth, 64 * depth, 64, depth, depth), (model.Layers, model.Channels, model.HeadSize, model.Heads, model.KeyValueHeads));
        Assert.Equal(0, model.HiddenChannels % 64);
        Assert.InRange(model.HiddenChannels, 64 * depth * 8 / 3.0, 64 * depth * 8 / 3.0 + 63);
        TransformerConfig gpt2 = new PretrainingRecipe { Depth = depth, Architecture = "gpt2" }.Model(4096);
        Assert.Equal((256 * depth, "gpt2"), (gpt2.HiddenChannels, gpt2.Architecture));
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(10_000_000)]
    [InlineData(124_000_000)]
    [InlineData(1)]
    public void Model_OfANumberOfParameters_IsTheNearestDepth(long parameters)
    {
        TransformerConfig model = new PretrainingRecipe { Parameters = parameters }.Model(4096);
        long Off(int depth) => depth < 1 ? long.MaxValue : Math.Abs(new PretrainingRecipe { Depth = depth }.Model(4096).ParameterCount - parameters);
        Assert.True(Off(model.Layers) <= Off(model.Layers - 1));
        Assert.True(Off(model.Layers) <= Off(model.Layers + 1));
    }

    [Fact]
    public void Resolve_OfADepth_SetsTokensBatchAndRatesByTheRules()
    {
        TransformerConfig model = new PretrainingRecipe { Depth = 4 }.Model(4096);
        PretrainingRecipe recipe = ScalingDial.Resolve(new PretrainingRecipe { Depth = 4 }, model);
        long perStep = (long)recipe.BatchRows!.Value * recipe.ContextLength;
        Assert.True(long.IsPow2(perStep));
        double wanted = 16_384 * Math.Pow(20.0 * model.ParameterCount / 1e8, 0.383);
        Assert.InRange(perStep / wanted, 1 / Math.Sqrt(2), Math.Sqrt(2));
        Assert.InRange(recipe.Steps!.Value * perStep, 20 * model.ParameterCount, 20 * model.ParameterCount + perStep);
        Assert.Equal(0.02 * Math.Sqrt(perStep / 16_384.0), recipe.MatrixLearningRate!.Value, 12);
        Assert.Equal(0.003 * Math.Sqrt(perStep / 16_384.0), recipe.LearningRate!.Value, 12);
        Assert.True(recipe.MicroBatchRows >= 1 && recipe.MicroBatchRows <= recipe.BatchRows);
        Assert.Equal(recipe, ScalingDial.Resolve(recipe, recipe.Model(4096)));
    }

    [Fact]
    public void Model_Gpt2WhoseHeadsDoNotDivideItsChannels_IsRefused() =>
        Assert.Contains("64 channels", Assert.ThrowsAny<Exception>(() => new PretrainingRecipe { Architecture = "gpt2", Channels = 64, Heads = 3, Depth = 1 }.Model(100)).Message, StringComparison.Ordinal);

    /// <summary>Nothing at its default.</summary>
    private static PretrainingRecipe ByHand() => new()
    {
        Architecture = "qwen2",
        Depth = 3,
        Channels = 80,
        Heads = 5,
        KeyValueHeads = 1,
        HeadSize = 16,
        HiddenChannels = 200,
        ContextLength = 48,
        Dropout = 0.2f,
        Tokenizer = "characters",
        Vocabulary = 5000,
        TextField = "body",
        Split = SplitMode.Tail,
        ValidationShare = 0.3,
        Sampling = SamplingMode.RandomWindows,
        Optimizer = "adamw",
        MatrixLearningRate = 0.5,
        LearningRate = 0.25,
        WeightDecay = 0.01,
        Beta1 = 0.8,
        Beta2 = 0.99,
        Momentum = 0.7,
        WarmUpShare = 0.1,
        Decay = DecayShape.Cosine,
        DecayShare = 0.9,
        FinalShare = 0.3,
        GradientClip = 0.5,
        SpikeThreshold = 4,
        BatchRows = 7,
        MicroBatchRows = 3,
        Steps = 123,
        Seed = 99,
        ValidateEvery = 11,
        ValidationTokens = 77,
        CheckpointEvery = 13,
        KeepCheckpoints = 4,
        SamplePrompt = "Once",
    };
}
