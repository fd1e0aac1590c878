using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>
/// Rows in the forms that the world's preference data come in, told apart by their fields:
/// <list type="bullet">
/// <item>TRL: prompt, chosen, rejected, each text or messages; or chosen and rejected alone, as whole conversations.</item>
/// <item>OpenAI: input.messages, preferred_output, non_preferred_output.</item>
/// <item>LLaMA-Factory: conversations (from, value), chosen, rejected; or instruction, input, chosen, rejected.</item>
/// <item>Anthropic: chosen and rejected as transcripts of Human and Assistant.</item>
/// <item>One answer with a label: prompt, completion, label (TRL); messages, conversations or instruction and output with kto_tag or label (LLaMA-Factory).</item>
/// </list>
/// Beside them may stand: margin (or score_chosen and score_rejected), labeller, confidence, truth ("chosen" or "rejected").
/// </summary>
internal static class PreferenceForms
{
    private static readonly Dictionary<string, string> Roles = new(StringComparer.Ordinal)
    {
        ["human"] = "user",
        ["user"] = "user",
        ["gpt"] = "assistant",
        ["assistant"] = "assistant",
        ["model"] = "assistant",
        ["system"] = "system",
        ["tool"] = "tool",
        ["observation"] = "tool",
    };

    /// <summary>A pair or a labelled answer; null with a reason where the two answers do not follow one prompt.</summary>
    /// <exception cref="CorpusException">The row has none of the forms; the message names the row and what it lacks.</exception>
    public static (PreferencePair? Pair, LabelledAnswer? Answer) Read(JsonRow row)
    {
        string place = row.Place;
        try
        {
            return ReadObject(row.Fields, place);
        }
        catch (InvalidOperationException error)
        {
            throw new CorpusException($"{place}: there is an escape of half a character (an unpaired surrogate); write whole characters.", error);
        }
        catch (FormatException error) when (error is not CorpusException)
        {
            throw new CorpusException($"{place}: {error.Message}", error);
        }
    }

    private static (PreferencePair?, LabelledAnswer?) ReadObject(JsonElement row, string place)
    {
        JsonElement? chosen = Field(row, "chosen") ?? Field(row, "preferred_output");
        JsonElement? rejected = Field(row, "rejected") ?? Field(row, "non_preferred_output");
        if (chosen is JsonElement better && rejected is JsonElement worse)
        {
            return (Pair(row, better, worse, place), null);
        }
        if ((Field(row, "label") ?? Field(row, "kto_tag")) is JsonElement label)
        {
            return (null, Labelled(row, Truth(label), place));
        }
        string lacking = chosen is null && rejected is null ? "neither \"chosen\" and \"rejected\" nor \"completion\" and \"label\"" : chosen is null ? "\"rejected\" but no \"chosen\"" : "\"chosen\" but no \"rejected\"";
        throw new FormatException($"The row has {lacking}; its fields are {string.Join(", ", row.EnumerateObject().Select(field => $"\"{field.Name}\""))}. A comparison is {{\"prompt\": ..., \"chosen\": ..., \"rejected\": ...}}.");
    }

    private static PreferencePair? Pair(JsonElement row, JsonElement chosen, JsonElement rejected, string place)
    {
        List<ChatMessage>? prompt = Prompt(row);
        List<ChatMessage> better = Answer(chosen, "chosen", prompt is null);
        List<ChatMessage> worse = Answer(rejected, "rejected", prompt is null);
        // An answer of several messages is a whole conversation, whose last message is the answer.
        if (better.Count > 1 || worse.Count > 1 || prompt is null)
        {
            if (better.Count != worse.Count || PreferenceText.Key(better.SkipLast(1)) != PreferenceText.Key(worse.SkipLast(1)))
            {
                return null;
            }
            prompt = [.. better.SkipLast(1)];
        }
        RequirePrompt(prompt);
        return new PreferencePair(prompt, RequireAnswer(better[^1], "chosen"), RequireAnswer(worse[^1], "rejected"), place)
        {
            Margin = Number(row, "margin") ?? (Number(row, "score_chosen") is double high && Number(row, "score_rejected") is double low ? high - low : 0),
            Labeller = Field(row, "labeller") is { ValueKind: JsonValueKind.String } labeller ? labeller.GetString() : null,
            Confidence = Number(row, "confidence"),
            IsTrue = Field(row, "truth") is { ValueKind: JsonValueKind.String } truth
                ? truth.GetString() switch { "chosen" => true, "rejected" => false, string other => throw new FormatException($"\"truth\" is \"{other}\"; expected \"chosen\" or \"rejected\"."), null => null }
                : null,
        };
    }

    private static LabelledAnswer Labelled(JsonElement row, bool label, string place)
    {
        List<ChatMessage>? prompt = Prompt(row);
        List<ChatMessage> answer = (Field(row, "completion") ?? (Field(row, "instruction") is null ? null : Field(row, "output"))) is JsonElement given
            ? Answer(given, "completion", false)
            : prompt ?? throw new FormatException("The row has a label but no \"completion\".");
        if (answer.Count > 1)
        {
            prompt = [.. answer.SkipLast(1)];
        }
        RequirePrompt(prompt ?? throw new FormatException("The row has no \"prompt\"."));
        return new LabelledAnswer(prompt, RequireAnswer(answer[^1], "completion"), label, place);
    }

    private static List<ChatMessage>? Prompt(JsonElement row)
    {
        if (Field(row, "input") is { ValueKind: JsonValueKind.Object } input && Field(input, "messages") is JsonElement asked)
        {
            return Messages(asked, "input.messages");
        }
        if ((Field(row, "conversations") ?? Field(row, "messages")) is JsonElement turns)
        {
            return Messages(turns, "conversations");
        }
        if (Field(row, "prompt") is JsonElement prompt)
        {
            return prompt.ValueKind == JsonValueKind.Array ? Messages(prompt, "prompt") : [new ChatMessage("user", Text(prompt, "prompt"))];
        }
        if (Field(row, "instruction") is not JsonElement instruction)
        {
            return null;
        }
        var messages = new List<ChatMessage>();
        if (Field(row, "system") is JsonElement system && Text(system, "system") is { Length: > 0 } role)
        {
            messages.Add(new ChatMessage("system", role));
        }
        foreach (JsonElement turn in Field(row, "history") is { ValueKind: JsonValueKind.Array } history ? history.EnumerateArray() : default)
        {
            if (turn.ValueKind != JsonValueKind.Array || turn.GetArrayLength() != 2)
            {
                throw new FormatException("\"history\" must be a list of [question, answer].");
            }
            messages.Add(new ChatMessage("user", Text(turn[0], "history")));
            messages.Add(new ChatMessage("assistant", Text(turn[1], "history")));
        }
        string more = Field(row, "input") is JsonElement extra ? Text(extra, "input") : "";
        messages.Add(new ChatMessage("user", more.Length > 0 ? Text(instruction, "instruction") + "\n" + more : Text(instruction, "instruction")));
        return messages;
    }

    private static List<ChatMessage> Answer(JsonElement json, string field, bool isWhole)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Array:
                List<ChatMessage> messages = Messages(json, field);
                return messages.Count > 0 ? messages : throw new FormatException($"\"{field}\" has no messages.");
            case JsonValueKind.Object:
                return [Message(json, field)];
            default:
                string text = Text(json, field);
                return !isWhole ? [new ChatMessage("assistant", text)]
                    : HumanAssistantTranscript.Looks(text) ? HumanAssistantTranscript.Parse(text)
                    : throw new FormatException($"There is no \"prompt\", and \"{field}\" is neither messages nor a transcript that begins with \"Human:\".");
        }
    }

    private static List<ChatMessage> Messages(JsonElement json, string field) => json.ValueKind == JsonValueKind.Array
        ? [.. json.EnumerateArray().Select(message => Message(message, field))]
        : throw new FormatException($"\"{field}\" must be a list of messages.");

    /// <summary>A message with role and content, or ShareGPT's from and value.</summary>
    private static ChatMessage Message(JsonElement json, string field)
    {
        if (json.ValueKind == JsonValueKind.Object && Field(json, "from") is JsonElement from)
        {
            string name = Text(from, "from");
            return Field(json, "value") is JsonElement value
                ? new ChatMessage(Roles.GetValueOrDefault(name) ?? throw new FormatException($"\"{field}\" has a turn from \"{name}\"; known are {string.Join(", ", Roles.Keys)}."), Text(value, "value"))
                : throw new FormatException($"\"{field}\" has a turn without \"value\".");
        }
        return ChatMessage.Parse(json);
    }

    private static void RequirePrompt(List<ChatMessage> prompt)
    {
        if (prompt.Count == 0 || prompt.TrueForAll(message => message.Role == "system"))
        {
            throw new FormatException("The prompt has no turn of the user; an answer answers somebody.");
        }
        if (prompt[^1].Role == "assistant")
        {
            throw new FormatException("The prompt ends with a turn of the assistant; it must end with what is to be answered.");
        }
    }

    private static ChatMessage RequireAnswer(ChatMessage message, string field) => message.Role == "assistant"
        ? message
        : throw new FormatException($"\"{field}\" ends with a turn of \"{message.Role}\"; the answer must be the assistant's.");

    private static bool Truth(JsonElement label) => label.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number when label.TryGetInt32(out int number) && number is 0 or 1 => number == 1,
        JsonValueKind.String when bool.TryParse(label.GetString(), out bool said) => said,
        _ => throw new FormatException($"The label is {label.GetRawText()}; expected true or false."),
    };

    private static double? Number(JsonElement row, string name) => Field(row, name) is JsonElement value
        ? value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : throw new FormatException($"\"{name}\" is {value.GetRawText()}; expected a number.")
        : null;

    private static JsonElement? Field(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string Text(JsonElement json, string field) => json.ValueKind == JsonValueKind.String
        ? json.GetString()!
        : throw new FormatException($"\"{field}\" must be text.");
}
