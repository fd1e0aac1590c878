using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foretell.Server.FineTuning;

/// <summary>Checks a method's hyperparameters: each is "auto" or a number in its range, and none is unknown.</summary>
/// <param name="method">Whose they are.</param>
/// <param name="settings">The object under the method's name.</param>
public sealed class Hyperparameters(string method, JsonObject settings)
{
    private readonly JsonObject _given = settings["hyperparameters"] switch
    {
        null => [],
        JsonObject given => given,
        _ => throw ApiException.Invalid($"method.{method}.hyperparameters", "hyperparameters is an object.", "invalid_type"),
    };

    private readonly JsonObject _checked = [];

    /// <summary>A whole number or "auto".</summary>
    public Hyperparameters Whole(string name, long least, long most) => Add(name, least, most, whole: true);

    /// <summary>A number or "auto".</summary>
    public Hyperparameters Number(string name, double least, double most) => Add(name, least, most, whole: false);

    /// <summary>One of some words, or "auto".</summary>
    public Hyperparameters Word(string name, params string[] words)
    {
        string word = _given[name] is not JsonNode value ? "auto" : value.GetValueKind() == JsonValueKind.String ? (string)value! : "";
        _checked[name] = word == "auto" || words.Contains(word, StringComparer.Ordinal)
            ? word
            : throw ApiException.Invalid(Path(name), $"{name} is \"auto\" or one of {string.Join(", ", words)}.");
        return this;
    }

    /// <summary>All of them, those left out as "auto".</summary>
    /// <exception cref="ApiException">An unknown one was given.</exception>
    public JsonObject Checked() => _given.Select(pair => pair.Key).FirstOrDefault(name => !_checked.ContainsKey(name)) is string unknown
        ? throw ApiException.Invalid(Path(unknown), $"Unrecognized request argument supplied: {Path(unknown)}; the {method} method has {string.Join(", ", _checked.Select(pair => pair.Key))}.", "unknown_parameter")
        : _checked;

    /// <summary>A number that <see cref="Checked"/> left in settings; null for "auto".</summary>
    public static double? Of(JsonObject settings, string name) =>
        settings["hyperparameters"]?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? value.GetValue<double>() : null;

    private Hyperparameters Add(string name, double least, double most, bool whole)
    {
        if (_given[name] is not JsonNode value || (value.GetValueKind() == JsonValueKind.String && (string)value! == "auto"))
        {
            _checked[name] = "auto";
            return this;
        }
        double number = value.GetValueKind() == JsonValueKind.Number ? value.AsValue().GetValue<double>() : double.NaN;
        if (!(number >= least && number <= most) || (whole && number != Math.Floor(number)))
        {
            throw ApiException.Invalid(Path(name), string.Create(CultureInfo.InvariantCulture, $"{name} is \"auto\" or a {(whole ? "whole " : "")}number from {least} to {most}."));
        }
        _checked[name] = whole ? JsonValue.Create((long)number) : JsonValue.Create(number);
        return this;
    }

    private string Path(string name) => $"method.{method}.hyperparameters.{name}";
}
