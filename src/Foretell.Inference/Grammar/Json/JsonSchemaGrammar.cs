using System.Text;
using System.Text.Json;

namespace Foretell.Inference;

/// <summary>JSON that is valid under a schema. The guide's page on constrained output lists the keywords and the form of what is written.</summary>
public static class JsonSchemaGrammar
{
    private const int MaximumBytes = 1 << 20;

    /// <param name="schema">A JSON schema (2020-12), at most 1 MiB of text.</param>
    /// <param name="options">The form of the JSON; the defaults when null.</param>
    /// <exception cref="GrammarException">The schema is malformed, too large, admits nothing, or uses an unsupported keyword, which the message names with its place.</exception>
    public static Grammar Compile(JsonElement schema, JsonGrammarOptions? options = null)
    {
        options ??= new JsonGrammarOptions();
        options.Validate();
        return new Grammar(Expression(schema, options), "The schema admits no value: its conditions contradict each other, or it can only be met by endless nesting.", options.MaximumDepth);
    }

    /// <summary>Any JSON object.</summary>
    public static Grammar AnyObject(JsonGrammarOptions? options = null)
    {
        options ??= new JsonGrammarOptions();
        options.Validate();
        return new Grammar(new JsonForm(options.Separators).AnyObject, "No object can be written.", options.MaximumDepth);
    }

    internal static Expression Expression(JsonElement schema, JsonGrammarOptions options)
    {
        try
        {
            int length = Encoding.UTF8.GetByteCount(schema.GetRawText());
            return length <= MaximumBytes
                ? new SchemaCompiler(schema, new JsonForm(options.Separators)).Compile()
                : throw new GrammarException($"The schema has {length} bytes; at most {MaximumBytes} are supported.");
        }
        catch (InvalidOperationException)
        {
            throw new GrammarException("The schema is no JSON value, or holds a text with half a surrogate pair; write whole characters.");
        }
    }
}
