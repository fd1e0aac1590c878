using System.Text;
using System.Text.Json;

namespace Foretell.Inference;

/// <summary>The punctuation of constrained JSON, and its values that no schema restricts.</summary>
internal sealed class JsonForm
{
    private readonly GrammarRule _anyValue = new("any JSON value");
    private readonly Expression _space;

    public JsonForm(JsonSeparators separators)
    {
        Separators = separators;
        _space = separators switch
        {
            JsonSeparators.Compact => Expression.Empty,
            JsonSeparators.Spaced => Expression.Literal(" "),
            _ => Expression.Optional(Expression.Literal(" ")),
        };
        Colon = Expression.Terminal(Expression.Sequence(Expression.Literal(":"), _space));
        Comma = Expression.Terminal(Expression.Sequence(Expression.Literal(","), _space));
        AnyValue = Expression.Call(_anyValue);
        Expression member = Expression.Sequence(JsonStrings.Any, Colon, AnyValue);
        AnyObject = Expression.Nested(Expression.Sequence(OpenBrace, List(member, CloseBrace)));
        AnyArray = Expression.Nested(Expression.Sequence(OpenBracket, List(AnyValue, CloseBracket)));
        _anyValue.Body = Expression.Choice(JsonStrings.Any, JsonNumbers.Any, Boolean, Null, AnyObject, AnyArray);
    }

    public static Expression OpenBrace { get; } = Expression.Terminal(Expression.Literal("{"));

    public static Expression CloseBrace { get; } = Expression.Terminal(Expression.Literal("}"));

    public static Expression OpenBracket { get; } = Expression.Terminal(Expression.Literal("["));

    public static Expression CloseBracket { get; } = Expression.Terminal(Expression.Literal("]"));

    public static Expression Boolean { get; } = Expression.Terminal(Expression.Texts(["true"u8.ToArray(), "false"u8.ToArray()]));

    public static Expression Null { get; } = Expression.Terminal(Expression.Literal("null"));

    public JsonSeparators Separators { get; }

    public Expression Colon { get; }

    public Expression Comma { get; }

    public Expression AnyValue { get; }

    public Expression AnyObject { get; }

    public Expression AnyArray { get; }

    /// <summary>A member's name and colon, behind a comma unless it is the first.</summary>
    public Expression Name(string name, bool isFirst)
    {
        byte[] text = [(byte)'"', .. JsonStrings.Content(name), (byte)'"', (byte)':'];
        return Expression.Terminal(isFirst
            ? Expression.Sequence(Expression.Literal(text), _space)
            : Expression.Sequence(Expression.Literal(","), _space, Expression.Literal(text), _space));
    }

    /// <summary>A given value, written in one way.</summary>
    public byte[] Write(JsonElement value)
    {
        var text = new MemoryStream();
        Write(value, text);
        return text.ToArray();
    }

    private Expression List(Expression item, Expression close) => Expression.Choice(
        close,
        Expression.Sequence(item, Expression.Repeat(Expression.Sequence(Comma, item), 0), close));

    private void Write(JsonElement value, MemoryStream text)
    {
        byte[] space = Separators == JsonSeparators.Spaced ? " "u8.ToArray() : [];
        bool isFirst = true;
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                text.Write([(byte)'"', .. JsonStrings.Content(value.GetString()!), (byte)'"']);
                break;
            case JsonValueKind.Array:
                text.WriteByte((byte)'[');
                foreach (JsonElement item in value.EnumerateArray())
                {
                    text.Write(isFirst ? [] : [(byte)',', .. space]);
                    isFirst = false;
                    Write(item, text);
                }
                text.WriteByte((byte)']');
                break;
            case JsonValueKind.Object:
                text.WriteByte((byte)'{');
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    text.Write(isFirst ? [(byte)'"'] : [(byte)',', .. space, (byte)'"']);
                    isFirst = false;
                    text.Write([.. JsonStrings.Content(member.Name), (byte)'"', (byte)':', .. space]);
                    Write(member.Value, text);
                }
                text.WriteByte((byte)'}');
                break;
            default:
                text.Write(Encoding.UTF8.GetBytes(value.GetRawText()));
                break;
        }
    }
}
