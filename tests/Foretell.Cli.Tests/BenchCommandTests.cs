using System.Text.Json;

namespace Foretell.Cli.Tests;

public class BenchCommandTests
{
    [Fact]
    public void Tokenize_OnALittleText_GivesSpeeds()
    {
        JsonElement speeds = CommandRun.Of("bench", "tokenize", "--megabytes", "1", "--vocab", "1000", "--json").Succeeded().Json;
        Assert.Equal(1000, speeds.GetProperty("vocabulary").GetInt32());
        Assert.True(speeds.GetProperty("encodeMegabytesPerSecondOneThread").GetDouble() > 0);
        Assert.True(speeds.GetProperty("trainingSeconds").GetDouble() > 0);
    }

    [Fact]
    public void Train_OfATinyShape_GivesTokensASecondAndTheShareOfThePeak()
    {
        JsonElement measured = CommandRun.Of("bench", "train", "--shape", "1x64", "--rows", "1", "--steps", "2", "--json").Succeeded().Json[0];
        Assert.Equal("1x64", measured.GetProperty("shape").GetString());
        Assert.True(measured.GetProperty("tokensPerSecond").GetDouble() > 0);
        Assert.True(measured.GetProperty("peakShare").GetDouble() > 0);
        CommandRun.Of("bench", "train", "--shape", "huge").WasRefused("LAYERSxCHANNELS");
    }

    [Fact]
    public void Generate_OfATinyModel_GivesEverySpeed()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Save(folder.Path);
        JsonElement speeds = CommandRun.Of("bench", "generate", folder.Path, "--tokens", "8", "--repeats", "1", "--json").Succeeded().Json;
        Assert.Equal(TinyModel.Context / 2, speeds.GetProperty("promptTokens").GetInt32());
        Assert.True(speeds.GetProperty("prefillTokensPerSecond").GetDouble() > 0);
        Assert.True(speeds.GetProperty("decodeTokensPerSecond").GetDouble() > 0);
        Assert.True(speeds.GetProperty("decodeAfterPromptTokensPerSecond").GetDouble() > 0);
        Assert.True(speeds.GetProperty("concurrentRatio").GetDouble() > 0);
        Assert.True(speeds.GetProperty("schemaMicroseconds").GetDouble() > 0);
        Assert.True(speeds.GetProperty("decodeBandwidthShare").GetDouble() >= 0);
        Assert.True(speeds.GetProperty("firstTokenUnderLoadMillisecondsP95").GetDouble() >= speeds.GetProperty("firstTokenUnderLoadMillisecondsP50").GetDouble());
        CommandRun.Of("bench", "generate", folder.Path, "--concurrent", "0").WasRefused("--concurrent");
    }

    [Fact]
    public void Matmul_MeasuresBothTypes()
    {
        JsonElement measured = CommandRun.Of("bench", "matmul", "--threads", "1", "--seconds", "0", "--json").Succeeded().Json;
        Assert.Contains(measured.GetProperty("products").EnumerateArray(), product => product.GetProperty("type").GetString() == "bfloat16" && product.GetProperty("peakShare").GetDouble() > 0);
        Assert.Contains(measured.GetProperty("products").EnumerateArray(), product => product.GetProperty("type").GetString() == "float32" && product.GetProperty("gigaflopsPerSecond").GetDouble() > 0);
    }

    [Fact]
    public void Attention_OverCachedKeys_GivesBytesASecond()
    {
        JsonElement measured = CommandRun.Of("bench", "attention", "--threads", "1", "--seconds", "0", "--json").Succeeded().Json;
        foreach (int keys in (int[])[512, 4096])
        {
            Assert.Contains(measured.GetProperty("attention").EnumerateArray(), row => row.GetProperty("keys").GetInt32() == keys && row.GetProperty("tokens").GetInt32() == 1 && row.GetProperty("gigabytesPerSecond").GetDouble() > 0);
        }
    }
}
