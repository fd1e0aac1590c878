using System.Text;
using System.Text.Json;

namespace Foretell.Assistant;

/// <summary>The beginning of a call of a tool, up to its arguments.</summary>
/// <param name="Name">The tool's name.</param>
/// <param name="Length">Characters before the opening brace of the arguments.</param>
internal sealed record ToolCallHeader(string Name, int Length)
{
    /// <summary>The header of a call that is being written; null while it is not whole, or where the name does not stand first.</summary>
    /// <param name="json">From the call's opening brace on.</param>
    /// <param name="argumentsKey">The key of the arguments beside "name".</param>
    public static ToolCallHeader? Find(ReadOnlySpan<char> json, string argumentsKey)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(json.ToString());
        var reader = new Utf8JsonReader(utf8, isFinalBlock: false, state: default);
        try
        {
            if (!reader.Read() || !reader.Read() || reader.TokenType != JsonTokenType.PropertyName || !reader.ValueTextEquals("name"u8)
                || !reader.Read() || reader.TokenType != JsonTokenType.String)
            {
                return null;
            }
            string name = reader.GetString()!;
            return reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(argumentsKey)
                && reader.Read() && reader.TokenType == JsonTokenType.StartObject
                ? new ToolCallHeader(name, Encoding.UTF8.GetCharCount(utf8, 0, (int)reader.TokenStartIndex))
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
