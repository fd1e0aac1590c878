using System.Globalization;

namespace Foretell.Cli;

/// <summary>Amounts of memory as people write them.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, double Bytes)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1),
    ];

    /// <summary>Bytes of a text such as "8GiB", "500 MB" or "1073741824".</summary>
    /// <param name="option">The option that it was given for.</param>
    /// <exception cref="FormatException">The text is none.</exception>
    public static long Parse(string text, string option)
    {
        string trimmed = text.Trim();
        (string unit, double bytes) = Array.Find(s_units, known => trimmed.EndsWith(known.Unit, StringComparison.OrdinalIgnoreCase));
        string number = unit is null ? trimmed : trimmed[..^unit.Length].TrimEnd();
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value * (unit is null ? 1 : bytes) is >= 1 and < long.MaxValue and double whole
            ? (long)whole
            : throw new FormatException($"{option} {text}: wanted an amount of memory such as 8GiB or 500MB.");
    }
}
