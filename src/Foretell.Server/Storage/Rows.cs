using System.Data.Common;

namespace Foretell.Server.Storage;

/// <summary>Columns of a row as this room's types: times are milliseconds since 1970.</summary>
internal static class Rows
{
    public static string Text(this DbDataReader row, int column) => row.GetString(column);

    public static string? OptionalText(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static long Number(this DbDataReader row, int column) => row.GetInt64(column);

    public static long? OptionalNumber(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    public static DateTimeOffset Time(this DbDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    public static DateTimeOffset? OptionalTime(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.Time(column);
}
