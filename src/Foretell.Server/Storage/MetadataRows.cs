using System.Globalization;

namespace Foretell.Server.Storage;

/// <summary>The pairs of text that a client hangs on a stored thing, and finds it by.</summary>
internal static class MetadataRows
{
    public static async Task ReplaceAsync(Session session, string owner, IReadOnlyDictionary<string, string> metadata)
    {
        await DeleteAsync(session, owner).ConfigureAwait(false);
        foreach ((string name, string value) in metadata)
        {
            await session.ExecuteAsync("INSERT INTO metadata (owner, name, value) VALUES (@owner, @name, @value)", ("owner", owner), ("name", name), ("value", value)).ConfigureAwait(false);
        }
    }

    public static Task DeleteAsync(Session session, string owner) => session.ExecuteAsync("DELETE FROM metadata WHERE owner = @owner", ("owner", owner));

    /// <summary>The pairs of each owner; owners without any are absent.</summary>
    public static async Task<Dictionary<string, IReadOnlyDictionary<string, string>>> LoadAsync(Session session, IReadOnlyList<string> owners)
    {
        if (owners.Count == 0)
        {
            return [];
        }
        (string Name, object? Value)[] parameters = [.. owners.Select((owner, i) => (Name("o", i), (object?)owner))];
        List<(string Owner, string Name, string Value)> rows = await session.QueryAsync(
            row => (row.Text(0), row.Text(1), row.Text(2)),
            $"SELECT owner, name, value FROM metadata WHERE owner IN ({string.Join(", ", parameters.Select(parameter => "@" + parameter.Name))}) ORDER BY owner, name",
            parameters).ConfigureAwait(false);
        return rows.GroupBy(row => row.Owner, StringComparer.Ordinal).ToDictionary(
            group => group.Key,
            group => (IReadOnlyDictionary<string, string>)group.ToDictionary(row => row.Name, row => row.Value, StringComparer.Ordinal),
            StringComparer.Ordinal);
    }

    /// <summary>Conditions that an owner has all the pairs.</summary>
    /// <param name="owner">The column of its identifier.</param>
    public static (List<string> Conditions, List<(string Name, object? Value)> Parameters) Filter(string owner, IReadOnlyDictionary<string, string>? metadata)
    {
        var conditions = new List<string>();
        var parameters = new List<(string, object?)>();
        foreach ((string name, string value) in metadata ?? new Dictionary<string, string>())
        {
            string n = Name("n", conditions.Count), v = Name("v", conditions.Count);
            conditions.Add($"EXISTS (SELECT 1 FROM metadata WHERE owner = {owner} AND name = @{n} AND value = @{v})");
            parameters.Add((n, name));
            parameters.Add((v, value));
        }
        return (conditions, parameters);
    }

    private static string Name(string letter, int index) => letter + index.ToString(CultureInfo.InvariantCulture);
}
