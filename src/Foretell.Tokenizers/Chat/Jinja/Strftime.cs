using System.Globalization;
using System.Text;

namespace Foretell.Tokenizers.Jinja;

/// <summary>C's strftime in English, for the dates that templates write.</summary>
internal static class Strftime
{
    public static string Format(DateTimeOffset time, string format)
    {
        var text = new StringBuilder();
        for (int index = 0; index < format.Length; index++)
        {
            if (format[index] != '%' || index + 1 == format.Length)
            {
                text.Append(format[index]);
                continue;
            }
            char code = format[++index];
            bool bare = code == '-' && index + 1 < format.Length;
            code = bare ? format[++index] : code;
            string? value = Directive(time, code);
            text.Append(value is null ? $"%{(bare ? "-" : "")}{code}" : bare && value.Length > 1 ? value[..^1].TrimStart('0', ' ') + value[^1] : value);
        }
        return text.ToString();
    }

    private static string? Directive(DateTimeOffset time, char code)
    {
        return code switch
        {
            'a' => Write("ddd"),
            'A' => Write("dddd"),
            'b' or 'h' => Write("MMM"),
            'B' => Write("MMMM"),
            'c' => $"{Write("ddd MMM")} {Padded(time.Day)} {Write("HH:mm:ss yyyy")}",
            'C' => Number(time.Year / 100, "00"),
            'd' => Write("dd"),
            'D' or 'x' => Write("MM/dd/yy"),
            'e' => Padded(time.Day),
            'F' => Write("yyyy-MM-dd"),
            'f' => Write("ffffff"),
            'H' => Write("HH"),
            'I' => Write("hh"),
            'j' => Number(time.DayOfYear, "000"),
            'm' => Write("MM"),
            'M' => Write("mm"),
            'n' => "\n",
            'p' => Write("tt"),
            'r' => Write("hh:mm:ss tt"),
            'R' => Write("HH:mm"),
            's' => Number(time.ToUnixTimeSeconds(), "0"),
            'S' => Write("ss"),
            't' => "\t",
            'T' or 'X' => Write("HH:mm:ss"),
            'u' => Number(time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek, "0"),
            'U' => Number((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7, "00"),
            'V' => Number(ISOWeek.GetWeekOfYear(time.DateTime), "00"),
            'w' => Number((int)time.DayOfWeek, "0"),
            'W' => Number((time.DayOfYear + 6 - (((int)time.DayOfWeek + 6) % 7)) / 7, "00"),
            'y' => Write("yy"),
            'Y' => Write("yyyy"),
            'z' => time.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal),
            'Z' => time.Offset == TimeSpan.Zero ? "UTC" : "",
            '%' => "%",
            _ => null,
        };

        string Write(string format) => time.ToString(format, CultureInfo.InvariantCulture);

        static string Number(long value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

        static string Padded(int day) => Number(day, "0").PadLeft(2);
    }
}
