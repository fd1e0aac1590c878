using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Foretell.Training.Reports;

namespace Foretell.Training.Tests.Reports;

public class HtmlReportTests
{
    private const string Hostile = "<script>alert(1)</script> & \"quoted\" 'single' \u0001 é 🙂";
    private const string Escaped = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quoted&quot; &#39;single&#39; \uFFFD é 🙂";

    [Fact]
    public void ToHtml_HostileTextEverywhere_IsEscapedEverywhere()
    {
        var report = new HtmlReport(Hostile, Hostile).Figures(new KeyFigure(Hostile, Hostile, Hostile)).Footer(Hostile);
        report.Section(Hostile)
            .Text(Hostile).Note(Hostile).Code(Hostile)
            .Samples([new TextSample(Hostile, Hostile, Hostile)])
            .Table([Hostile], [[Hostile]])
            .Chart(Chart(new ChartSeries(Hostile, [(0, 1), (1, 2)]), new ChartSeries("b", [])) with { Title = Hostile, XLabel = Hostile, YLabel = Hostile });
        string html = report.ToHtml();
        Assert.DoesNotContain("<script", html);
        Assert.DoesNotContain('\u0001', html);
        // Window title, heading, subtitle, 3 of the figure, footer, section, 3 texts, 3 of the sample, 2 of the table, the chart's title.
        Assert.True(Regex.Count(html, Regex.Escape(Escaped)) >= 17);
    }

    [Fact]
    public void ToHtml_LoadsNothing()
    {
        string html = Sample().ToHtml();
        Assert.DoesNotMatch(@"(?i)\bsrc=|href=|url\(|@import|<script|<link|https?:", html);
        Assert.Contains("default-src 'none'", html);
        Assert.Contains("prefers-color-scheme: dark", html);
        Assert.Contains("name=\"viewport\"", html);
    }

    [Fact]
    public void ToHtml_AnyCultureAndTime_GivesTheSameWellFormedPage()
    {
        string html = Sample().ToHtml();
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        culture.NumberFormat.NegativeSign = "~";
        CultureInfo.CurrentCulture = culture;
        Assert.Equal(html, Sample().ToHtml());
        // Everything in the body is XML too, so every element is closed.
        string body = html[html.IndexOf("<body>", StringComparison.Ordinal)..html.IndexOf("</html>", StringComparison.Ordinal)];
        Assert.NotEmpty(XElement.Parse(body).Descendants("svg"));
    }

    [Fact]
    public void Chart_Lines_RunThroughTheirPoints()
    {
        XElement svg = Draw(Chart(new ChartSeries("loss", [(0, 10), (5, 5), (10, 0)]))).Elements("svg").First();
        double[] numbers = Numbers(svg.Descendants("path").Single(path => Has(path, "line")).Attribute("d")!.Value);
        Assert.Equal(6, numbers.Length);
        Assert.Equal((numbers[0] + numbers[4]) / 2, numbers[2], 0.02);
        Assert.Equal((numbers[1] + numbers[5]) / 2, numbers[3], 0.02);
        Assert.True(numbers[0] < numbers[4], "x runs to the right");
        Assert.True(numbers[1] < numbers[5], "y runs upwards");
        string[] tooltips = [.. svg.Descendants("title").Select(title => title.Value)];
        Assert.Equal(["loss\n0 steps: 10 nats", "loss\n5 steps: 5 nats", "loss\n10 steps: 0 nats"], tooltips);
    }

    [Fact]
    public void Chart_PointsThatCannotBePlaced_InterruptTheLine()
    {
        LineChart chart = Chart(new ChartSeries("loss", [(1, 1), (2, 2), (3, double.NaN), (4, 4), (5, -1), (6, 6)])) with { YScale = AxisScale.Logarithmic };
        string path = Draw(chart).Descendants("path").First(path => Has(path, "line")).Attribute("d")!.Value;
        Assert.Equal(3, path.Count(character => character == 'M'));
        Assert.Equal(1, path.Count(character => character == 'L'));
        Assert.DoesNotContain("NaN", path);
        Assert.Equal(2, path.Count(character => character == 'h'));
    }

    [Fact]
    public void Chart_NoPoints_SaysSo()
    {
        Assert.Contains("nothing recorded yet", Draw(Chart(new ChartSeries("loss", []))).ToString());
        Assert.Contains("nothing recorded yet", Draw(Chart()).ToString());
        Assert.DoesNotContain("nothing recorded yet", Draw(Chart(new ChartSeries("loss", [(1, 1)]))).ToString());
    }

    [Fact]
    public void Chart_ManyPoints_IsThinnedButKeepsItsSpikes()
    {
        (double, double)[] points = [.. Enumerable.Range(0, 200_000).Select(step => ((double)step, step == 123_457 ? 1000.0 : Math.Sin(step)))];
        string html = new HtmlReport("t").Section("s").Chart(Chart(new ChartSeries("loss", points))).ToHtml();
        Assert.InRange(html.Length, 1000, 100_000);
        double[] numbers = Numbers(XElement.Parse(html).Descendants("path").First(path => Has(path, "line")).Attribute("d")!.Value);
        double[] heights = [.. numbers.Where((_, index) => index % 2 == 1).Order()];
        // The spike alone stands at the top of the plot; the sine lies at its foot.
        Assert.True(heights[1] - heights[0] > 200);
    }

    [Fact]
    public void Chart_Legend_OnlyNamesSeveral()
    {
        Assert.Empty(Draw(Chart(new ChartSeries("a", [(0, 1)]))).Descendants("ul"));
        Assert.Equal(["a", "b"], Draw(Chart(new ChartSeries("a", [(0, 1)]), new ChartSeries("b", [(0, 1)]))).Descendants("li").Select(item => item.Value));
    }

    [Fact]
    public void Table_NumericColumns_AreFlushRight()
    {
        XElement table = XElement.Parse(new HtmlReport("t").Section("s").Table(["name", "bytes", "mixed"], [["a", "1,234", "x"], ["b", "−5", "7"], ["c", "—", ""]]).ToHtml());
        Assert.Equal([false, true, false], table.Descendants("th").Select(cell => Has(cell, "number")));
        Assert.Equal(3, table.Descendants("td").Count(cell => Has(cell, "number")));
        Assert.Contains("2 cells", Assert.Throws<ArgumentException>(() => new HtmlReport("t").Section("s").Table(["a"], [["1", "2"]])).Message);
    }

    [Fact]
    public void Save_ReplacesTheOldReport()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("report.html");
        File.WriteAllText(path, "old");
        Sample().Save(path);
        Assert.Equal(Sample().ToHtml(), File.ReadAllText(path, Encoding.UTF8));
        Assert.Equal((byte)'<', File.ReadAllBytes(path)[0]);
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    private static LineChart Chart(params ChartSeries[] series) => new() { Title = "Loss", XLabel = "steps", YLabel = "nats", Series = series };

    private static XElement Draw(LineChart chart) => XElement.Parse(new HtmlReport("t").Section("s").Chart(chart).ToHtml()).Element("figure")!;

    private static bool Has(XElement element, string name) => (element.Attribute("class")?.Value ?? "").Split(' ').Contains(name);

    private static double[] Numbers(string path) => [.. Regex.Matches(path, @"-?[0-9.]+").Select(match => double.Parse(match.Value, CultureInfo.InvariantCulture))];

    private static HtmlReport Sample()
    {
        var report = new HtmlReport("A run", "Its subtitle").Figures(new KeyFigure("Loss", "1.5", "nats"), new KeyFigure("Steps", "100")).Footer("./foretell quickstart");
        report.Section("Curves").Text("Down.").Note("Small.").Code("code")
            .Chart(Chart(new ChartSeries("train", [(0, 9.5), (50, -2.25), (100, 1.125)]), new ChartSeries("validation", [(0, 9), (100, 2)])))
            .Chart(Chart([.. Enumerable.Range(0, 9).Select(index => new ChartSeries($"s{index}", [(1, 1.5 + index), (1e6, 2.5)]))]) with { XScale = AxisScale.Logarithmic, YScale = AxisScale.Logarithmic });
        report.Section("Samples").Samples([new TextSample("step 1", "Once", " upon\n\na time")]).Table(["a", "b"], [["x", "1"]]);
        return report;
    }
}
