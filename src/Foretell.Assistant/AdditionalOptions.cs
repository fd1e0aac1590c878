using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant;

/// <summary>Reads <see cref="ChatOptions.AdditionalProperties"/>: values may be .NET's own or JSON. What nobody asked for is an error that names it.</summary>
internal sealed class AdditionalOptions
{
    private readonly Dictionary<string, object?> _left = [];
    private readonly List<string> _known = [];

    public AdditionalOptions(AdditionalPropertiesDictionary? properties)
    {
        foreach ((string key, object? value) in properties ?? [])
        {
            _left[key] = value;
        }
    }

    /// <exception cref="ArgumentException">A property was not asked for by any of the reading methods.</exception>
    public void RequireAllRead()
    {
        if (_left.Count > 0)
        {
            throw new ArgumentException($"options: the additional property \"{_left.Keys.First()}\" is not known; known are {string.Join(", ", _known.Order(StringComparer.Ordinal))}.");
        }
    }

    public double? Number(string key) => Take(key) switch
    {
        null => null,
        object value => AsNumber(value) ?? throw Wrong(key, value, "a number"),
    };

    public int? Integer(string key) => Take(key) switch
    {
        null => null,
        object value => AsNumber(value) is double number && number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue ? (int)number : throw Wrong(key, value, "a whole number"),
    };

    public bool? Flag(string key) => Take(key) switch
    {
        null => null,
        bool flag => flag,
        JsonElement { ValueKind: JsonValueKind.True or JsonValueKind.False } element => element.GetBoolean(),
        JsonValue json when json.TryGetValue(out bool flag) => flag,
        object value => throw Wrong(key, value, "true or false"),
    };

    public string? Text(string key) => Take(key) switch
    {
        null => null,
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } element => element.GetString(),
        JsonValue json when json.TryGetValue(out string? text) => text,
        object value => throw Wrong(key, value, "text"),
    };

    public IReadOnlyList<string>? Texts(string key) => Take(key) switch
    {
        null => null,
        IEnumerable<string> texts => [.. texts],
        JsonElement { ValueKind: JsonValueKind.Array } element when element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) => [.. element.EnumerateArray().Select(item => item.GetString()!)],
        object value => throw Wrong(key, value, "a list of texts"),
    };

    /// <summary>Numbers by token id.</summary>
    public Dictionary<int, double>? NumbersById(string key)
    {
        const string Wanted = "numbers by token id";
        object? value = Take(key);
        if (value is null)
        {
            return null;
        }
        var numbers = new Dictionary<int, double>();
        foreach ((string name, object? item) in Entries(value) ?? throw Wrong(key, value, Wanted))
        {
            numbers[int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : throw Wrong(key, name, Wanted)] =
                AsNumber(item) ?? throw Wrong(key, item, Wanted);
        }
        return numbers;
    }

    /// <summary>An object's values as JSON.</summary>
    public Dictionary<string, JsonElement>? Object(string key)
    {
        object? value = Take(key);
        return value is null ? null : (Entries(value) ?? throw Wrong(key, value, "an object")).ToDictionary(entry => entry.Key, entry => MessageReader.ToJson(entry.Value));
    }

    private object? Take(string key)
    {
        _known.Add(key);
        return _left.Remove(key, out object? value) ? value : null;
    }

    private static IEnumerable<(string Key, object? Value)>? Entries(object value) => value switch
    {
        JsonElement { ValueKind: JsonValueKind.Object } element => element.EnumerateObject().Select(entry => (entry.Name, (object?)entry.Value)),
        JsonObject json => json.Select(entry => (entry.Key, (object?)entry.Value)),
        IDictionary dictionary => Entries(dictionary),
        IEnumerable<KeyValuePair<string, object?>> pairs => pairs.Select(entry => (entry.Key, entry.Value)),
        IEnumerable<KeyValuePair<int, double>> pairs => pairs.Select(entry => (entry.Key.ToString(CultureInfo.InvariantCulture), (object?)entry.Value)),
        _ => null,
    };

    private static IEnumerable<(string Key, object? Value)> Entries(IDictionary dictionary)
    {
        foreach (DictionaryEntry entry in dictionary)
        {
            yield return (Convert.ToString(entry.Key, CultureInfo.InvariantCulture)!, entry.Value);
        }
    }

    private static double? AsNumber(object? value) => value switch
    {
        int or long or short or byte or uint or ulong or double or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        float single => Exactly(single),
        JsonElement { ValueKind: JsonValueKind.Number } element => element.GetDouble(),
        JsonValue json when json.TryGetValue(out double number) => number,
        JsonValue json when json.TryGetValue(out long number) => number,
        JsonValue json when json.TryGetValue(out int number) => number,
        _ => null,
    };

    /// <summary>The number that someone who wrote a float meant: 0.7f is 0.7, not 0.699999988.</summary>
    public static double Exactly(float value) => double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static ArgumentException Wrong(string key, object? value, string wanted) =>
        new(string.Create(CultureInfo.InvariantCulture, $"options: the additional property \"{key}\" holds {value} ({value?.GetType().Name ?? "null"}); expected {wanted}."));
}
