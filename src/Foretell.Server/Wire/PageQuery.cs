using System.Globalization;
using System.Text.Json;
using Foretell.Server.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Foretell.Server.Wire;

/// <summary>How the API pages lists: <c>after</c>, <c>limit</c> and <c>order</c> in the query; <c>data</c>, <c>first_id</c>, <c>last_id</c> and <c>has_more</c> in the answer.</summary>
internal static class PageQuery
{
    private const int LongestIdentifier = 200;

    /// <param name="byDefault">The limit when none is given.</param>
    /// <param name="newestFirst">The order when none is given.</param>
    /// <exception cref="ApiException">A value is out of its range.</exception>
    public static PageRequest Read(HttpRequest request, int byDefault, int atMost, bool newestFirst)
    {
        int limit = byDefault;
        if (request.Query["limit"] is [string text]
            && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit >= 1 && limit <= atMost))
        {
            throw ApiException.Invalid("limit", string.Create(CultureInfo.InvariantCulture, $"limit is a whole number from 1 to {atMost}."));
        }
        newestFirst = request.Query["order"] switch
        {
            [] => newestFirst,
            ["asc"] => false,
            ["desc"] => true,
            _ => throw ApiException.Invalid("order", "order is asc or desc."),
        };
        string? after = request.Query["after"];
        if (after?.Length > LongestIdentifier)
        {
            throw ApiException.Invalid("after", "after is the last_id of the page before.");
        }
        return new PageRequest(limit, string.IsNullOrEmpty(after) ? null : after, newestFirst);
    }

    /// <summary>The filter <c>metadata[key]=value</c>; null when there is none.</summary>
    public static Dictionary<string, string>? Metadata(HttpRequest request)
    {
        Dictionary<string, string>? metadata = null;
        foreach ((string name, StringValues values) in request.Query)
        {
            if (name.StartsWith("metadata[", StringComparison.Ordinal) && name.EndsWith(']'))
            {
                (metadata ??= new(StringComparer.Ordinal))[name["metadata[".Length..^1]] = values.ToString();
            }
        }
        return metadata;
    }

    public static void Write<T>(Utf8JsonWriter writer, Page<T> page, Func<T, string> id, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartObject();
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        foreach (T item in page.Items)
        {
            write(writer, item);
        }
        writer.WriteEndArray();
        writer.WriteString("first_id", page.Items.Count > 0 ? id(page.Items[0]) : null);
        writer.WriteString("last_id", page.Items.Count > 0 ? id(page.Items[^1]) : null);
        writer.WriteBoolean("has_more", page.HasMore);
        writer.WriteEndObject();
    }
}
