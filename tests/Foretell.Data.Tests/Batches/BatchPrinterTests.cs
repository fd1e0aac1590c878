using System.Text.Json;

namespace Foretell.Data.Tests;

public class BatchPrinterTests
{
    [Fact]
    public void WriteTable_SmallBatch_ShowsEachTokenAndEachBoundary()
    {
        using var data = new DataFixture();
        using var output = new StringWriter { NewLine = "\n" };
        BatchPrinter.WriteTable(BatchOf(data), new ByteTokenizer(), output);
        Assert.Equal("""
            2 rows x 4 tokens, 3 segments, 7 trained targets
              index position      id token                 target text                 weight
            --- row 0, segment 0: 4 tokens from 0 ---
                  0        0      97 a                         32 ␣                    1
                  1        1      32 ␣                         10 \n                   1
                  2        2      10 \n                       195 \xC3                 1
                  3        3     195 \xC3                     169 \xA9                 1
            --- row 1, segment 1: 2 tokens from 0 ---
                  0        0     169 \xA9                     256 <|endoftext|>        1
                  1        1     256 <|endoftext|>            256 <|endoftext|>        0
            --- row 1, segment 2: 2 tokens from 2 ---
                  2        0      97 a                         32 ␣                    1
                  3        1      32 ␣                         10 \n                   1

            """.ReplaceLineEndings("\n"), output.ToString());
    }

    [Fact]
    public void WriteTable_FewerRows_SaysHowManyAreLeftOut()
    {
        using var data = new DataFixture();
        using var output = new StringWriter { NewLine = "\n" };
        BatchPrinter.WriteTable(BatchOf(data), new ByteTokenizer(), output, rows: 1);
        Assert.EndsWith("1\n... 1 more rows\n", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("row 1", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void WriteJson_SmallBatch_HoldsTheSame()
    {
        using var data = new DataFixture();
        Batch batch = BatchOf(data);
        using var output = new MemoryStream();
        BatchPrinter.WriteJson(batch, new ByteTokenizer(), output);
        using JsonDocument json = JsonDocument.Parse(output.ToArray());
        JsonElement[] tokens = [.. json.RootElement.GetProperty("tokens").EnumerateArray()];
        Assert.Equal(batch.Tokens, tokens.Select(token => token.GetProperty("id").GetInt32()));
        Assert.Equal(batch.Targets, tokens.Select(token => token.GetProperty("target").GetInt32()));
        Assert.Equal(batch.Weights, tokens.Select(token => token.GetProperty("weight").GetSingle()));
        Assert.Equal(batch.Positions, tokens.Select(token => token.GetProperty("position").GetInt32()));
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1], tokens.Select(token => token.GetProperty("row").GetInt32()));
        Assert.Equal("\\xC3", tokens[3].GetProperty("text").GetString());
        Assert.Equal(batch.Segments, json.RootElement.GetProperty("segments").EnumerateArray().Select(segment =>
            new Segment((segment.GetProperty("row").GetInt32() * 4) + segment.GetProperty("start").GetInt32(), segment.GetProperty("length").GetInt32())));
    }

    private static Batch BatchOf(DataFixture data) =>
        TokenSequenceSampler.Create(data.Split(["a \né"]), new SamplerOptions { ContextLength = 4, Rows = 2 }).At(0);
}
