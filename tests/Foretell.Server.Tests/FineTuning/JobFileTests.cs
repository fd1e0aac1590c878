using System.Text;
using System.Text.Json;
using Foretell.Server.FineTuning;

namespace Foretell.Server.Tests.FineTuning;

public sealed class JobFileTests
{
    [Theory]
    [InlineData("{\"a\":1}\n{\"a\":2}\n", 2)]
    [InlineData("\ufeff{\"a\":1}\r\n  \r\n{\"a\":2}", 2)]
    [InlineData("{\"a\":1}", 1)]
    public async Task CheckAsync_OfGoodLines_CountsThem(string text, long expected)
    {
        Assert.Equal(expected, await CheckAsync(text));
    }

    [Theory]
    [InlineData("", "no example")]
    [InlineData("\n \n", "no example")]
    [InlineData("{\"a\":1}\n{\"a\":\"\\ud800\"}\n", "line 2: has text that is not valid Unicode.")]
    [InlineData("{\"a\":1}}\n", "line 1: not valid JSON at byte 8")]
    [InlineData("[]\n", "line 1: not a JSON object")]
    public async Task CheckAsync_OfWhatCannotBe_NamesTheLine(string text, string expected)
    {
        InvalidDataException wrong = await Assert.ThrowsAsync<InvalidDataException>(() => CheckAsync(text));
        Assert.Contains(expected, wrong.Message);
    }

    [Fact]
    public async Task CheckAsync_OfManyBadLines_TellsTenAndCountsTheRest()
    {
        InvalidDataException wrong = await Assert.ThrowsAsync<InvalidDataException>(() => CheckAsync(string.Concat(Enumerable.Repeat("x\n", 25))));
        Assert.Contains("line 10:", wrong.Message);
        Assert.DoesNotContain("line 11:", wrong.Message);
        Assert.Contains("and 15 more", wrong.Message);
    }

    [Fact]
    public async Task CheckAsync_OfAnEndlessLine_StopsReading()
    {
        using var stream = new EndlessStream();
        InvalidDataException wrong = await Assert.ThrowsAsync<InvalidDataException>(() => JobFile.CheckAsync(stream, _ => { }, default));
        Assert.Contains("longer than", wrong.Message);
        Assert.True(stream.Given < 2 * JobFile.LongestLine);
    }

    [Fact]
    public async Task CheckAsync_OfLinesAcrossReads_KeepsThemWhole()
    {
        string line = $"{{\"a\":\"{new string('x', 70_000)}\"}}\n";
        int seen = 0;
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(line + line));
        Assert.Equal(2, await JobFile.CheckAsync(stream, example => seen += example.GetProperty("a").GetString()!.Length, default));
        Assert.Equal(140_000, seen);
    }

    private static Task<long> CheckAsync(string text)
    {
        var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return JobFile.CheckAsync(stream, example => _ = example.TryGetProperty("a", out JsonElement a) && a.ValueKind == JsonValueKind.String ? a.GetString() : "", default);
    }

    private sealed class EndlessStream : MemoryStream
    {
        public long Given { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)'x');
            Given += buffer.Length;
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
