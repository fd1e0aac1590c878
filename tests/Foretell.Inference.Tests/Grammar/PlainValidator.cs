using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;

namespace Foretell.Inference.Tests;

/// <summary>JSON Schema read plainly, keyword by keyword, as its specification says: knows nothing of grammars.</summary>
internal static class PlainValidator
{
    public static bool IsValid(JsonElement root, JsonElement schema, JsonElement value)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return schema.ValueKind == JsonValueKind.True;
        }
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            if (!Holds(root, schema, keyword.Name, keyword.Value, value))
            {
                return false;
            }
        }
        return true;
    }

    private static bool Holds(JsonElement root, JsonElement schema, string keyword, JsonElement argument, JsonElement value) => (keyword, value.ValueKind) switch
    {
        ("type", _) => argument.ValueKind == JsonValueKind.Array ? argument.EnumerateArray().Any(name => IsOfType(name.GetString()!, value)) : IsOfType(argument.GetString()!, value),
        ("enum", _) => argument.EnumerateArray().Any(allowed => JsonElement.DeepEquals(allowed, value)),
        ("const", _) => JsonElement.DeepEquals(argument, value),
        ("anyOf", _) => argument.EnumerateArray().Any(part => IsValid(root, part, value)),
        ("oneOf", _) => argument.EnumerateArray().Count(part => IsValid(root, part, value)) == 1,
        ("allOf", _) => argument.EnumerateArray().All(part => IsValid(root, part, value)),
        ("$ref", _) => IsValid(root, argument.GetString()!.Split('/').Skip(1).Aggregate(root, (at, name) => at.GetProperty(name)), value),
        ("properties", JsonValueKind.Object) => argument.EnumerateObject().All(member => !value.TryGetProperty(member.Name, out JsonElement given) || IsValid(root, member.Value, given)),
        ("required", JsonValueKind.Object) => argument.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
        ("additionalProperties", JsonValueKind.Object) => value.EnumerateObject().All(member =>
            (schema.TryGetProperty("properties", out JsonElement named) && named.TryGetProperty(member.Name, out _)) || IsValid(root, argument, member.Value)),
        ("minProperties", JsonValueKind.Object) => value.EnumerateObject().DistinctBy(member => member.Name).Count() >= argument.GetInt32(),
        ("maxProperties", JsonValueKind.Object) => value.EnumerateObject().DistinctBy(member => member.Name).Count() <= argument.GetInt32(),
        ("prefixItems", JsonValueKind.Array) => argument.EnumerateArray().Zip(value.EnumerateArray()).All(pair => IsValid(root, pair.First, pair.Second)),
        ("items", JsonValueKind.Array) => value.EnumerateArray().Skip(schema.TryGetProperty("prefixItems", out JsonElement prefix) ? prefix.GetArrayLength() : 0).All(item => IsValid(root, argument, item)),
        ("minItems", JsonValueKind.Array) => value.GetArrayLength() >= argument.GetInt32(),
        ("maxItems", JsonValueKind.Array) => value.GetArrayLength() <= argument.GetInt32(),
        ("minLength", JsonValueKind.String) => value.GetString()!.EnumerateRunes().Count() >= argument.GetInt32(),
        ("maxLength", JsonValueKind.String) => value.GetString()!.EnumerateRunes().Count() <= argument.GetInt32(),
        ("pattern", JsonValueKind.String) => Regex.IsMatch(WithoutPairs(value.GetString()!), argument.GetString()!, RegexOptions.ECMAScript),
        ("format", JsonValueKind.String) => HasFormat(argument.GetString()!, value.GetString()!),
        ("minimum", JsonValueKind.Number) => value.GetDouble() >= argument.GetDouble(),
        ("exclusiveMinimum", JsonValueKind.Number) => value.GetDouble() > argument.GetDouble(),
        ("maximum", JsonValueKind.Number) => value.GetDouble() <= argument.GetDouble(),
        ("exclusiveMaximum", JsonValueKind.Number) => value.GetDouble() < argument.GetDouble(),
        ("multipleOf", JsonValueKind.Number) => value.GetDecimal() % argument.GetDecimal() == 0,
        ("$defs" or "description", _) => true,
        ("properties" or "required" or "additionalProperties" or "minProperties" or "maxProperties" or "prefixItems" or "items" or "minItems" or "maxItems"
            or "minLength" or "maxLength" or "pattern" or "format" or "minimum" or "exclusiveMinimum" or "maximum" or "exclusiveMaximum" or "multipleOf", _) => true,
        _ => throw new NotSupportedException(keyword),
    };

    private static bool IsOfType(string name, JsonElement value) => name switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDouble() == Math.Floor(value.GetDouble()),
        "number" => value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble()),
        "string" => value.ValueKind == JsonValueKind.String,
        "array" => value.ValueKind == JsonValueKind.Array,
        "object" => value.ValueKind == JsonValueKind.Object,
        _ => throw new NotSupportedException(name),
    };

    /// <summary>Patterns count characters (ECMA-262's u flag, as JSON Schema asks); .NET counts halves of surrogate pairs, so pairs become one other character.</summary>
    private static string WithoutPairs(string text) => Regex.Replace(text, "[\ud800-\udbff][\udc00-\udfff]", "\u8a9e");

    private static bool HasFormat(string format, string text) => format switch
    {
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "time" => TimeOnly.TryParse(text[..8], CultureInfo.InvariantCulture, out _),
        "date-time" => text[10] == 'T' && DateOnly.TryParseExact(text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) && TimeOnly.TryParse(text[11..19], CultureInfo.InvariantCulture, out _),
        "duration" => text.Contains('W', StringComparison.Ordinal) || IsDuration(text),
        "email" => System.Net.Mail.MailAddress.TryCreate(text, out System.Net.Mail.MailAddress? address) && address.Address == text,
        "hostname" => Uri.CheckHostName(text) is UriHostNameType.Dns or UriHostNameType.IPv4,
        "ipv4" => IPAddress.TryParse(text, out IPAddress? four) && four.ToString() == text,
        "ipv6" => text.Contains(':', StringComparison.Ordinal) && IPAddress.TryParse(text, out _),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
        _ => throw new NotSupportedException(format),
    };

    private static bool IsDuration(string text)
    {
        try
        {
            // Years and months are too long for a TimeSpan with six digits; their form is what counts.
            XmlConvert.ToTimeSpan(Regex.Replace(text, "[0-9]+", "1"));
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>The value as the grammar's compact form writes it: members in the order given, the fewest escapes.</summary>
    public static string Compact(JsonElement value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            value.WriteTo(writer);
        }
        return Encoding.UTF8.GetString(stream.ToArray()).Replace("\\uD83E\\uDD8A", "🦊", StringComparison.Ordinal);
    }
}
