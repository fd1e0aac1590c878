using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Server.Storage;

namespace Foretell.Server.Trust;

/// <summary>Keys to and from what the store holds.</summary>
internal static class KeyRecords
{
    public static StoredKey Store(ApiKey key) => new(
        key.Id, key.Name, key.Hash, key.Prefix, [.. KeyScopeNames.List(key.Scopes)], key.Created, key.Expires, key.Revoked, Write(key.Limits));

    public static ApiKey Load(StoredKey stored) => new(
        stored.Id, stored.Name, stored.Hash, stored.Prefix, KeyScopeNames.Parse(string.Join(',', stored.Scopes)), stored.Created, stored.Expires, stored.Revoked, Read(stored.Limits));

    private static string Write(KeyLimits limits)
    {
        var json = new JsonObject();
        if (limits.RequestsPerMinute is int requests)
        {
            json["requests_per_minute"] = requests;
        }
        if (limits.TokensPerMinute is int tokens)
        {
            json["tokens_per_minute"] = tokens;
        }
        return json.ToJsonString();
    }

    private static KeyLimits Read(string text)
    {
        using JsonDocument json = JsonDocument.Parse(text);
        return new KeyLimits(Number("requests_per_minute"), Number("tokens_per_minute"));

        int? Number(string name) => json.RootElement.TryGetProperty(name, out JsonElement value) && value.TryGetInt32(out int number) ? number : null;
    }
}
