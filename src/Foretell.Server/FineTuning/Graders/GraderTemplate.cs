using System.Text;
using System.Text.Json;

namespace Foretell.Server.FineTuning.Graders;

/// <summary>Text with places for the answer, <c>{{ sample.output_text }}</c>, and for fields of the example, <c>{{ item.NAME }}</c> or <c>{{ item.NAME.NAME }}</c>.</summary>
internal sealed class GraderTemplate
{
    private const string Open = "{{";
    private const string Close = "}}";
    private const string Answer = "sample.output_text";
    private const string Item = "item.";

    private readonly List<(string Text, string? Place)> _parts = [];

    /// <exception cref="FormatException">A place is neither closed nor one of the two.</exception>
    public GraderTemplate(string text)
    {
        int at = 0;
        for (int open; (open = text.IndexOf(Open, at, StringComparison.Ordinal)) >= 0;)
        {
            int close = text.IndexOf(Close, open, StringComparison.Ordinal);
            string place = close < 0 ? throw new FormatException($"\"{text}\" has a place that is not closed by {Close}.") : text[(open + Open.Length)..close].Trim();
            if (place != Answer && !(place.StartsWith(Item, StringComparison.Ordinal) && place.Split('.').All(name => name.Length > 0)))
            {
                throw new FormatException($"\"{text}\" has the place \"{place}\"; there are {{{{ {Answer} }}}} and {{{{ {Item}NAME }}}}.");
            }
            _parts.Add((text[at..open], place));
            at = close + Close.Length;
        }
        _parts.Add((text[at..], null));
    }

    /// <param name="answer">What the model answered.</param>
    /// <exception cref="FormatException">The example lacks a field.</exception>
    public string Fill(JsonElement example, string answer)
    {
        var filled = new StringBuilder();
        foreach ((string text, string? place) in _parts)
        {
            filled.Append(text).Append(place switch
            {
                null => "",
                Answer => answer,
                _ => Field(example, place),
            });
        }
        return filled.ToString();
    }

    private static string Field(JsonElement example, string place)
    {
        JsonElement value = example;
        foreach (string name in place.Split('.').Skip(1))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value))
            {
                throw new FormatException($"has no field \"{place[Item.Length..]}\", which the grader reads.");
            }
        }
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
    }
}
