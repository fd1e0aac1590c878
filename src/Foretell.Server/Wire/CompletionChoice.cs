using System.Text;
using System.Text.Json;
using Foretell.Assistant;
using Foretell.Inference;

namespace Foretell.Server.Wire;

/// <summary>One answer of a text completion, put together token by token.</summary>
/// <param name="alternatives">As many likeliest tokens are told at each place; null for no likelihoods.</param>
internal sealed class CompletionChoice(int? alternatives)
{
    private readonly StringBuilder _text = new();
    private readonly List<(TokenLogProbability Token, bool IsFirst, int Offset)> _tokens = [];
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private int _offset;

    /// <summary>Tokens written already.</summary>
    public int Written { get; private set; }

    public FinishReason? Reason { get; set; }

    public void Add(string text) => _text.Append(text);

    /// <summary>Adds a token's likelihood.</summary>
    /// <param name="isFirst">Whether it begins the text, so that it has no probability.</param>
    public void Add(TokenLogProbability token, bool isFirst = false)
    {
        _tokens.Add((token, isFirst, _offset));
        _offset += _decoder.GetCharCount(token.Bytes.Span, flush: false);
    }

    /// <summary>Writes the choice: all of it, or what came since the last time.</summary>
    public void Write(Utf8JsonWriter writer, int index)
    {
        writer.WriteStartObject();
        writer.WriteString("text", _text.ToString());
        _text.Clear();
        writer.WriteNumber("index", index);
        if (alternatives is null)
        {
            writer.WriteNull("logprobs");
        }
        else
        {
            WriteLikelihoods(writer);
        }
        writer.WriteString("finish_reason", Reason switch
        {
            null => null,
            FinishReason.Stop => "stop",
            _ => "length",
        });
        writer.WriteEndObject();
    }

    private void WriteLikelihoods(Utf8JsonWriter writer)
    {
        var fresh = _tokens[Written..];
        Written = _tokens.Count;
        writer.WriteStartObject("logprobs");
        writer.WriteStartArray("tokens");
        fresh.ForEach(one => writer.WriteStringValue(Name(one.Token)));
        writer.WriteEndArray();
        writer.WriteStartArray("token_logprobs");
        foreach ((TokenLogProbability token, bool isFirst, _) in fresh)
        {
            if (isFirst)
            {
                writer.WriteNullValue();
            }
            else
            {
                writer.WriteNumberValue(TokenWire.Finite(token.LogProbability));
            }
        }
        writer.WriteEndArray();
        if (alternatives == 0)
        {
            writer.WriteNull("top_logprobs");
        }
        else
        {
            writer.WriteStartArray("top_logprobs");
            fresh.ForEach(one => WriteLikeliest(writer, one.Token, one.IsFirst));
            writer.WriteEndArray();
        }
        writer.WriteStartArray("text_offset");
        fresh.ForEach(one => writer.WriteNumberValue(one.Offset));
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteLikeliest(Utf8JsonWriter writer, TokenLogProbability token, bool isFirst)
    {
        if (isFirst)
        {
            writer.WriteNullValue();
            return;
        }
        writer.WriteStartObject();
        var named = new HashSet<string>(StringComparer.Ordinal);
        // Several tokens may read the same; the likeliest stands for them. The token itself is among them, however unlikely.
        foreach (TokenLogProbability alternative in token.Alternatives.Append(token))
        {
            if (named.Add(Name(alternative)))
            {
                writer.WriteNumber(Name(alternative), TokenWire.Finite(alternative.LogProbability));
            }
        }
        writer.WriteEndObject();
    }

    /// <summary>A token as text, or "bytes:\xe2\x80" where it ends inside a character.</summary>
    private static string Name(TokenLogProbability token)
    {
        string text = TokenWire.Text(token.Bytes.Span);
        return text.Contains('\uFFFD') ? "bytes:" + string.Concat(token.Bytes.ToArray().Select(value => $"\\x{value:x2}")) : text;
    }
}
