using System.Xml.Linq;
using Foretell.Training.Reports;

namespace Foretell.Training.Tests.Reports;

public class TrainingReportTests
{
    [Fact]
    public void Create_ARunsLog_ShowsItsFiguresCurvesAndSamples()
    {
        string html = TrainingReport.Create("Run", "Small", [.. Enumerable.Range(1, 100).Select(Entry)]).ToHtml();
        XElement main = MainPart(html);
        Assert.Equal(
            ["Training loss", "Validation loss", "Bits per byte", "Speed", "Steps", "Training took"],
            main.Element("dl")!.Descendants("dt").Select(name => name.Value));
        Assert.Equal(
            ["0.010 nats per token", "0.020 nats per token", "1.500 on unseen text", "48,200 tokens per second", "100", "1:03 hours"],
            main.Element("dl")!.Descendants("dd").Select(value => value.Value));
        Assert.Equal(
            ["Loss", "Bits per byte on text it has not seen", "Learning rate", "Length of the gradient", "Speed"],
            main.Descendants("figure").Where(figure => figure.Attribute("class")!.Value == "chart").Select(figure => figure.Element("figcaption")!.Value));
        string[] samples = [.. main.Descendants("blockquote").Select(sample => sample.Value)];
        Assert.Equal(8, samples.Length);
        Assert.Equal(("text 10", "text 100"), (samples[0], samples[^1]));
        Assert.Contains("2 of 100 steps were skipped", html);
        Assert.DoesNotContain("nothing recorded yet", html);
    }

    [Fact]
    public void Create_EmptyLog_IsAPageAllTheSame()
    {
        XElement main = MainPart(TrainingReport.Create("Run", "", []).ToHtml());
        Assert.Null(main.Element("dl"));
        Assert.Empty(main.Descendants("blockquote"));
        Assert.Contains("nothing recorded yet", main.Value);
    }

    private static XElement MainPart(string html) =>
        XElement.Parse(html[html.IndexOf("<main>", StringComparison.Ordinal)..(html.IndexOf("</main>", StringComparison.Ordinal) + "</main>".Length)]);

    private static MetricsEntry Entry(int step)
    {
        var values = new Dictionary<string, double> { ["loss"] = 1.0 / step, ["learningRate"] = 1e-3, ["gradientNorm"] = step, ["tokensPerSecond"] = 48_200, ["seconds"] = step * 38 };
        var texts = new Dictionary<string, string>();
        if (step % 10 == 0)
        {
            values["validationNats"] = 2.0 / step;
            values["validationBitsPerByte"] = 150.0 / step;
            texts["sample"] = $"text {step}";
        }
        if (step is 7 or 8)
        {
            values["skipped"] = 1;
        }
        return new MetricsEntry(step, values, texts);
    }
}
