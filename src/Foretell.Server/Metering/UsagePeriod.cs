using System.Globalization;

namespace Foretell.Server.Metering;

/// <summary>From when to when usage is counted.</summary>
/// <param name="From">The first moment that counts.</param>
/// <param name="To">The first moment that no longer counts.</param>
public readonly record struct UsagePeriod(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Reads a period; days are those of UTC, and a last day counts whole.</summary>
    /// <param name="from">2026-01-31 or 2026-01-31T12:00:00Z; null for the beginning.</param>
    /// <param name="to">As <paramref name="from"/>; null for now.</param>
    /// <exception cref="FormatException">A time is none, or the period ends before it begins.</exception>
    public static UsagePeriod Parse(string? from, string? to)
    {
        // The last moment that PostgreSQL, too, has.
        var period = new UsagePeriod(Time(from, false) ?? DateTimeOffset.UnixEpoch, Time(to, true) ?? new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return period.From <= period.To ? period : throw new FormatException($"The period ends ({to}) before it begins ({from}).");
    }

    private static DateTimeOffset? Time(string? text, bool isEnd)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day))
        {
            return new DateTimeOffset((isEnd ? day.AddDays(1) : day).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        }
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time)
            ? time
            : throw new FormatException($"\"{text}\" is no time; wanted a day such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z.");
    }
}
