using System.Globalization;
using Foretell.Training.Reports;

namespace Foretell.Training.Tests.Reports;

public sealed class MetricsLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string LogPath => _folder.File("metrics.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Append_WritesOneObjectALineAtOnce()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        CultureInfo.CurrentCulture = culture;
        using var log = MetricsLog.Open(LogPath);
        Assert.Null(log.LastStep);
        log.Append(0, Loss(3.25));
        log.Append(10, [new("loss", 1.5), new("bad", double.PositiveInfinity)], [new("sample", "é <b>\n\"x\"")]);
        log.FlushToDisk();
        // Read while the log is open: nothing waits in a buffer.
        Assert.Equal("{\"step\":0,\"loss\":3.25}\n{\"step\":10,\"loss\":1.5,\"bad\":null,\"sample\":\"é <b>\\n\\\"x\\\"\"}\n", ReadAll());
        IReadOnlyList<MetricsEntry> entries = MetricsLog.Read(LogPath);
        Assert.Equal([0L, 10L], entries.Select(entry => entry.Step));
        Assert.Equal(1.5, entries[1].Values["loss"]);
        Assert.True(double.IsNaN(entries[1].Values["bad"]));
        Assert.Equal("é <b>\n\"x\"", entries[1].Texts["sample"]);
    }

    [Fact]
    public void Open_ResumedFromACheckpoint_DropsTheLinesAfterIt()
    {
        using (var log = MetricsLog.Open(LogPath))
        {
            for (int step = 0; step <= 50; step += 10)
            {
                log.Append(step, Loss(step));
            }
        }
        using (var log = MetricsLog.Open(LogPath, resumeFromStep: 25))
        {
            Assert.Equal(20, log.LastStep);
            log.Append(30, Loss(-30));
        }
        Assert.Equal([0, 10, 20, -30], MetricsLog.Read(LogPath).Select(entry => entry.Values["loss"]));
    }

    [Fact]
    public void Open_TornAtEveryByte_KeepsTheWholeLinesAndContinues()
    {
        const string Whole = "{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":2}\n";
        int firstLine = Whole.IndexOf('\n') + 1;
        for (int length = firstLine; length <= Whole.Length; length++)
        {
            File.WriteAllText(LogPath, Whole[..length]);
            int whole = length >= Whole.Length - 1 ? 2 : 1;
            Assert.Equal(whole, MetricsLog.Read(LogPath).Count);
            using (var log = MetricsLog.Open(LogPath))
            {
                Assert.Equal(whole, log.LastStep);
                log.Append(3, Loss(3));
            }
            Assert.Equal(whole == 2 ? [1, 2, 3] : [1L, 3L], MetricsLog.Read(LogPath).Select(entry => entry.Step));
        }
    }

    [Theory]
    [InlineData("{\"step\":1}\nnonsense\n{\"step\":2}\n", "Line 2", "not valid JSON")]
    [InlineData("[1]\n{\"step\":2}\n", "Line 1", "not a JSON object")]
    [InlineData("{\"loss\":1}\n{\"step\":2}\n", "Line 1", "no whole number")]
    [InlineData("{\"step\":2}\n{\"step\":2}\n", "Line 2", "steps ascend")]
    public void Open_BrokenInTheMiddle_NamesTheLineAndChangesNothing(string content, string line, string because)
    {
        File.WriteAllText(LogPath, content);
        string message = Assert.Throws<InvalidDataException>(() => MetricsLog.Open(LogPath)).Message;
        Assert.StartsWith(line, message);
        Assert.Contains(because, message);
        Assert.Equal(content, ReadAll());
    }

    [Fact]
    public void Append_StepTwiceOrNameTwice_IsRefusedAndWritesNothing()
    {
        using var log = MetricsLog.Open(LogPath);
        log.Append(5, Loss(1));
        Assert.Throws<ArgumentException>(() => log.Append(5, Loss(1)));
        Assert.Throws<ArgumentException>(() => log.Append(4, Loss(1)));
        Assert.Throws<ArgumentException>(() => log.Append(6, [new("step", 1)]));
        Assert.Throws<ArgumentException>(() => log.Append(6, Loss(1), [new("loss", "x")]));
        log.Append(6, Loss(2));
        Assert.Equal("{\"step\":5,\"loss\":1}\n{\"step\":6,\"loss\":2}\n", ReadAll());
    }

    private string ReadAll()
    {
        using var reader = new StreamReader(new FileStream(LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    private static KeyValuePair<string, double>[] Loss(double value) => [new("loss", value)];
}
