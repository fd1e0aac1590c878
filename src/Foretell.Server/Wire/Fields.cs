using System.Text.Json;

namespace Foretell.Server.Wire;

/// <summary>
/// The fields of a JSON object of a request. Each is asked for by name and type; null counts as left out, what is of another
/// type is an error that names it, and so is what nobody asked for, as OpenAI's API has it.
/// </summary>
/// <param name="json">A JSON object.</param>
/// <param name="path">Where it stands in the request, such as "messages[0]"; empty for the request itself.</param>
internal sealed class Fields(JsonElement json, string path = "")
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public JsonElement Json { get; } = json;

    /// <summary>A field's place in the request.</summary>
    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>A value of any type; null where it is left out.</summary>
    public JsonElement? Any(string name)
    {
        _known.Add(name);
        return Json.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public string? Text(string name) => Any(name) is not JsonElement value ? null : Text(value, PathOf(name));

    public string RequiredText(string name) => Text(name) ?? throw Missing(name);

    public bool? Flag(string name) => Any(name) is not JsonElement value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(PathOf(name), value, "true or false");

    public double? Number(string name, double minimum = double.MinValue, double maximum = double.MaxValue)
    {
        if (Any(name) is not JsonElement value)
        {
            return null;
        }
        double number = value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double given) ? given : throw Wrong(PathOf(name), value, "a number");
        return number >= minimum && number <= maximum ? number : throw OutOfRange(name, value, minimum, maximum);
    }

    public long? Integer(string name, long minimum = long.MinValue, long maximum = long.MaxValue)
    {
        if (Any(name) is not JsonElement value)
        {
            return null;
        }
        long number = value.ValueKind != JsonValueKind.Number ? throw Wrong(PathOf(name), value, "a whole number")
            : value.TryGetInt64(out long whole) ? whole
            : value.GetDouble() is double real && real == Math.Floor(real) && Math.Abs(real) < 1e15 ? (long)real
            : throw Wrong(PathOf(name), value, "a whole number");
        return number >= minimum && number <= maximum ? number : throw OutOfRange(name, value, minimum, maximum);
    }

    public Fields? Object(string name) => Any(name) is not JsonElement value ? null : Object(value, PathOf(name));

    public IReadOnlyList<JsonElement>? Array(string name) => Any(name) is not JsonElement value ? null
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()]
        : throw Wrong(PathOf(name), value, "an array");

    /// <summary>A text, or a list of texts.</summary>
    public IReadOnlyList<string>? TextOrTexts(string name)
    {
        if (Any(name) is not JsonElement value)
        {
            return null;
        }
        return value.ValueKind switch
        {
            JsonValueKind.String => [Text(value, PathOf(name))],
            JsonValueKind.Array => [.. value.EnumerateArray().Select((item, index) => Text(item, $"{PathOf(name)}[{index}]"))],
            _ => throw Wrong(PathOf(name), value, "a string or an array of strings"),
        };
    }

    /// <summary>One of a few words.</summary>
    public string? Word(string name, params ReadOnlySpan<string> allowed) => Text(name) is not string given ? null
        : allowed.Contains(given) ? given
        : throw ApiException.Invalid(PathOf(name), $"Invalid value: '{given}'. Supported values are: {string.Join(", ", allowed.ToArray().Select(word => $"'{word}'"))}.");

    /// <summary>Texts by name, as metadata is given: at most 16 of them, names to 64 characters, values to 512.</summary>
    public IReadOnlyDictionary<string, string> Texts(string name)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty pair in Object(name)?.Json.EnumerateObject() ?? default)
        {
            string value = Text(pair.Value, $"{PathOf(name)}.{pair.Name}");
            if (texts.Count == 16 || pair.Name.Length > 64 || value.Length > 512)
            {
                throw ApiException.Invalid(PathOf(name), $"'{PathOf(name)}' holds at most 16 pairs, with keys of at most 64 characters and values of at most 512.");
            }
            texts[pair.Name] = value;
        }
        return texts;
    }

    /// <summary>Fields that are accepted and change nothing: whose they are, or hints about speed.</summary>
    public void Accept(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            _known.Add(name);
        }
    }

    /// <summary>A field of the API that this server does not serve.</summary>
    /// <exception cref="ApiException">It is given.</exception>
    public void Refuse(string name, string remedy)
    {
        if (Any(name) is not null)
        {
            throw ApiException.Invalid(PathOf(name), $"Unsupported parameter: '{PathOf(name)}': {remedy}.", "unsupported_parameter");
        }
    }

    /// <exception cref="ApiException">A field was not asked for.</exception>
    public void RequireAllKnown()
    {
        foreach (JsonProperty field in Json.EnumerateObject())
        {
            if (!_known.Contains(field.Name))
            {
                throw ApiException.Invalid(PathOf(field.Name), $"Unknown parameter: '{PathOf(field.Name)}'.", "unknown_parameter");
            }
        }
    }

    public ApiException Missing(string name) => ApiException.Invalid(PathOf(name), $"Missing required parameter: '{PathOf(name)}'.", "missing_required_parameter");

    public static Fields Object(JsonElement value, string path) => value.ValueKind == JsonValueKind.Object ? new Fields(value, path) : throw Wrong(path, value, "an object");

    public static string Text(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw Wrong(path, value, "a string");
        }
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid(path, $"'{path}' holds half a surrogate pair or bytes that are no UTF-8; send valid Unicode text.");
        }
    }

    public static ApiException Wrong(string path, JsonElement value, string wanted) =>
        ApiException.Invalid(path, $"Invalid type for '{path}': expected {wanted}, but got {KindOf(value)} instead.", "invalid_type");

    public static string KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };

    private ApiException OutOfRange(string name, JsonElement value, double minimum, double maximum)
    {
        string path = PathOf(name);
        bool isBelow = value.GetDouble() < minimum;
        string wanted = FormattableString.Invariant($"a value {(isBelow ? ">=" : "<=")} {(isBelow ? minimum : maximum)}");
        string kind = value.TryGetInt64(out _) ? "integer" : "decimal";
        return ApiException.Invalid(path, $"Invalid '{path}': expected {wanted}, but got {value.GetRawText()} instead.", $"{kind}_{(isBelow ? "below_min" : "above_max")}_value");
    }
}
