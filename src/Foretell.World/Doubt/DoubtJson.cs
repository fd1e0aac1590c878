using System.Text.Json;

namespace Foretell.World.Doubt;

/// <summary>Questions of doubt as lines of JSON: <c>{"messages": [...], "doubt": {...}}</c>.</summary>
public static class DoubtJson
{
    /// <summary>One line without its end: the conversation with the right reply, and the question with its kind.</summary>
    public static string Write(DoubtQuestion question) => MessageJson.Line(question.Messages(), "doubt", json =>
    {
        json.WriteString("kind", Name(question.Kind));
        json.WriteString("form", question.Form);
        json.WriteString("passage", question.Passage);
        json.WriteString("question", question.Question);
        json.WriteString("reply", question.Reply);
        json.WriteStartArray("readings");
        foreach (string reading in question.Readings)
        {
            json.WriteStringValue(reading);
        }
        json.WriteEndArray();
    });

    /// <summary>Reads a line that <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">The line is not JSON or lacks a field.</exception>
    public static DoubtQuestion Read(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("doubt", out JsonElement doubt) || doubt.ValueKind != JsonValueKind.Object)
            {
                throw new FormatException("The line holds no question of doubt; expected {\"messages\": [...], \"doubt\": {...}}.");
            }
            DoubtKind kind = KindOf(Text("kind")) ?? throw new FormatException($"\"{Text("kind")}\" is no kind of question; there are answerable, unanswerable and ambiguous.");
            string[] readings = doubt.TryGetProperty("readings", out JsonElement list) && list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String)
                ? [.. list.EnumerateArray().Select(one => one.GetString()!)]
                : throw new FormatException("The question's \"readings\" is missing or no list of texts.");
            return new DoubtQuestion(kind, Text("form"), Text("passage"), Text("question"), Text("reply"), readings);

            string Text(string name) => doubt.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw new FormatException($"The question's \"{name}\" is missing or not text.");
        }
        catch (JsonException error)
        {
            throw new FormatException("The line is not JSON: " + error.Message, error);
        }
    }

    /// <summary>The kind's name in files and on the command line.</summary>
    public static string Name(DoubtKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The kind of a name, or null.</summary>
    public static DoubtKind? KindOf(string name) => name switch
    {
        "answerable" => DoubtKind.Answerable,
        "unanswerable" => DoubtKind.Unanswerable,
        "ambiguous" => DoubtKind.Ambiguous,
        _ => null,
    };
}
