using System.Numerics;
using System.Text.Json;

namespace Foretell.Inference;

/// <summary>A JSON schema as rules over bytes. Objects, arrays and alternatives become rules, so that schemas may refer to themselves; everything else stands in place.</summary>
internal sealed class SchemaCompiler(JsonElement root, JsonForm form)
{
    private const int MaximumRules = 20_000;
    private const int MaximumAlternatives = 1_000;
    private const int MaximumDivisor = 10_000;
    private readonly Dictionary<string, Expression> _known = [];
    private readonly Queue<(GrammarRule Rule, MergedSchema Schema)> _open = new();

    /// <exception cref="GrammarException">The schema is malformed, too large, or uses what is not supported.</exception>
    public Expression Compile()
    {
        Expression whole = Value([new SchemaLocation(root, "#")]);
        int rules = 0;
        while (_open.TryDequeue(out (GrammarRule Rule, MergedSchema Schema) next))
        {
            if (++rules > MaximumRules)
            {
                throw new GrammarException($"The schema needs more than {MaximumRules} rules; use fewer alternatives and smaller definitions.");
            }
            next.Rule.Body = Body(next.Schema);
        }
        return whole;
    }

    /// <summary>A value that all of the schemas allow.</summary>
    private Expression Value(IReadOnlyList<SchemaLocation> schemas)
    {
        if (schemas.Count == 0)
        {
            return form.AnyValue;
        }
        string key = string.Join('\t', schemas.Select(schema => schema.Key).Distinct().Order(StringComparer.Ordinal));
        if (_known.TryGetValue(key, out Expression? known))
        {
            return known;
        }
        var merged = new MergedSchema(root, schemas);
        Expression value;
        if (merged.Groups.Count == 0 && (merged.Values is not null || (merged.Types & (JsonTypes.Array | JsonTypes.Object)) == 0))
        {
            value = Plain(merged);
        }
        else
        {
            var rule = new GrammarRule($"The schema at {schemas[0].Pointer}");
            _open.Enqueue((rule, merged));
            value = Expression.Call(rule);
        }
        _known.Add(key, value);
        return value;
    }

    private Expression Body(MergedSchema schema)
    {
        if (schema.Groups.Count > 0)
        {
            return Alternatives(schema);
        }
        if (schema.Types == JsonTypes.All && schema.Restriction is null)
        {
            return form.AnyValue;
        }
        var alternatives = new List<Expression> { Plain(schema) };
        if (schema.Types.HasFlag(JsonTypes.Array))
        {
            alternatives.Add(Expression.Nested(new SchemaArrays(schema, form, Value).Build()));
        }
        if (schema.Types.HasFlag(JsonTypes.Object))
        {
            alternatives.Add(Expression.Nested(new SchemaObjects(schema, form, Value).Build()));
        }
        return Expression.Choice(alternatives);
    }

    /// <summary>One schema of each list, beside all that stands next to the lists.</summary>
    private Expression Alternatives(MergedSchema schema)
    {
        SchemaLocation[] common = [.. schema.Parts.Select(part => part with { IsFlat = true })];
        List<SchemaLocation[]> combinations = [common];
        foreach ((List<SchemaLocation> alternatives, bool isExclusive, string pointer) in schema.Groups)
        {
            if (isExclusive)
            {
                SchemaExclusion.Require(root, alternatives.ConvertAll(alternative => (MergedSchema)new(root, [.. common, alternative])), pointer);
            }
            combinations = [.. combinations.SelectMany(combination => alternatives.Select(alternative => (SchemaLocation[])[.. combination, alternative]))];
            if (combinations.Count > MaximumAlternatives)
            {
                throw new GrammarException($"The alternatives at {pointer} and beside it combine in more than {MaximumAlternatives} ways; use fewer.");
            }
        }
        return Expression.Choice(combinations.ConvertAll(Value));
    }

    /// <summary>The values that are no arrays or objects, and given values of any kind.</summary>
    private Expression Plain(MergedSchema schema)
    {
        if (schema.Values is List<JsonElement> values)
        {
            if (schema.Restriction is string restriction)
            {
                throw new GrammarException($"The schema's keyword at {restriction} stands beside enum or const; leave it out and list the values that it allows.");
            }
            byte[][] texts = [.. values.Where(value => SchemaKeywords.Admits(schema.Types, SchemaKeywords.TypeOf(value))).Select(form.Write)];
            return Expression.Terminal(Expression.Texts(texts));
        }
        var alternatives = new List<Expression>();
        if (schema.Types.HasFlag(JsonTypes.String))
        {
            alternatives.Add(String(schema));
        }
        if ((schema.Types & JsonTypes.Number) != 0)
        {
            alternatives.Add(Number(schema));
        }
        if (schema.Types.HasFlag(JsonTypes.Boolean))
        {
            alternatives.Add(JsonForm.Boolean);
        }
        if (schema.Types.HasFlag(JsonTypes.Null))
        {
            alternatives.Add(JsonForm.Null);
        }
        return Expression.Choice(alternatives);
    }

    private static Expression String(MergedSchema schema)
    {
        if (schema.MinimumLength > schema.MaximumLength)
        {
            return Expression.Nothing;
        }
        bool isCounted = schema.MinimumLength > 0 || schema.MaximumLength < Expression.Unbounded;
        if (schema.Patterns.Count == 0)
        {
            return isCounted ? JsonStrings.Quoted(JsonStrings.Characters(schema.MinimumLength, schema.MaximumLength)) : JsonStrings.Any;
        }
        Expression? content = null;
        foreach ((string pattern, string pointer) in schema.Patterns)
        {
            try
            {
                Expression matching = new RegexExpression(pattern, JsonStrings.Encode).Build(isWhole: false);
                content = content is null ? matching : Expression.Both(content, matching);
            }
            catch (GrammarException error)
            {
                throw new GrammarException($"{pointer}: {error.Message}");
            }
        }
        return JsonStrings.Quoted(isCounted ? Expression.Both(content!, JsonStrings.Characters(schema.MinimumLength, schema.MaximumLength)) : content!);
    }

    private static Expression Number(MergedSchema schema)
    {
        bool isInteger = !schema.Types.HasFlag(JsonTypes.Number);
        BigInteger multiple = 1;
        int? fractionDigits = null;
        foreach ((JsonDecimal divisor, string pointer) in schema.Divisors)
        {
            bool isPowerOfTen = divisor.Unscaled.IsOne;
            if (divisor.IsInteger)
            {
                isInteger = true;
                multiple = multiple * divisor.Unscaled / BigInteger.GreatestCommonDivisor(multiple, divisor.Unscaled);
            }
            else if (isPowerOfTen || (isInteger && (BigInteger.Pow(10, divisor.Scale) % divisor.Unscaled).IsZero))
            {
                fractionDigits = Math.Min(fractionDigits ?? int.MaxValue, divisor.Scale);
            }
            else
            {
                throw new GrammarException($"The schema's 'multipleOf' at {pointer} isn't supported: it must be a whole number or a power of ten such as 0.01.");
            }
            if (multiple > MaximumDivisor)
            {
                throw new GrammarException($"The schema's 'multipleOf' at {pointer} isn't supported: multiples of at most {MaximumDivisor} can be told apart.");
            }
        }
        return isInteger
            ? JsonNumbers.Integer(schema.Lower, schema.Upper, (int)multiple)
            : JsonNumbers.Real(schema.Lower, schema.Upper, fractionDigits);
    }
}
