using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Foretell.Tokenizers.Jinja;

namespace Foretell.Tokenizers;

/// <summary>How a template wants messages that call tools.</summary>
/// <param name="EmptyContent">Whether missing content is given as empty text rather than none.</param>
/// <param name="ArgumentsAsText">Whether a call's arguments are given as JSON text rather than a dictionary.</param>
internal readonly record struct ToolCallForm(bool EmptyContent, bool ArgumentsAsText);

/// <summary>A conversation as the values a template sees.</summary>
internal static class ChatValues
{
    private const int MaximumDigits = 1000;

    /// <summary>Roles that count as the template's own words, since templates build control tokens from them. Others are a message's words.</summary>
    private static readonly HashSet<string> KnownRoles = new(StringComparer.Ordinal)
    {
        "system", "user", "assistant", "tool", "developer", "function", "ipython", "model", "observation", "context", "tool_response",
    };

    /// <exception cref="TemplateFault">The conversation holds a value that no template is given.</exception>
    public static Scope Scope(Conversation conversation, IReadOnlyDictionary<string, string> specialTokens, ToolCallForm form)
    {
        var scope = new Scope(Globals.Create(conversation.Now));
        foreach ((string name, string token) in specialTokens)
        {
            scope.Set(name, new TextValue(token));
        }
        scope.Set("messages", new ListValue([.. conversation.Messages.Select((message, index) => Message(message, index, form))]));
        scope.Set("tools", List(conversation.Tools));
        scope.Set("documents", List(conversation.Documents));
        scope.Set("add_generation_prompt", BooleanValue.Of(conversation.AddGenerationPrompt));
        foreach ((string name, JsonElement value) in conversation.Variables)
        {
            scope.Set(name, Json(value, Origins.Input));
        }
        return scope;
    }

    private static Value List(IReadOnlyList<JsonElement> items) => items.Count == 0 ? NoneValue.Instance
        : new ListValue([.. items.Select(item => Json(item, Origins.Input))], origin: Origins.Input);

    private static DictionaryValue Message(ChatMessage message, int index, ToolCallForm form)
    {
        int origin = Origins.Message(index);
        var value = new DictionaryValue(origin) { MessageIndex = index };
        value.Set("role", new TextValue(message.Role, KnownRoles.Contains(message.Role) ? Origins.Template : origin));
        value.Set("content",
            message.Parts is not null ? new ListValue([.. message.Parts.Select(part => Json(part, origin))], origin: origin)
            : message.Content is not null ? new TextValue(message.Content, origin)
            : form.EmptyContent ? new TextValue("", origin)
            : new NoneValue(origin));
        SetText("name", message.Name);
        SetText("reasoning_content", message.ReasoningContent);
        if (message.ToolCalls.Count > 0)
        {
            value.Set("tool_calls", new ListValue([.. message.ToolCalls.Select(call => ToolCall(call, origin, form))], origin: origin));
        }
        SetText("tool_call_id", message.ToolCallId);
        foreach ((string name, JsonElement field) in message.OtherFields)
        {
            value.Set(new TextValue(name, origin), Json(field, origin));
        }
        return value;

        void SetText(string name, string? text)
        {
            if (text is not null)
            {
                value.Set(name, new TextValue(text, origin));
            }
        }
    }

    private static DictionaryValue ToolCall(ChatToolCall call, int origin, ToolCallForm form)
    {
        var function = new DictionaryValue(origin);
        function.Set("name", new TextValue(call.Name, origin));
        function.Set("arguments", form.ArgumentsAsText && call.Arguments.ValueKind != JsonValueKind.String
            ? new TextValue(JsonText.Filter(new Renderer(Globals.Create(null), ChatTemplateLimits.Default), Json(call.Arguments, origin), Arguments.None).Text, origin)
            : Json(call.Arguments, origin));
        var value = new DictionaryValue(origin);
        if (call.Id is not null)
        {
            value.Set("id", new TextValue(call.Id, origin));
        }
        value.Set("type", new TextValue("function", origin));
        value.Set("function", function);
        return value;
    }

    private static Value Json(JsonElement json, int origin)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                return new TextValue(json.GetString()!, origin);
            case JsonValueKind.True or JsonValueKind.False:
                return new BooleanValue(json.ValueKind == JsonValueKind.True, origin);
            case JsonValueKind.Number:
                return Number(json.GetRawText(), origin);
            case JsonValueKind.Array:
                return new ListValue([.. json.EnumerateArray().Select(item => Json(item, origin))], origin: origin);
            case JsonValueKind.Object:
                var dictionary = new DictionaryValue(origin);
                foreach (JsonProperty property in json.EnumerateObject())
                {
                    dictionary.Set(new TextValue(property.Name, origin), Json(property.Value, origin));
                }
                return dictionary;
            default:
                return new NoneValue(origin);
        }
    }

    private static Value Number(string digits, int origin)
    {
        if (digits.AsSpan().ContainsAny('.', 'e', 'E'))
        {
            return new FloatValue(double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture), origin);
        }
        return digits.Length <= MaximumDigits
            ? new IntegerValue(BigInteger.Parse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), origin)
            : throw new TemplateFault($"a number has {digits.Length} digits; at most {MaximumDigits} are taken");
    }
}
