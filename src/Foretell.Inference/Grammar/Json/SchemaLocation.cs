using System.Globalization;
using System.Text.Json;

namespace Foretell.Inference;

/// <summary>A schema within the document, and where it stands (a JSON pointer behind '#').</summary>
/// <param name="IsFlat">Whether references, allOf, anyOf and oneOf have been dealt with and are not looked at again.</param>
internal sealed record SchemaLocation(JsonElement Element, string Pointer, bool IsFlat = false)
{
    /// <summary>The schema whose $ref or allOf led here; null for where a value's schemas begin.</summary>
    public SchemaLocation? Referrer { get; init; }

    /// <summary>Equal for equal places.</summary>
    public string Key => IsFlat ? Pointer + "\n" : Pointer;

    public SchemaLocation Child(string keyword, JsonElement element) => new(element, $"{Pointer}/{Escape(keyword)}");

    public SchemaLocation Child(string keyword, string name, JsonElement element) => new(element, $"{Pointer}/{keyword}/{Escape(name)}");

    public SchemaLocation Child(string keyword, int index, JsonElement element) => Child(keyword, index.ToString(CultureInfo.InvariantCulture), element);

    /// <summary>Whether references alone lead from here back to here.</summary>
    public bool IsWithinItself()
    {
        for (SchemaLocation? referrer = Referrer; referrer is not null; referrer = referrer.Referrer)
        {
            if (referrer.Key == Key)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The schema that a reference names.</summary>
    /// <exception cref="GrammarException">It is not a JSON pointer into this document, or leads nowhere.</exception>
    public static SchemaLocation Resolve(JsonElement root, JsonElement reference, string pointer)
    {
        if (reference.ValueKind != JsonValueKind.String || reference.GetString() is not string text || !(text == "#" || text.StartsWith("#/", StringComparison.Ordinal)))
        {
            throw new GrammarException($"The schema's '$ref' at {pointer} is {reference.GetRawText()}; only references within the document are supported, as \"#/$defs/name\".");
        }
        JsonElement element = root;
        foreach (string part in text.Split('/').Skip(1))
        {
            string name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            JsonElement next = default;
            bool isFound = element.ValueKind == JsonValueKind.Object
                ? element.TryGetProperty(name, out next)
                : element.ValueKind == JsonValueKind.Array && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < element.GetArrayLength();
            if (!isFound)
            {
                throw new GrammarException($"The schema's '$ref' at {pointer} is \"{text}\", but there is no '{name}' there.");
            }
            element = element.ValueKind == JsonValueKind.Object ? next : element[int.Parse(name, NumberStyles.None, CultureInfo.InvariantCulture)];
        }
        return new SchemaLocation(element, text);
    }

    private static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
