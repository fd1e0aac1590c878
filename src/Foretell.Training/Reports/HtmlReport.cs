using System.Globalization;
using System.Text;
using Foretell.Tensors.Files;

namespace Foretell.Training.Reports;

/// <summary>One number that sums up a run.</summary>
/// <param name="Name">"Validation loss".</param>
/// <param name="Value">"1.43".</param>
/// <param name="Unit">"nats per token"; may be empty.</param>
public sealed record KeyFigure(string Name, string Value, string Unit = "");

/// <summary>
/// A report as one HTML file that needs nothing else: no scripts, no fonts or pictures from elsewhere (its content security
/// policy forbids them). It follows the reader's light or dark setting and reads on a telephone and on paper. The same content gives the same bytes.
/// </summary>
/// <example><code>
/// var report = new HtmlReport("A little storyteller", "2.1 million parameters, trained in 4 minutes")
///     .Figures(new KeyFigure("Validation loss", "1.43", "nats per token"));
/// report.Section("How it learned").Chart(new LineChart { ... });
/// report.Save("report.html");
/// </code></example>
public sealed class HtmlReport
{
    private readonly string _title;
    private readonly string _subtitle;
    private readonly List<KeyFigure> _figures = [];
    private readonly List<ReportSection> _sections = [];
    private readonly List<string> _footer = [];

    /// <param name="title">The page's and the window's.</param>
    /// <param name="subtitle">A sentence below it; may be empty.</param>
    public HtmlReport(string title, string subtitle = "")
    {
        _title = title;
        _subtitle = subtitle;
    }

    /// <summary>Adds key figures to the summary at the top.</summary>
    public HtmlReport Figures(params ReadOnlySpan<KeyFigure> figures)
    {
        _figures.AddRange(figures);
        return this;
    }

    /// <summary>Begins a section; what is added to it appears in it, whenever that happens.</summary>
    public ReportSection Section(string heading)
    {
        var section = new ReportSection(heading);
        _sections.Add(section);
        return section;
    }

    /// <summary>Adds a line of small print at the very end: the command that reproduces the run, the machine, the date.</summary>
    public HtmlReport Footer(string text)
    {
        _footer.Add(text);
        return this;
    }

    /// <summary>The whole page.</summary>
    public string ToHtml()
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>{Html.Escape(_title)}</title>
            <style>
            {ReportStyle.Sheet}
            </style>
            </head>
            <body>
            <header>
            <h1>{Html.Escape(_title)}</h1>

            """);
        if (_subtitle.Length > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>{Html.Escape(_subtitle)}</p>\n");
        }
        html.Append("</header>\n<main>\n");
        if (_figures.Count > 0)
        {
            html.Append("<dl class=\"figures\">\n");
            foreach (KeyFigure figure in _figures)
            {
                string unit = figure.Unit.Length > 0 ? $" <small>{Html.Escape(figure.Unit)}</small>" : "";
                html.Append(CultureInfo.InvariantCulture, $"<div><dt>{Html.Escape(figure.Name)}</dt><dd>{Html.Escape(figure.Value)}{unit}</dd></div>\n");
            }
            html.Append("</dl>\n");
        }
        _sections.ForEach(section => html.Append(section.ToHtml()));
        html.Append("</main>\n");
        if (_footer.Count > 0)
        {
            html.Append("<footer>\n");
            _footer.ForEach(line => html.Append(CultureInfo.InvariantCulture, $"<p>{Html.Escape(line)}</p>\n"));
            html.Append("</footer>\n");
        }
        return html.Append("</body>\n</html>\n").ToString();
    }

    /// <summary>Writes the page as UTF-8; an older one stands until the new one is whole.</summary>
    /// <exception cref="IOException">The folder is missing or the disk is full.</exception>
    public void Save(string path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(ToHtml()));
}
