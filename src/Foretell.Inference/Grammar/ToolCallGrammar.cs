using System.Text;
using System.Text.Json;

namespace Foretell.Inference;

/// <summary>A tool that a model may call.</summary>
/// <param name="Name">At least one character.</param>
/// <param name="Parameters">The JSON schema of its arguments; null for any object.</param>
public sealed record ToolDefinition(string Name, JsonElement? Parameters = null);

/// <summary>Whether a model calls tools.</summary>
public enum ToolChoice
{
    /// <summary>Text, or calls, as the model likes.</summary>
    Auto,

    /// <summary>At least one call and nothing else.</summary>
    Required,
}

/// <summary>How calls of tools are asked for.</summary>
public sealed record ToolCallOptions
{
    /// <summary>Whether there must be a call; default <see cref="ToolChoice.Auto"/>.</summary>
    public ToolChoice Choice { get; init; } = ToolChoice.Auto;

    /// <summary>The only tool that may be called; null (the default) for all.</summary>
    public string? OnlyTool { get; init; }

    /// <summary>Whether several calls may follow each other, where the envelope has a form for it; default true.</summary>
    public bool AllowParallel { get; init; } = true;

    /// <summary>The form of the arguments.</summary>
    public JsonGrammarOptions Json { get; init; } = new();
}

/// <summary>Calls of tools with valid arguments, in the text form of a family of models.</summary>
public static class ToolCallGrammar
{
    /// <param name="tools">At least one, with different names.</param>
    /// <exception cref="GrammarException">There is no tool, two have one name, the only tool isn't among them, or a tool's schema can't be used.</exception>
    public static Grammar Compile(IReadOnlyList<ToolDefinition> tools, ToolCallEnvelope envelope, ToolCallOptions? options = null)
    {
        options ??= new ToolCallOptions();
        options.Json.Validate();
        envelope.Validate();
        ToolDefinition[] callable = [.. tools.Where(tool => options.OnlyTool is null || tool.Name == options.OnlyTool)];
        if (callable.Length == 0)
        {
            throw new GrammarException(tools.Count == 0
                ? "There is no tool to call; give at least one, or no tool choice."
                : $"The tool '{options.OnlyTool}' is not among the tools: {string.Join(", ", tools.Select(tool => tool.Name))}.");
        }
        if (tools.GroupBy(tool => tool.Name).FirstOrDefault(group => group.Count() > 1) is IGrouping<string, ToolDefinition> twice)
        {
            throw new GrammarException($"There are {twice.Count()} tools named '{twice.Key}'; names must differ.");
        }
        var form = new JsonForm(options.Json.Separators);
        var named = new GrammarRule("a tool's name and arguments")
        {
            Body = Expression.Choice([.. callable.Select(tool => Expression.Sequence(
                Expression.Terminal(Expression.Literal([.. JsonStrings.Content(tool.Name), .. Encoding.UTF8.GetBytes(envelope.BetweenNameAndArguments)])),
                Arguments(tool, form, options.Json)))]),
        };
        Expression behindCall = options.AllowParallel && envelope.BetweenCalls is string between
            ? Expression.Repeat(Expression.Sequence(Literal(between), Call(envelope.BeforeName)), 0)
            : Expression.Empty;
        Expression root = options.Choice == ToolChoice.Required
            ? Expression.Sequence(Call(envelope.BeforeName), behindCall)
            : Expression.Choice(
                FreeText.Without(envelope.Marker, envelope.CallsOnlyAtStart),
                envelope.CallsOnlyAtStart
                    ? Expression.Sequence(Call(envelope.BeforeName), behindCall)
                    : Expression.Sequence(FreeText.Until(envelope.Marker), Call(envelope.BeforeName[envelope.Marker.Length..]), behindCall));
        return new Grammar(root, "No tool can be called: the schemas of the arguments admit nothing.", options.Json.MaximumDepth);

        Expression Call(string opening) => Expression.Sequence(Literal(opening), Expression.Call(named), Literal(envelope.AfterArguments));
    }

    private static Expression Arguments(ToolDefinition tool, JsonForm form, JsonGrammarOptions options)
    {
        if (tool.Name.Length == 0)
        {
            throw new GrammarException("A tool has no name; every tool needs one.");
        }
        try
        {
            return tool.Parameters is JsonElement schema ? JsonSchemaGrammar.Expression(schema, options) : form.AnyObject;
        }
        catch (GrammarException error)
        {
            throw new GrammarException($"The parameters of the tool '{tool.Name}': {error.Message}");
        }
    }

    private static Expression Literal(string text) => text.Length == 0 ? Expression.Empty : Expression.Terminal(Expression.Literal(text));
}
