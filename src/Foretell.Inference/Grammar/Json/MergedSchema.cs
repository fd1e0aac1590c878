using System.Text.Json;

namespace Foretell.Inference;

/// <summary>All that several schemas at once ask of one value: allOf, references and what stands beside them, brought together.</summary>
internal sealed class MergedSchema
{
    private const int MaximumParts = 1_000;
    private readonly JsonElement _root;

    /// <exception cref="GrammarException">A keyword is unsupported or malformed.</exception>
    public MergedSchema(JsonElement root, IEnumerable<SchemaLocation> schemas)
    {
        _root = root;
        var seen = new HashSet<string>();
        var open = new Queue<SchemaLocation>(schemas);
        JsonTypes implied = JsonTypes.None;
        bool isTyped = false;
        while (open.TryDequeue(out SchemaLocation? schema))
        {
            if (schema.IsWithinItself())
            {
                throw new GrammarException($"The schema at {schema.Pointer} refers to itself before any text; let the reference stand inside an object or an array.");
            }
            if (!seen.Add(schema.Key) || schema.Element.ValueKind == JsonValueKind.True)
            {
                continue;
            }
            if (seen.Count > MaximumParts)
            {
                throw new GrammarException($"More than {MaximumParts} schemas speak of one value at {schema.Pointer}; use fewer references and less allOf.");
            }
            if (schema.Element.ValueKind == JsonValueKind.False)
            {
                Types = JsonTypes.None;
                isTyped = true;
                continue;
            }
            if (schema.Element.ValueKind != JsonValueKind.Object)
            {
                throw new GrammarException($"The schema at {schema.Pointer} is {schema.Element.ValueKind.ToString().ToLowerInvariant()}; a schema is an object, true or false.");
            }
            Parts.Add(schema);
            foreach (JsonProperty keyword in schema.Element.EnumerateObject())
            {
                implied |= SchemaKeywords.KindsOf(keyword.Name, schema.Pointer);
                isTyped |= keyword.Name == "type";
                Read(schema, keyword.Name, keyword.Value, open);
            }
        }
        DeclaredTypes = Types;
        if (!isTyped && implied != JsonTypes.None && Values is null)
        {
            Types = implied;
        }
    }

    /// <summary>The schemas that were brought together, references followed.</summary>
    public List<SchemaLocation> Parts { get; } = [];

    /// <summary>The kinds of value; where no schema names any, those that its keywords speak of, and all when there are none.</summary>
    public JsonTypes Types { get; private set; } = JsonTypes.All;

    /// <summary>The kinds of value that the schemas admit by the letter: all where none is named.</summary>
    public JsonTypes DeclaredTypes { get; }

    /// <summary>The only values, from enum and const; null where any may stand.</summary>
    public List<JsonElement>? Values { get; private set; }

    /// <summary>Lists of schemas of which one must hold, and whether exactly one.</summary>
    public List<(List<SchemaLocation> Alternatives, bool IsExclusive, string Pointer)> Groups { get; } = [];

    public List<(string Pattern, string Pointer)> Patterns { get; } = [];

    public int MinimumLength { get; private set; }

    public int MaximumLength { get; private set; } = Expression.Unbounded;

    public JsonBound? Lower { get; private set; }

    public JsonBound? Upper { get; private set; }

    public List<(JsonDecimal Divisor, string Pointer)> Divisors { get; } = [];

    public int MinimumItems { get; private set; }

    public int MaximumItems { get; private set; } = Expression.Unbounded;

    public int MinimumProperties { get; private set; }

    public int MaximumProperties { get; private set; } = Expression.Unbounded;

    /// <summary>The names that must be there, in the order they are listed.</summary>
    public List<string> Required { get; } = [];

    /// <summary>A keyword that restricts values beyond type, enum and const, for messages; null when there is none.</summary>
    public string? Restriction { get; private set; }

    /// <summary>Whether any schema speaks of the members of objects.</summary>
    public bool NamesMembers { get; private set; }

    private void Read(SchemaLocation schema, string keyword, JsonElement value, Queue<SchemaLocation> open)
    {
        string pointer = $"{schema.Pointer}/{keyword}";
        if (SchemaKeywords.KindsOf(keyword, schema.Pointer) != JsonTypes.None)
        {
            Restriction ??= pointer;
        }
        switch (keyword)
        {
            case "$ref" or "allOf" or "anyOf" or "oneOf" when schema.IsFlat:
                break;
            case "$ref":
                open.Enqueue(SchemaLocation.Resolve(_root, value, schema.Pointer) with { Referrer = schema });
                break;
            case "allOf":
                foreach (SchemaLocation part in List(schema, keyword, value))
                {
                    open.Enqueue(part with { Referrer = schema });
                }
                break;
            case "anyOf" or "oneOf":
                Groups.Add((List(schema, keyword, value), keyword == "oneOf", pointer));
                break;
            case "type":
                JsonTypes named = value.ValueKind == JsonValueKind.Array
                    ? value.EnumerateArray().Aggregate(JsonTypes.None, (types, name) => types | SchemaKeywords.TypeNamed(name, schema.Pointer))
                    : SchemaKeywords.TypeNamed(value, schema.Pointer);
                Types &= named;
                break;
            case "enum":
                Restrict(value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Malformed(pointer, value, "a list of values"));
                break;
            case "const":
                Restrict([value]);
                break;
            case "pattern":
                Patterns.Add((Text(pointer, value), pointer));
                break;
            case "format":
                ReadFormat(Text(pointer, value), pointer);
                break;
            case "minLength":
                MinimumLength = Math.Max(MinimumLength, Count(pointer, value));
                break;
            case "maxLength":
                MaximumLength = Math.Min(MaximumLength, Count(pointer, value));
                break;
            case "minimum" or "exclusiveMinimum":
                Lower = Tighter(Lower, new JsonBound(Number(pointer, value), keyword == "exclusiveMinimum"), 1);
                break;
            case "maximum" or "exclusiveMaximum":
                Upper = Tighter(Upper, new JsonBound(Number(pointer, value), keyword == "exclusiveMaximum"), -1);
                break;
            case "multipleOf":
                JsonDecimal divisor = Number(pointer, value);
                Divisors.Add(divisor.Sign > 0 ? (divisor, pointer) : throw Malformed(pointer, value, "a number above 0"));
                break;
            case "minItems":
                MinimumItems = Math.Max(MinimumItems, Count(pointer, value));
                break;
            case "maxItems":
                MaximumItems = Math.Min(MaximumItems, Count(pointer, value));
                break;
            case "uniqueItems" when value.ValueKind != JsonValueKind.False:
                throw new GrammarException($"The schema's '{keyword}' at {schema.Pointer} isn't supported: no grammar can compare items; leave it out and check the result.");
            case "items" when value.ValueKind == JsonValueKind.Array:
                throw Malformed(pointer, value, "a schema; for a list of schemas by position use prefixItems");
            case "prefixItems" when value.ValueKind != JsonValueKind.Array:
                throw Malformed(pointer, value, "a list of schemas");
            case "minProperties":
                MinimumProperties = Math.Max(MinimumProperties, Count(pointer, value));
                break;
            case "maxProperties":
                MaximumProperties = Math.Min(MaximumProperties, Count(pointer, value));
                break;
            case "required":
                NamesMembers = true;
                foreach (JsonElement name in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Malformed(pointer, value, "a list of names"))
                {
                    string text = Text(pointer, name);
                    if (!Required.Contains(text))
                    {
                        Required.Add(text);
                    }
                }
                break;
            case "properties":
                NamesMembers = true;
                _ = value.ValueKind == JsonValueKind.Object ? 0 : throw Malformed(pointer, value, "an object of schemas by name");
                break;
        }
    }

    private void ReadFormat(string format, string pointer)
    {
        switch (format)
        {
            case "int32":
                Lower = Tighter(Lower, new JsonBound(new JsonDecimal(int.MinValue, 0), false), 1);
                Upper = Tighter(Upper, new JsonBound(new JsonDecimal(int.MaxValue, 0), false), -1);
                break;
            case "int64":
                Lower = Tighter(Lower, new JsonBound(new JsonDecimal(long.MinValue, 0), false), 1);
                Upper = Tighter(Upper, new JsonBound(new JsonDecimal(long.MaxValue, 0), false), -1);
                break;
            case "float" or "double":
                break;
            default:
                Patterns.Add(($"^(?:{JsonFormats.Pattern(format) ?? throw new GrammarException($"The schema's format \"{format}\" at {pointer} isn't supported; supported are {string.Join(", ", JsonFormats.Names)}.")})$", pointer));
                break;
        }
    }

    private void Restrict(List<JsonElement> values) =>
        Values = Values is null ? values : Values.FindAll(known => values.Exists(value => JsonElement.DeepEquals(known, value)));

    private static JsonBound Tighter(JsonBound? known, JsonBound bound, int direction)
    {
        int order = known is JsonBound old ? old.Value.CompareTo(bound.Value) * direction : -1;
        return order < 0 || (order == 0 && bound.IsExclusive) ? bound : known!.Value;
    }

    private static List<SchemaLocation> List(SchemaLocation schema, string keyword, JsonElement value) => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
        ? [.. value.EnumerateArray().Select((element, index) => schema.Child(keyword, index, element))]
        : throw Malformed($"{schema.Pointer}/{keyword}", value, "a list of at least one schema");

    private static string Text(string pointer, JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Malformed(pointer, value, "a string");

    private static JsonDecimal Number(string pointer, JsonElement value) =>
        (value.ValueKind == JsonValueKind.Number ? JsonDecimal.TryParse(value.GetRawText()) : null) ?? throw Malformed(pointer, value, "a number of at most 400 digits");

    private static int Count(string pointer, JsonElement value) => value.ValueKind == JsonValueKind.Number && JsonDecimal.TryParse(value.GetRawText()) is JsonDecimal { IsInteger: true, Sign: >= 0 } count && count.Unscaled < Expression.Unbounded
        ? (int)count.Unscaled
        : throw Malformed(pointer, value, "a whole number from 0 to 2147483646");

    private static GrammarException Malformed(string pointer, JsonElement value, string expected)
    {
        string text = value.GetRawText();
        return new GrammarException($"The schema's value at {pointer} is {(text.Length <= 80 ? text : text[..80] + "...")}; it must be {expected}.");
    }
}
