using System.Text.Json;
using Foretell.Inference;

namespace Foretell.Assistant;

/// <summary>What the text of an answer must be.</summary>
public sealed record AnswerForm
{
    private AnswerForm(string key, Func<Grammar> compile) => (Key, Compile) = (key, compile);

    /// <summary>Any JSON object.</summary>
    public static AnswerForm JsonObject { get; } = new("object", () => JsonSchemaGrammar.AnyObject());

    /// <summary>Equal exactly for equal forms.</summary>
    internal string Key { get; }

    /// <summary>Makes its grammar.</summary>
    internal Func<Grammar> Compile { get; }

    /// <summary>JSON that a schema allows.</summary>
    public static AnswerForm JsonSchema(JsonElement schema) => new($"schema {schema.GetRawText()}", () => JsonSchemaGrammar.Compile(schema));

    /// <summary>A text that a regular expression matches from its beginning to its end.</summary>
    public static AnswerForm Regex(string pattern) => new($"regex {pattern}", () => RegexGrammar.Compile(pattern));

    /// <summary>One of these texts.</summary>
    public static AnswerForm Choice(IReadOnlyCollection<string> choices) =>
        new($"choice {string.Concat(choices.Select(choice => $"{choice.Length}:{choice}"))}", () => ChoiceGrammar.Compile(choices));
}
