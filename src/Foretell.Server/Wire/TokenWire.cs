using System.Text;
using System.Text.Json;
using Foretell.Assistant;

namespace Foretell.Server.Wire;

/// <summary>Writes how likely tokens were.</summary>
internal static class TokenWire
{
    /// <summary>What OpenAI sends for a token that cannot be: JSON has no infinity.</summary>
    private const double Impossible = -9999;

    /// <summary>{"token", "logprob", "bytes", "top_logprobs"}.</summary>
    public static void Write(Utf8JsonWriter writer, TokenLogProbability token, bool withAlternatives = true)
    {
        writer.WriteStartObject();
        writer.WriteString("token", Text(token.Bytes.Span));
        writer.WriteNumber("logprob", Finite(token.LogProbability));
        writer.WriteStartArray("bytes");
        foreach (byte value in token.Bytes.Span)
        {
            writer.WriteNumberValue(value);
        }
        writer.WriteEndArray();
        if (withAlternatives)
        {
            writer.WriteStartArray("top_logprobs");
            foreach (TokenLogProbability alternative in token.Alternatives)
            {
                Write(writer, alternative, withAlternatives: false);
            }
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    /// <summary>A token as text; a token that ends inside a character has U+FFFD in its place.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    public static double Finite(float logProbability) => float.IsFinite(logProbability) ? logProbability : Impossible;
}
