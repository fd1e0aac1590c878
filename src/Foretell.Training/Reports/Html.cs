using System.Globalization;
using System.Text;

namespace Foretell.Training.Reports;

/// <summary>Text and numbers as HTML and SVG take them.</summary>
internal static class Html
{
    /// <summary>Any text as inert text: markup is escaped, control characters become U+FFFD.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (char character in text)
        {
            _ = character switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                '\n' or '\t' => escaped.Append(character),
                '\r' => escaped,
                _ when char.IsControl(character) => escaped.Append('\uFFFD'),
                _ => escaped.Append(character),
            };
        }
        return escaped.ToString();
    }

    /// <summary>A coordinate to a hundredth of a pixel.</summary>
    public static string Coordinate(double value) => (Math.Round(value * 100) / 100).ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>A measured value with five significant digits.</summary>
    public static string Value(double value) => Math.Abs(value) is >= 1e5 and < 1e15
        ? value.ToString("#,0", CultureInfo.InvariantCulture)
        : value.ToString("G5", CultureInfo.InvariantCulture);
}
