using System.Globalization;

namespace Foretell.Server.Responses;

/// <summary>Identifiers of responses and of their items; an item's tells its response, so that a reference to it can be followed.</summary>
internal static class ResponseIdentifiers
{
    public const string ResponsePrefix = "resp_";

    private static readonly string[] s_itemPrefixes = ["msg_", "rs_", "fc_"];

    public static string OfItem(ResponseItemKind kind, string response, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{s_itemPrefixes[(int)kind]}{response[ResponsePrefix.Length..]}_{index}");

    /// <summary>The response that an item belongs to; null where its identifier is none of this server's.</summary>
    public static string? ResponseOf(string item)
    {
        string? prefix = Array.Find(s_itemPrefixes, one => item.StartsWith(one, StringComparison.Ordinal));
        int end = item.LastIndexOf('_');
        return prefix is null || end <= prefix.Length ? null : ResponsePrefix + item[prefix.Length..end];
    }
}
