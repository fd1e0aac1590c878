using System.Buffers;
using System.Text.Json;
using Foretell.Assistant;
using Foretell.Inference;

namespace Foretell.Server.Wire;

/// <summary>Reads the tools of a request and which of them may be called.</summary>
/// <param name="Shown">As chat templates know them.</param>
/// <param name="Callable">Those that may or must be called.</param>
internal sealed record ToolWire(IReadOnlyList<JsonElement> Shown, CallableTools Callable)
{
    private static readonly SearchValues<char> s_nameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    private static readonly JsonElement s_noParameters = JsonElement.Parse("""{"type": "object", "properties": {}, "additionalProperties": false}""");

    /// <summary>The tools of a chat completion: {"type": "function", "function": {...}}.</summary>
    public static ToolWire ReadChat(Fields request, ToolCallFormat format) => Read(request, format, tool =>
    {
        tool.Word("type", "function");
        Fields function = tool.Object("function") ?? throw tool.Missing("function");
        tool.RequireAllKnown();
        return function;
    }, choice => choice.Object("function") ?? throw choice.Missing("function"));

    /// <summary>The tools of a response: {"type": "function", "name": ..., "parameters": ...}.</summary>
    public static ToolWire ReadResponses(Fields request, ToolCallFormat format) => Read(request, format, tool =>
    {
        string type = tool.RequiredText("type");
        return type == "function" ? tool : throw ApiException.Invalid(tool.PathOf("type"), $"The tool type '{type}' needs a service of OpenAI's; this server has tools of type 'function'.", "unsupported_tool");
    }, choice => choice);

    private static ToolWire Read(Fields request, ToolCallFormat format, Func<Fields, Fields> functionOf, Func<Fields, Fields> choiceOf)
    {
        var shown = new List<JsonElement>();
        var tools = new List<ToolDefinition>();
        foreach (JsonElement item in request.Array("tools") ?? [])
        {
            Fields function = functionOf(Fields.Object(item, $"{request.PathOf("tools")}[{tools.Count}]"));
            string name = function.RequiredText("name");
            if (name.Length is 0 or > 64 || name.AsSpan().ContainsAnyExcept(s_nameCharacters))
            {
                throw ApiException.Invalid(function.PathOf("name"), $"Invalid '{function.PathOf("name")}': a tool's name has 1 to 64 letters, digits, underscores and dashes; it is '{name}'.");
            }
            if (tools.Exists(tool => tool.Name == name))
            {
                throw ApiException.Invalid(function.PathOf("name"), $"Two tools are called '{name}'; names must differ.");
            }
            string? description = function.Text("description");
            JsonElement parameters = function.Object("parameters")?.Json ?? s_noParameters;
            // Arguments always keep to the schema here, so strict is never less than asked for.
            function.Flag("strict");
            function.RequireAllKnown();
            tools.Add(new ToolDefinition(name, parameters));
            shown.Add(Described(name, description, parameters));
        }
        bool? several = request.Flag("parallel_tool_calls");
        JsonElement? choice = request.Any("tool_choice");
        bool allowsSeveral = several ?? format.AllowsSeveral;
        if (several is true && !format.AllowsSeveral)
        {
            // A permission, not an order: a model whose format has one call an answer writes one.
            allowsSeveral = false;
        }
        if (choice is JsonElement given && tools.Count == 0 && !(given.ValueKind == JsonValueKind.String && given.GetString() is "none" or "auto"))
        {
            throw ApiException.Invalid("tool_choice", "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.");
        }
        return choice switch
        {
            null => Auto(),
            { ValueKind: JsonValueKind.String } word => word.GetString() switch
            {
                "auto" => Auto(),
                "none" => new ToolWire([], CallableTools.None),
                "required" => new ToolWire(shown, new CallableTools(tools, true, allowsSeveral)),
                string other => throw ApiException.Invalid("tool_choice", $"Invalid value: '{other}'. Supported values are: 'none', 'auto', 'required', and the name of a function."),
                null => Auto(),
            },
            { ValueKind: JsonValueKind.Object } named => new ToolWire(shown, new CallableTools([Named(Fields.Object(named, "tool_choice"))], true, allowsSeveral)),
            JsonElement wrong => throw Fields.Wrong("tool_choice", wrong, "a string or an object"),
        };

        ToolWire Auto() => new(shown, tools.Count == 0 ? CallableTools.None : new CallableTools(tools, false, allowsSeveral));

        ToolDefinition Named(Fields wanted)
        {
            wanted.Word("type", "function");
            string name = choiceOf(wanted).RequiredText("name");
            return tools.Find(tool => tool.Name == name) ?? throw ApiException.Invalid("tool_choice", $"Tool choice '{name}' not found in 'tools'; they are {string.Join(", ", tools.Select(tool => tool.Name))}.");
        }
    }

    private static JsonElement Described(string name, string? description, JsonElement parameters)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, JsonAnswer.Options))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "function");
            writer.WriteStartObject("function");
            writer.WriteString("name", name);
            writer.WriteString("description", description ?? "");
            writer.WritePropertyName("parameters");
            parameters.WriteTo(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return JsonElement.Parse(buffer.WrittenSpan);
    }
}
