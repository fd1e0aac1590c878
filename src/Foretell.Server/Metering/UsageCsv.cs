using System.Globalization;
using Foretell.Server.Storage;

namespace Foretell.Server.Metering;

/// <summary>What was used as CSV (<see href="https://www.rfc-editor.org/rfc/rfc4180">RFC 4180</see>), a line for each key, model and endpoint.</summary>
public static class UsageCsv
{
    public const string ContentType = "text/csv; charset=utf-8";

    /// <param name="names">Names of keys by their ids.</param>
    public static string Write(IEnumerable<UsageTotal> totals, IReadOnlyDictionary<string, string> names)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\r\n" };
        text.WriteLine("key,key_name,model,endpoint,requests,prompt_tokens,completion_tokens,milliseconds");
        foreach (UsageTotal total in totals)
        {
            string name = total.Key is string key ? names.GetValueOrDefault(key, "") : "";
            text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Field(total.Key ?? "")},{Field(name)},{Field(total.Model)},{Field(total.Endpoint)},{total.Requests},{total.PromptTokens},{total.CompletionTokens},{total.Milliseconds}"));
        }
        return text.ToString();
    }

    /// <summary>Quoted where it must be; what a spreadsheet would take for a formula becomes a text.</summary>
    private static string Field(string text)
    {
        string safe = text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' ? "'" + text : text;
        return safe.AsSpan().ContainsAny("\",\r\n") ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }
}
