using System.Text.Json;

namespace Foretell.Inference;

/// <summary>
/// The objects of a schema: the named members in the schema's order, the optional ones there or not, then the additional
/// ones. Where a schema names members and says nothing of others, no others are written.
/// </summary>
internal sealed class SchemaObjects(MergedSchema schema, JsonForm form, Func<IReadOnlyList<SchemaLocation>, Expression> value)
{
    private const int MaximumMembers = 1_000;

    public Expression Build()
    {
        List<string> names = Names();
        HashSet<string> required = [.. schema.Required];
        Expression? additional = Additional();
        (int least, int most) = (schema.MinimumProperties, schema.MaximumProperties);
        if (most < required.Count || (additional is null && least > names.Count))
        {
            return Expression.Nothing;
        }
        if (additional is null && least == names.Count)
        {
            required.UnionWith(names);
        }
        bool needsOne = least == 1 && required.Count == 0;
        if (least > required.Count && !needsOne)
        {
            throw Unsupported("minProperties", "it must be 0, 1, or at most the number of required properties");
        }
        int mostAdditional = Expression.Unbounded;
        if (most < Expression.Unbounded && !(additional is null && names.Count <= most))
        {
            mostAdditional = required.Count == names.Count ? most - names.Count : throw Unsupported("maxProperties", "beside optional properties it must not be smaller than their number");
        }

        Expression? another = additional is null || mostAdditional == 0 ? null : Expression.Sequence(JsonStrings.AnyBut(names), form.Colon, additional);
        Expression later = another is null ? JsonForm.CloseBrace
            : Expression.Sequence(Expression.Repeat(Expression.Sequence(form.Comma, another), 0, mostAdditional), JsonForm.CloseBrace);
        int mostAfterFirst = mostAdditional == Expression.Unbounded ? mostAdditional : mostAdditional - 1;
        Expression afterFirst = another is null ? later : Expression.Sequence(Expression.Repeat(Expression.Sequence(form.Comma, another), 0, mostAfterFirst), JsonForm.CloseBrace);
        List<Expression> firsts = [needsOne ? Expression.Nothing : JsonForm.CloseBrace, another is null ? Expression.Nothing : Expression.Sequence(another, afterFirst)];
        // The alternatives stand side by side and not within each other: a thousand optional members must not need a deep stack.
        List<Expression> laters = [later];
        for (int index = names.Count - 1; index >= 0; index--)
        {
            Expression member = value(Member(schema, names[index]));
            Expression here = Expression.Sequence(form.Name(names[index], isFirst: true), member, later);
            Expression behind = Expression.Sequence(form.Name(names[index], isFirst: false), member, later);
            bool isRequired = required.Contains(names[index]);
            if (isRequired)
            {
                firsts.Clear();
                laters.Clear();
            }
            firsts.Add(here);
            laters.Add(behind);
            // What follows is used twice; a rule keeps it one.
            later = isRequired ? behind : Shared(names[index], Expression.Choice(laters.ToArray()));
        }
        return Expression.Sequence(JsonForm.OpenBrace, Expression.Choice(firsts));
    }

    /// <summary>The schemas that speak of a member, in any of the merged schemas.</summary>
    public static List<SchemaLocation> Member(MergedSchema schema, string name)
    {
        var schemas = new List<SchemaLocation>();
        foreach (SchemaLocation part in schema.Parts)
        {
            if (part.Element.TryGetProperty("properties", out JsonElement properties) && properties.TryGetProperty(name, out JsonElement member))
            {
                schemas.Add(part.Child("properties", name, member));
            }
            else if (part.Element.TryGetProperty("additionalProperties", out JsonElement other))
            {
                schemas.Add(part.Child("additionalProperties", other));
            }
        }
        return schemas;
    }

    private List<string> Names()
    {
        var names = new List<string>();
        var seen = new HashSet<string>();
        foreach (SchemaLocation part in schema.Parts)
        {
            if (part.Element.TryGetProperty("properties", out JsonElement properties))
            {
                names.AddRange(properties.EnumerateObject().Select(member => member.Name).Where(seen.Add));
            }
        }
        names.AddRange(schema.Required.Where(seen.Add));
        return names.Count <= MaximumMembers ? names
            : throw new GrammarException($"An object at {schema.Parts[0].Pointer} has {names.Count} properties; at most {MaximumMembers} are supported.");
    }

    /// <summary>The value of members without a name of their own; null where there are none.</summary>
    private Expression? Additional()
    {
        var schemas = new List<SchemaLocation>();
        foreach (SchemaLocation part in schema.Parts)
        {
            if (part.Element.TryGetProperty("additionalProperties", out JsonElement other))
            {
                if (other.ValueKind == JsonValueKind.False)
                {
                    return null;
                }
                schemas.Add(part.Child("additionalProperties", other));
            }
        }
        return schemas.Count == 0 && schema.NamesMembers ? null : value(schemas);
    }

    private static Expression Shared(string name, Expression body) => Expression.Call(new GrammarRule($"The members from '{name}' on") { Body = body });

    private GrammarException Unsupported(string keyword, string condition) =>
        new($"The schema's '{keyword}' at {schema.Parts[0].Pointer} isn't supported as it is: {condition}.");
}
