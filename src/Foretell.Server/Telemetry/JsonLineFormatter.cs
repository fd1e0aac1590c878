using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Foretell.Server.Telemetry;

/// <summary>Each entry of the log as one line of JSON: time, level, category, message, and what the message names as fields of their own.</summary>
internal sealed class JsonLineFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "foretell";

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var line = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(line, s_options))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow().UtcDateTime);
            json.WriteString("level", logEntry.LogLevel.ToString().ToLowerInvariant());
            json.WriteString("category", logEntry.Category);
            json.WriteString("message", logEntry.Formatter(logEntry.State, logEntry.Exception));
            if (logEntry.State is IReadOnlyList<KeyValuePair<string, object?>> fields)
            {
                foreach ((string name, object? value) in fields)
                {
                    WriteField(json, name, value);
                }
            }
            if (logEntry.Exception is Exception error)
            {
                json.WriteString("exception", error.ToString());
            }
            json.WriteEndObject();
        }
        // One write a line, so that lines of several threads do not mix.
        textWriter.Write(Encoding.UTF8.GetString(line.WrittenSpan) + "\n");
    }

    private static void WriteField(Utf8JsonWriter json, string name, object? value)
    {
        if (name == "{OriginalFormat}" || value is null)
        {
            return;
        }
        string key = JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
        switch (value)
        {
            case int or long or short or byte:
                json.WriteNumber(key, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                json.WriteNumber(key, number);
                break;
            case bool flag:
                json.WriteBoolean(key, flag);
                break;
            default:
                json.WriteString(key, Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
