using System.Text.Json;
using Foretell.Assistant;

namespace Foretell.Server.Wire;

/// <summary>Reads what the text of an answer must be.</summary>
internal static class FormWire
{
    /// <summary>The response_format of a chat completion, or vLLM's guided_json, guided_regex and guided_choice.</summary>
    public static AnswerForm? ReadChat(Fields request)
    {
        AnswerForm? form = null;
        if (request.Object("response_format") is Fields format)
        {
            form = Read(format, request => request.Object("json_schema") ?? throw request.Missing("json_schema"));
        }
        AnswerForm? guided = request.Any("guided_json") is JsonElement schema ? AnswerForm.JsonSchema(schema.ValueKind == JsonValueKind.Object ? schema : throw Fields.Wrong("guided_json", schema, "an object"))
            : request.Text("guided_regex") is string pattern ? AnswerForm.Regex(pattern)
            : request.TextOrTexts("guided_choice") is { } choices ? AnswerForm.Choice([.. choices])
            : null;
        request.Accept("guided_json", "guided_regex", "guided_choice");
        return form is not null && guided is not null
            ? throw ApiException.Invalid("response_format", "Of 'response_format' and the guided_ fields only one can be asked for.")
            : form ?? guided;
    }

    /// <summary>A format: text, json_object or json_schema.</summary>
    /// <param name="schemaHolder">Where name, schema and strict of a json_schema stand.</param>
    public static AnswerForm? Read(Fields format, Func<Fields, Fields> schemaHolder)
    {
        string type = format.Word("type", "text", "json_object", "json_schema") ?? throw format.Missing("type");
        AnswerForm? form = null;
        if (type == "json_object")
        {
            form = AnswerForm.JsonObject;
        }
        else if (type == "json_schema")
        {
            Fields holder = schemaHolder(format);
            holder.RequiredText("name");
            holder.Text("description");
            // A schema is always kept to, so strict is never less than asked for.
            holder.Flag("strict");
            form = AnswerForm.JsonSchema((holder.Object("schema") ?? throw holder.Missing("schema")).Json);
            holder.RequireAllKnown();
        }
        format.RequireAllKnown();
        return form;
    }
}
