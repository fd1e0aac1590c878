using System.Globalization;
using System.Text;

namespace Foretell.Training.Reports;

/// <summary>Draws a <see cref="LineChart"/> as inline SVG, coloured by the page's style sheet.</summary>
internal static class SvgLineChart
{
    private const int MostPoints = 800;
    private const int MostTooltips = 80;
    private const int Colours = 6;

    /// <summary>The chart with title and legend. It is drawn twice, for wide and for narrow screens, so that its text keeps the size of the page's; the style sheet shows one.</summary>
    public static string Draw(LineChart chart)
    {
        var html = new StringBuilder();
        html.Append("<figure class=\"chart\">\n<figcaption>").Append(Html.Escape(chart.Title)).Append("</figcaption>\n");
        if (chart.Series.Count > 1)
        {
            html.Append("<ul class=\"legend\">");
            for (int index = 0; index < chart.Series.Count; index++)
            {
                html.Append(CultureInfo.InvariantCulture, $"<li><svg width=\"22\" height=\"8\" aria-hidden=\"true\"><path class=\"line {Class(index)}\" d=\"M1 4H21\"/></svg>{Html.Escape(chart.Series[index].Name)}</li>");
            }
            html.Append("</ul>\n");
        }
        DrawSvg(html, chart, "wide", width: 720, height: 330, xTicks: 8, yTicks: 6);
        DrawSvg(html, chart, "narrow", width: 360, height: 270, xTicks: 4, yTicks: 5);
        return html.Append("</figure>\n").ToString();
    }

    private static string Class(int series) => string.Create(CultureInfo.InvariantCulture, $"s{series % Colours}{(series >= Colours ? " dashed" : "")}");

    private static void DrawSvg(StringBuilder html, LineChart chart, string size, int width, int height, int xTicks, int yTicks)
    {
        IEnumerable<(double X, double Y)> points = chart.Series.SelectMany(series => series.Points).Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y));
        var x = ChartAxis.Fit(chart.XScale, points.Select(point => point.X), xTicks, widen: false);
        var y = ChartAxis.Fit(chart.YScale, points.Select(point => point.Y), yTicks, widen: true, chart.YFrom, chart.YTo);
        double left = 14 + 7.2 * y.Ticks.Select(tick => y.Label(tick).Length).DefaultIfEmpty(1).Max();
        const double Right = 18, Top = 26, Bottom = 44;
        var plot = new Plot(x, y, left, Top, width - left - Right, height - Top - Bottom);

        html.Append(CultureInfo.InvariantCulture, $"<svg class=\"plot {size}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{Html.Escape(chart.Title)}: {Html.Escape(chart.YLabel)} over {Html.Escape(chart.XLabel)}\">\n");
        html.Append(CultureInfo.InvariantCulture, $"<text class=\"label\" x=\"0\" y=\"11\">{Html.Escape(chart.YLabel)}</text>\n");
        foreach (double tick in y.Ticks)
        {
            string at = Html.Coordinate(plot.Y(tick));
            html.Append(CultureInfo.InvariantCulture, $"<path class=\"grid\" d=\"M{Html.Coordinate(left)} {at}H{Html.Coordinate(width - Right)}\"/><text class=\"tick\" x=\"{Html.Coordinate(left - 8)}\" y=\"{at}\" dy=\".35em\" text-anchor=\"end\">{y.Label(tick)}</text>\n");
        }
        double bottom = height - Bottom;
        html.Append(CultureInfo.InvariantCulture, $"<path class=\"axis\" d=\"M{Html.Coordinate(left)} {Html.Coordinate(bottom)}H{Html.Coordinate(width - Right)}\"/>\n");
        foreach (double tick in x.Ticks)
        {
            double at = plot.X(tick);
            string label = x.Label(tick);
            double middle = Math.Min(at, width - 3.8 * label.Length);
            html.Append(CultureInfo.InvariantCulture, $"<path class=\"axis\" d=\"M{Html.Coordinate(at)} {Html.Coordinate(bottom)}v5\"/><text class=\"tick\" x=\"{Html.Coordinate(middle)}\" y=\"{Html.Coordinate(bottom + 19)}\" text-anchor=\"middle\">{label}</text>\n");
        }
        html.Append(CultureInfo.InvariantCulture, $"<text class=\"label\" x=\"{Html.Coordinate(width - Right)}\" y=\"{height - 4}\" text-anchor=\"end\">{Html.Escape(chart.XLabel)}</text>\n");

        if (!points.Any(point => x.CanPlace(point.X) && y.CanPlace(point.Y)))
        {
            html.Append(CultureInfo.InvariantCulture, $"<text class=\"label\" x=\"{Html.Coordinate(left + (width - left - Right) / 2)}\" y=\"{Html.Coordinate(Top + (bottom - Top) / 2)}\" text-anchor=\"middle\">nothing recorded yet</text>\n");
        }
        // Fixed ends of an axis may leave points outside.
        html.Append(CultureInfo.InvariantCulture, $"<svg x=\"{Html.Coordinate(left - 3)}\" y=\"{Html.Coordinate(Top - 3)}\" width=\"{Html.Coordinate(width - left - Right + 6)}\" height=\"{Html.Coordinate(bottom - Top + 6)}\" viewBox=\"{Html.Coordinate(left - 3)} {Html.Coordinate(Top - 3)} {Html.Coordinate(width - left - Right + 6)} {Html.Coordinate(bottom - Top + 6)}\">\n");
        List<List<List<(double X, double Y)>>> lines = [.. chart.Series.Select(series => Pieces(series.Points, plot))];
        for (int index = 0; index < lines.Count; index++)
        {
            DrawLine(html, lines[index], plot, Class(index));
        }
        // After all lines, so that no line lies over a tooltip's target.
        for (int index = 0; index < lines.Count; index++)
        {
            DrawTooltips(html, lines[index], plot, Class(index), chart, chart.Series[index].Name);
        }
        html.Append("</svg>\n</svg>\n");
    }

    private static void DrawLine(StringBuilder html, List<List<(double X, double Y)>> pieces, Plot plot, string style)
    {
        html.Append(CultureInfo.InvariantCulture, $"<path class=\"line {style}\" d=\"");
        foreach (List<(double X, double Y)> piece in pieces)
        {
            char command = 'M';
            foreach ((double x, double y) in piece)
            {
                html.Append(CultureInfo.InvariantCulture, $"{command}{Html.Coordinate(plot.X(x))} {Html.Coordinate(plot.Y(y))}");
                command = 'L';
            }
            if (piece.Count == 1)
            {
                // A line of no length: the round cap makes it a dot.
                html.Append("h0");
            }
        }
        html.Append("\"/>\n");
    }

    private static void DrawTooltips(StringBuilder html, List<List<(double X, double Y)>> pieces, Plot plot, string style, LineChart chart, string name)
    {
        List<(double X, double Y)> all = [.. pieces.SelectMany(piece => piece)];
        int count = Math.Min(all.Count, MostTooltips);
        html.Append(CultureInfo.InvariantCulture, $"<g class=\"points {style}\">");
        for (int index = 0; index < count; index++)
        {
            (double x, double y) = all[count == 1 ? 0 : (int)((long)index * (all.Count - 1) / (count - 1))];
            string cx = Html.Coordinate(plot.X(x)), cy = Html.Coordinate(plot.Y(y));
            html.Append(CultureInfo.InvariantCulture, $"<g><circle class=\"hit\" cx=\"{cx}\" cy=\"{cy}\" r=\"8\"/><circle class=\"dot\" cx=\"{cx}\" cy=\"{cy}\" r=\"3.5\"/><title>{Html.Escape(name)}\n{Html.Value(x)} {Html.Escape(chart.XLabel)}: {Html.Value(y)} {Html.Escape(chart.YLabel)}</title></g>");
        }
        html.Append("</g>\n");
    }

    /// <summary>The drawable stretches of a line, thinned to what a screen can show: of each stretch of pixels the first, lowest, highest and last point.</summary>
    private static List<List<(double X, double Y)>> Pieces(IReadOnlyList<(double X, double Y)> points, Plot plot)
    {
        var pieces = new List<List<(double X, double Y)>>();
        List<(double X, double Y)>? piece = null;
        foreach ((double X, double Y) point in points)
        {
            if (!plot.CanPlace(point))
            {
                piece = null;
                continue;
            }
            if (piece is null)
            {
                pieces.Add(piece = []);
            }
            piece.Add(point);
        }
        int total = pieces.Sum(stretch => stretch.Count);
        return total <= MostPoints ? pieces : [.. pieces.Select(stretch => Thin(stretch, (int)Math.Ceiling(4.0 * total / MostPoints)))];
    }

    private static List<(double X, double Y)> Thin(List<(double X, double Y)> points, int bucket)
    {
        var thin = new List<(double X, double Y)>();
        for (int start = 0; start < points.Count; start += bucket)
        {
            int end = Math.Min(start + bucket, points.Count);
            int lowest = start, highest = start;
            for (int index = start + 1; index < end; index++)
            {
                lowest = points[index].Y < points[lowest].Y ? index : lowest;
                highest = points[index].Y > points[highest].Y ? index : highest;
            }
            foreach (int index in new SortedSet<int> { start, lowest, highest, end - 1 })
            {
                thin.Add(points[index]);
            }
        }
        return thin;
    }

    private sealed record Plot(ChartAxis XAxis, ChartAxis YAxis, double Left, double Top, double Width, double Height)
    {
        public bool CanPlace((double X, double Y) point) => XAxis.CanPlace(point.X) && YAxis.CanPlace(point.Y);

        public double X(double value) => Left + XAxis.Place(value) * Width;

        public double Y(double value) => Top + (1 - YAxis.Place(value)) * Height;
    }
}
