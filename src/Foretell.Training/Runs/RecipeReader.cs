using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Foretell.Training;

/// <summary>Reads recipes: JSON objects over a record's defaults, and key=value settings over those.</summary>
public static class RecipeReader
{
    /// <summary>Reads a recipe and applies settings over it.</summary>
    /// <param name="json">The recipe's JSON, comments and trailing commas allowed; null for the defaults.</param>
    /// <param name="settings">"key=value" pairs in the recipe's own names.</param>
    /// <param name="defaults">The values of keys that are not given.</param>
    /// <param name="type">The record's form in JSON: camel case, unknown members disallowed, nulls not written.</param>
    /// <param name="command">The command that lists the keys, for messages.</param>
    /// <param name="wanted">For a key, "; wanted A or B", or an empty string.</param>
    /// <exception cref="FormatException">Not JSON, an unknown key or a value of the wrong kind; the message names it.</exception>
    public static T Parse<T>(string? json, IEnumerable<string> settings, T defaults, JsonTypeInfo<T> type, string command, Func<string, string>? wanted = null)
    {
        JsonObject root;
        try
        {
            root = json is null ? [] : JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }) as JsonObject
                ?? throw new FormatException("recipe: a recipe is a JSON object.");
        }
        catch (JsonException error)
        {
            throw new FormatException($"recipe: not valid JSON at line {error.LineNumber + 1}.");
        }
        foreach (string setting in settings)
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new FormatException($"--set {setting}: wanted key=value, as in --set seed=6.");
            }
            root[setting[..equals]] = Value(setting[(equals + 1)..]);
        }
        // The generated reader does not know the defaults of init-only properties, so they are laid under the given values.
        foreach ((string key, JsonNode? value) in JsonSerializer.SerializeToNode(defaults, type)!.AsObject())
        {
            if (!root.TryAdd(key, value?.DeepClone()) && root[key] is null)
            {
                throw new FormatException($"recipe: \"{key}\" cannot be null; leave it out for its default, {value?.ToJsonString()}.");
            }
        }
        try
        {
            return root.Deserialize(type)!;
        }
        catch (JsonException error)
        {
            throw new FormatException($"recipe: {Explain(error, command, wanted)}");
        }
    }

    private static JsonNode? Value(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    private static string Explain(JsonException error, string command, Func<string, string>? wanted)
    {
        string key = error.Path?.TrimStart('$', '.') ?? "";
        return error.Message.Contains("could not be mapped", StringComparison.Ordinal)
            ? $"there is no setting \"{(key.Length > 0 ? key : error.Message.Split('\'')[1])}\"; {command} --help lists them."
            : $"the value of \"{key}\" does not have the right form{wanted?.Invoke(key)}.";
    }
}
