using System.Text.Json;

namespace Foretell.Inference;

/// <summary>The arrays of a schema: first the items by position, then the others, between the least and the most.</summary>
internal sealed class SchemaArrays(MergedSchema schema, JsonForm form, Func<IReadOnlyList<SchemaLocation>, Expression> value)
{
    private const int MaximumPositions = 1_000;

    public Expression Build()
    {
        (int least, int most) = (schema.MinimumItems, schema.MaximumItems);
        if (least > most)
        {
            return Expression.Nothing;
        }
        int positions = schema.Parts.Max(part => (int?)PrefixLength(part)) ?? 0;
        if (positions > MaximumPositions)
        {
            throw new GrammarException($"A 'prefixItems' has {positions} schemas; at most {MaximumPositions} are supported.");
        }
        // The first item has no comma before it, so at least one position is written out.
        int written = Math.Min(Math.Max(positions, 1), most);
        Expression tail = written == most
            ? JsonForm.CloseBracket
            : Expression.Sequence(
                Expression.Repeat(Expression.Sequence(form.Comma, Item(positions)), Math.Max(0, least - written), most == Expression.Unbounded ? most : most - written),
                JsonForm.CloseBracket);
        for (int position = written - 1; position >= 0; position--)
        {
            Expression more = Expression.Sequence(position == 0 ? Expression.Empty : form.Comma, Item(position), tail);
            tail = position < least ? more : Expression.Choice(JsonForm.CloseBracket, more);
        }
        return Expression.Sequence(JsonForm.OpenBracket, tail);
    }

    private Expression Item(int position)
    {
        var schemas = new List<SchemaLocation>();
        foreach (SchemaLocation part in schema.Parts)
        {
            if (position < PrefixLength(part))
            {
                schemas.Add(part.Child("prefixItems", position, part.Element.GetProperty("prefixItems")[position]));
            }
            else if (part.Element.TryGetProperty("items", out JsonElement items))
            {
                schemas.Add(part.Child("items", items));
            }
        }
        return value(schemas);
    }

    private static int PrefixLength(SchemaLocation part) => part.Element.TryGetProperty("prefixItems", out JsonElement items) ? items.GetArrayLength() : 0;
}
