using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Foretell.World;

/// <summary>A document and its truth as one line of JSON.</summary>
internal static class WorldJson
{
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(WorldDocument document)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, _options))
        {
            json.WriteStartObject();
            json.WriteString("kind", NameOf(document.Kind));
            json.WriteString("text", document.Text);
            json.WriteStartObject("truth");
            WriteTruth(json, document.Truth);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string NameOf(DocumentKind kind) => kind switch
    {
        DocumentKind.Story => "story",
        DocumentKind.Dialogue => "dialogue",
        DocumentKind.Questions => "questions",
        DocumentKind.Sums => "sums",
        _ => "detective",
    };

    private static void WriteTruth(Utf8JsonWriter json, WorldTruth truth)
    {
        switch (truth)
        {
            case StoryTruth story:
                WriteFacts(json, "events", story.Events);
                WriteFacts(json, "finalState", story.FinalState);
                break;
            case DialogueTruth dialogue:
                WriteStrings(json, "speakers", dialogue.Speakers);
                WriteFacts(json, "facts", dialogue.Facts);
                break;
            case QuestionsTruth questions:
                WriteFacts(json, "facts", questions.Facts);
                WriteQuestions(json, questions.Questions);
                break;
            case SumsTruth sums:
                WriteSums(json, sums.Sums);
                break;
            case DetectiveTruth detective:
                WriteDetective(json, detective);
                break;
        }
    }

    private static void WriteQuestions(Utf8JsonWriter json, IReadOnlyList<QuestionAnswer> questions)
    {
        json.WriteStartArray("questions");
        foreach (QuestionAnswer question in questions)
        {
            json.WriteStartObject();
            json.WriteString("question", question.Question);
            json.WriteString("answer", question.Answer);
            json.WriteBoolean("answerable", question.IsAnswerable);
            json.WriteNumber("promptLength", question.PromptLength);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteSums(Utf8JsonWriter json, IReadOnlyList<Sum> sums)
    {
        json.WriteStartArray("sums");
        foreach (Sum sum in sums)
        {
            json.WriteStartObject();
            json.WriteNumber("left", sum.Left);
            json.WriteString("operator", sum.Operator.ToString());
            json.WriteNumber("right", sum.Right);
            json.WriteNumber("result", sum.Result);
            json.WriteNumber("promptLength", sum.PromptLength);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteDetective(Utf8JsonWriter json, DetectiveTruth truth)
    {
        json.WriteNumber("level", truth.Level);
        json.WriteString("culprit", truth.Culprit);
        json.WriteNumber("chance", truth.Chance);
        json.WriteNumber("promptLength", truth.PromptLength);
        WriteStrings(json, "suspects", truth.Suspects);
        json.WriteStartArray("facts");
        foreach (SuspectFact fact in truth.Facts)
        {
            json.WriteStartObject();
            json.WriteString("suspect", fact.Suspect);
            json.WriteString("aspect", fact.Aspect);
            json.WriteString("value", fact.Value);
            json.WriteString("time", fact.Time);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("clues");
        foreach (Clue clue in truth.Clues)
        {
            json.WriteStartObject();
            json.WriteString("aspect", clue.Aspect);
            json.WriteString("value", clue.Value);
            json.WriteString("time", clue.Time);
            json.WriteBoolean("holds", clue.Holds);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }
        json.WriteEndArray();
    }

    private static void WriteFacts(Utf8JsonWriter json, string name, IReadOnlyList<WorldFact> facts)
    {
        json.WriteStartArray(name);
        foreach (WorldFact fact in facts)
        {
            json.WriteStartArray();
            json.WriteStringValue(fact.Relation);
            json.WriteStringValue(fact.Subject);
            json.WriteStringValue(fact.Value);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }
}
