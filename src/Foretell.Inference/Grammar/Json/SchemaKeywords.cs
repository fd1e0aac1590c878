using System.Text.Json;

namespace Foretell.Inference;

/// <summary>The kinds of JSON values.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,

    /// <summary>Numbers, integers among them: <see cref="Number"/> holds <see cref="Integer"/>'s bit.</summary>
    Number = 8 | Integer,
    String = 16,
    Array = 32,
    Object = 64,
    All = Null | Boolean | Number | String | Array | Object,
}

/// <summary>Which keywords of JSON Schema (2020-12) mean what here; the guide's page lists the same.</summary>
internal static class SchemaKeywords
{
    /// <summary>Keywords that say nothing of what is valid.</summary>
    private static readonly HashSet<string> Annotations =
    [
        "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "example", "examples", "deprecated",
        "readOnly", "writeOnly", "contentEncoding", "contentMediaType",
    ];

    private static readonly HashSet<string> General = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"];

    /// <summary>Keywords that speak of values of one kind.</summary>
    private static readonly Dictionary<string, JsonTypes> Specific = new()
    {
        ["properties"] = JsonTypes.Object,
        ["required"] = JsonTypes.Object,
        ["additionalProperties"] = JsonTypes.Object,
        ["minProperties"] = JsonTypes.Object,
        ["maxProperties"] = JsonTypes.Object,
        ["items"] = JsonTypes.Array,
        ["prefixItems"] = JsonTypes.Array,
        ["minItems"] = JsonTypes.Array,
        ["maxItems"] = JsonTypes.Array,
        ["uniqueItems"] = JsonTypes.Array,
        ["pattern"] = JsonTypes.String,
        ["format"] = JsonTypes.String,
        ["minLength"] = JsonTypes.String,
        ["maxLength"] = JsonTypes.String,
        ["minimum"] = JsonTypes.Number,
        ["maximum"] = JsonTypes.Number,
        ["exclusiveMinimum"] = JsonTypes.Number,
        ["exclusiveMaximum"] = JsonTypes.Number,
        ["multipleOf"] = JsonTypes.Number,
    };

    /// <summary>The kinds of value that a keyword speaks of; none for general keywords and annotations.</summary>
    /// <exception cref="GrammarException">The keyword isn't supported.</exception>
    public static JsonTypes KindsOf(string keyword, string pointer) =>
        Specific.TryGetValue(keyword, out JsonTypes kinds) ? kinds
        : General.Contains(keyword) || Annotations.Contains(keyword) ? JsonTypes.None
        : throw new GrammarException($"The schema's keyword '{keyword}' at {pointer} isn't supported; supported are {string.Join(", ", General.Concat(Specific.Keys))}.");

    public static JsonTypes TypeNamed(JsonElement name, string pointer) => name.ValueKind != JsonValueKind.String ? throw BadType(name, pointer) : name.GetString() switch
    {
        "null" => JsonTypes.Null,
        "boolean" => JsonTypes.Boolean,
        "integer" => JsonTypes.Integer,
        "number" => JsonTypes.Number,
        "string" => JsonTypes.String,
        "array" => JsonTypes.Array,
        "object" => JsonTypes.Object,
        _ => throw BadType(name, pointer),
    };

    /// <summary>The kind of a value; whole numbers are integers, however they are written.</summary>
    public static JsonTypes TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => JsonTypes.Null,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        JsonValueKind.Number => JsonDecimal.TryParse(value.GetRawText()) is JsonDecimal { IsInteger: true } ? JsonTypes.Integer : JsonTypes.Number,
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.Array => JsonTypes.Array,
        _ => JsonTypes.Object,
    };

    /// <summary>Whether values of kind <paramref name="kind"/> are among <paramref name="types"/>.</summary>
    public static bool Admits(JsonTypes types, JsonTypes kind) => (types & kind) == kind;

    private static GrammarException BadType(JsonElement name, string pointer) =>
        new($"The schema's 'type' at {pointer} is {name.GetRawText()}; it must be null, boolean, integer, number, string, array or object, or a list of these.");
}
