using System.Text.Json;

namespace Foretell.Server.Wire;

/// <summary>The pairs of text that a client hangs on a stored thing: at most 16, keys to 64 and values to 512 characters.</summary>
internal static class MetadataBody
{
    private const int Most = 16;
    private const int LongestKey = 64;
    private const int LongestValue = 512;

    /// <summary>The member "metadata" of a body; empty when it is missing or null.</summary>
    /// <exception cref="ApiException">It is out of its bounds.</exception>
    public static IReadOnlyDictionary<string, string> Read(JsonElement body)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!body.TryGetProperty("metadata", out JsonElement metadata) || metadata.ValueKind == JsonValueKind.Null)
        {
            return pairs;
        }
        if (metadata.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.Invalid("metadata", "metadata is an object of strings.", "invalid_type");
        }
        foreach (JsonProperty pair in metadata.EnumerateObject())
        {
            if (pair.Value.ValueKind != JsonValueKind.String)
            {
                throw ApiException.Invalid($"metadata.{pair.Name}", "The values of metadata are strings.", "invalid_type");
            }
            string value = pair.Value.GetString()!;
            // A null character has no place in PostgreSQL's text.
            if (pair.Name.Length is 0 or > LongestKey || value.Length > LongestValue || pair.Name.Contains('\0', StringComparison.Ordinal) || value.Contains('\0', StringComparison.Ordinal))
            {
                throw ApiException.Invalid("metadata", FormattableString.Invariant($"Keys of metadata have 1 to {LongestKey} characters and values up to {LongestValue}, none of them a null character."));
            }
            pairs[pair.Name] = value;
        }
        return pairs.Count <= Most ? pairs : throw ApiException.Invalid("metadata", FormattableString.Invariant($"metadata has at most {Most} pairs."));
    }
}
