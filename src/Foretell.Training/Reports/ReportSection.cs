using System.Globalization;
using System.Text;

namespace Foretell.Training.Reports;

/// <summary>What a model wrote.</summary>
/// <param name="Label">Where it comes from: "step 2,000", "temperature 0.8".</param>
/// <param name="Prompt">What it was given; may be empty.</param>
/// <param name="Continuation">What it added.</param>
public sealed record TextSample(string Label, string Prompt, string Continuation);

/// <summary>A part of a report under its own heading; each call adds below what is there. All text is shown as it is: nothing in it acts as markup.</summary>
public sealed class ReportSection
{
    private readonly StringBuilder _html = new();

    internal ReportSection(string heading) => _html.Append(CultureInfo.InvariantCulture, $"<section>\n<h2>{Html.Escape(heading)}</h2>\n");

    internal string ToHtml() => _html + "</section>\n";

    /// <summary>A paragraph of plain text.</summary>
    public ReportSection Text(string text)
    {
        _html.Append(CultureInfo.InvariantCulture, $"<p>{Html.Escape(text)}</p>\n");
        return this;
    }

    /// <summary>An aside in small print: how something was measured, what to be careful of.</summary>
    public ReportSection Note(string text)
    {
        _html.Append(CultureInfo.InvariantCulture, $"<p class=\"note\">{Html.Escape(text)}</p>\n");
        return this;
    }

    /// <summary>Something to be typed or copied, line breaks kept.</summary>
    public ReportSection Code(string text)
    {
        _html.Append(CultureInfo.InvariantCulture, $"<pre><code>{Html.Escape(text)}</code></pre>\n");
        return this;
    }

    /// <summary>Curves.</summary>
    public ReportSection Chart(LineChart chart)
    {
        _html.Append(SvgLineChart.Draw(chart));
        return this;
    }

    /// <summary>What the model wrote, line breaks kept, prompt and continuation told apart.</summary>
    public ReportSection Samples(IEnumerable<TextSample> samples)
    {
        foreach (TextSample sample in samples)
        {
            _html.Append(CultureInfo.InvariantCulture, $"<figure class=\"sample\">\n<figcaption>{Html.Escape(sample.Label)}</figcaption>\n<blockquote dir=\"auto\"><b>{Html.Escape(sample.Prompt)}</b>{Html.Escape(sample.Continuation)}</blockquote>\n</figure>\n");
        }
        return this;
    }

    /// <summary>A table; a column whose cells all begin with a digit or a sign is set flush right.</summary>
    /// <param name="columns">Headings.</param>
    /// <param name="rows">Each with one cell a column.</param>
    /// <exception cref="ArgumentException">A row has more or fewer cells than there are columns.</exception>
    public ReportSection Table(IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        if (rows.FirstOrDefault(row => row.Count != columns.Count) is { } odd)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"A row of the table has {odd.Count} cells where there are {columns.Count} columns: \"{string.Join("\", \"", odd)}\"."), nameof(rows));
        }
        bool[] numeric = [.. columns.Select((_, column) => rows.Count > 0 && rows.All(row => IsNumeric(row[column])))];
        _html.Append("<div class=\"scroll\"><table>\n<thead><tr>");
        for (int column = 0; column < columns.Count; column++)
        {
            _html.Append(CultureInfo.InvariantCulture, $"<th scope=\"col\"{(numeric[column] ? " class=\"number\"" : "")}>{Html.Escape(columns[column])}</th>");
        }
        _html.Append("</tr></thead>\n<tbody>\n");
        foreach (IReadOnlyList<string> row in rows)
        {
            _html.Append("<tr>");
            for (int column = 0; column < columns.Count; column++)
            {
                _html.Append(CultureInfo.InvariantCulture, $"<td{(numeric[column] ? " class=\"number\"" : "")}>{Html.Escape(row[column])}</td>");
            }
            _html.Append("</tr>\n");
        }
        _html.Append("</tbody>\n</table></div>\n");
        return this;
    }

    private static bool IsNumeric(string cell) =>
        cell is "" or "–" or "—" || char.IsAsciiDigit(cell[0]) || (cell.Length > 1 && cell[0] is '-' or '−' or '+' or '.' or '~' && char.IsAsciiDigit(cell[1]));
}
