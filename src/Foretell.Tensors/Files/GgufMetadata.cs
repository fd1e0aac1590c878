using System.Globalization;

namespace Foretell.Tensors.Files;

/// <summary>
/// The keys and values of a GGUF file, in the file's order. A value is one of: byte, sbyte, ushort, short, uint, int, ulong,
/// long, float, double, bool, string, or an array of one of them.
/// </summary>
/// <param name="source">The file's name, for messages.</param>
public sealed class GgufMetadata(string source = "GGUF")
{
    /// <summary>Where the architecture is named ("llama", "qwen3", ...), which begins the names of most other keys.</summary>
    public const string Architecture = "general.architecture";

    /// <summary>Bytes that tensors are aligned to; <see cref="DefaultAlignment"/> where it is missing.</summary>
    public const string Alignment = "general.alignment";

    public const int DefaultAlignment = 32;

    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly List<string> _keys = [];

    /// <summary>In the file's order.</summary>
    public IReadOnlyList<string> Keys => _keys;

    /// <summary>The value of a key, of one of the types above.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public object this[string key] => _values[key];

    public bool Contains(string key) => _values.ContainsKey(key);

    /// <summary>Adds a key behind the others.</summary>
    /// <param name="value">Of one of the types above.</param>
    /// <exception cref="ArgumentException">The key is there already, or the value is of no type that the format has.</exception>
    public GgufMetadata Add(string key, object value)
    {
        if (GgufValueTypes.Of(value) is null)
        {
            throw new ArgumentException($"The metadata \"{key}\" is a {value.GetType().Name}, which GGUF files do not hold.", nameof(value));
        }
        if (!_values.TryAdd(key, value))
        {
            throw new ArgumentException($"The metadata \"{key}\" is there already.", nameof(key));
        }
        _keys.Add(key);
        return this;
    }

    /// <summary>A whole number of any width, or null where the key is missing.</summary>
    /// <exception cref="InvalidDataException">It is no whole number, or outside [<paramref name="least"/>, <paramref name="greatest"/>].</exception>
    public long? Integer(string key, long least = 0, long greatest = int.MaxValue)
    {
        if (!_values.TryGetValue(key, out object? value))
        {
            return null;
        }
        decimal? number = value switch
        {
            byte or sbyte or ushort or short or uint or int or long => Convert.ToInt64(value, CultureInfo.InvariantCulture),
            ulong wide => wide,
            _ => null,
        };
        return number is decimal given && given >= least && given <= greatest
            ? (long)given
            : throw Wrong(key, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {greatest}"));
    }

    /// <summary>A number, or null where the key is missing.</summary>
    /// <exception cref="InvalidDataException">It is no number, or not finite.</exception>
    public double? Real(string key)
    {
        if (!_values.TryGetValue(key, out object? value))
        {
            return null;
        }
        double? number = value switch
        {
            // By way of its shortest text: 1e-5 in single precision is meant as 1e-5, not as 9.99999974e-6.
            float single => double.Parse(single.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
            double given => given,
            byte or sbyte or ushort or short or uint or int or ulong or long => Convert.ToDouble(value, CultureInfo.InvariantCulture),
            _ => null,
        };
        return number is double real && double.IsFinite(real) ? real : throw Wrong(key, "a finite number");
    }

    /// <summary>True or false, or null where the key is missing.</summary>
    /// <exception cref="InvalidDataException">It is neither.</exception>
    public bool? Flag(string key) => Optional<bool>(key, "true or false");

    /// <summary>A text, or null where the key is missing.</summary>
    /// <exception cref="InvalidDataException">It is no text.</exception>
    public string? Text(string key) => _values.TryGetValue(key, out object? value) ? value as string ?? throw Wrong(key, "a text") : null;

    /// <summary>A list of <typeparamref name="T"/>, or null where the key is missing.</summary>
    /// <exception cref="InvalidDataException">It is no such list.</exception>
    public T[]? List<T>(string key) =>
        // An array of int passes for one of uint in .NET, so the element types are compared themselves.
        _values.TryGetValue(key, out object? value)
            ? value.GetType() == typeof(T[]) ? (T[])value : throw Wrong(key, $"a list of {typeof(T).Name}")
            : null;

    private T? Optional<T>(string key, string wanted)
        where T : struct =>
        _values.TryGetValue(key, out object? value) ? value is T typed ? typed : throw Wrong(key, wanted) : null;

    private InvalidDataException Wrong(string key, string wanted) =>
        new($"{source}: the metadata \"{SafeTensorInfo.Shorten(key)}\" must be {wanted}; it is {Describe(_values[key])}.");

    private static string Describe(object value) => value switch
    {
        Array list => string.Create(CultureInfo.InvariantCulture, $"a list of {list.Length} × {list.GetType().GetElementType()!.Name}"),
        string text => $"the text \"{SafeTensorInfo.Shorten(text)}\"",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
