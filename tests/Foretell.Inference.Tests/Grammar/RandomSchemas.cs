using System.Text.Json.Nodes;

namespace Foretell.Inference.Tests;

/// <summary>Schemas of many shapes, each with a value that is valid under it in the form that the grammar writes.</summary>
internal sealed class RandomSchemas(int seed)
{
    private static readonly string[] Names = ["a", "b", "ab", "name", "a\"b", "état", "x y", "na", "", "🦊"];
    private static readonly (string Pattern, string Match)[] Patterns =
    [
        ("^[a-z]+$", "hello"), ("b", "abc"), ("^(yes|no)$", "no"), (@"^\d{3}-\d{4}$", "555-1234"), ("^\"q\"", "\"q\" said"), (@"\.$", "end."), ("^a|z$", "buzz"), (@"^\S+@\w+$", "me@home"), ("^[^x]{2,5}$", "é\ny"),
    ];

    private static readonly (string Format, string Match)[] Formats =
    [
        ("date", "2024-02-29"), ("time", "23:59:01.5+02:00"), ("date-time", "1999-12-31T00:00:00Z"), ("duration", "P1Y2M3DT4H5M6S"), ("email", "a.b+c@example.com"), ("hostname", "a-b.example.com"),
        ("ipv4", "192.168.0.1"), ("ipv6", "2001:db8::1"), ("uuid", "123e4567-e89b-12d3-a456-426614174000"), ("uri", "https://example.com/a?b=c#d"),
    ];

    private readonly Random _random = new(seed);
    private readonly JsonObject _definitions = [];

    /// <summary>A schema and a value of it.</summary>
    public (JsonNode Schema, JsonNode? Value) Next(int depth)
    {
        (JsonNode schema, JsonNode? value) = Any(depth);
        return _definitions.Count == 0
            ? (schema, value)
            : (new JsonObject { ["allOf"] = new JsonArray(schema), ["$defs"] = _definitions }, value);
    }

    private (JsonNode Schema, JsonNode? Value) Any(int depth)
    {
        return _random.Next(depth > 0 ? 16 : 9) switch
        {
            0 => (Typed("boolean"), (JsonNode?)JsonValue.Create(_random.Next(2) == 0)),
            1 => (Typed("null"), null),
            2 or 3 => Integer(),
            4 => Real(),
            5 or 6 => Text(),
            7 => Enumeration(),
            8 => TypeList(),
            9 or 10 => List(depth),
            11 => Alternatives(depth),
            12 => Recursive(depth),
            13 => Combined(depth),
            _ => Record(depth),
        };
    }

    private static JsonObject Typed(string type) => new() { ["type"] = type };

    private (JsonNode, JsonNode?) Integer()
    {
        JsonObject schema = Typed("integer");
        long value = _random.Next(3) switch { 0 => _random.Next(-20, 20), 1 => _random.NextInt64(-100_000, 100_000), _ => _random.NextInt64(-999_999_999_999, 999_999_999_999) };
        if (_random.Next(4) == 0)
        {
            int divisor = _random.Next(1, 40);
            schema["multipleOf"] = divisor;
            value -= value % divisor;
        }
        Bound(schema, value, () => _random.NextInt64(0, _random.Next(2) == 0 ? 5 : 1_000_000), decimals: 0);
        return (schema, value);
    }

    private (JsonNode, JsonNode?) Real()
    {
        JsonObject schema = Typed("number");
        int decimals = _random.Next(4);
        decimal value = Math.Round((decimal)(_random.NextDouble() * 2 - 1) * (_random.Next(2) == 0 ? 3 : 5_000), decimals);
        if (_random.Next(3) == 0)
        {
            schema["multipleOf"] = decimals == 0 ? 1m : new decimal(1, 0, 0, false, (byte)decimals);
        }
        Bound(schema, value, () => Math.Round((decimal)_random.NextDouble() * 10, decimals), decimals);
        return (schema, value);
    }

    private void Bound(JsonObject schema, decimal value, Func<decimal> distance, int decimals)
    {
        decimal least = new(1, 0, 0, false, (byte)decimals);
        switch (_random.Next(4))
        {
            case 0:
                schema["minimum"] = value - distance();
                break;
            case 1:
                schema["exclusiveMinimum"] = value - distance() - least;
                break;
        }
        switch (_random.Next(4))
        {
            case 0:
                schema["maximum"] = value + distance();
                break;
            case 1:
                schema["exclusiveMaximum"] = value + distance() + least;
                break;
        }
    }

    private (JsonNode, JsonNode?) Text()
    {
        JsonObject schema = Typed("string");
        string value = "plain";
        switch (_random.Next(4))
        {
            case 0:
                (string format, value) = Formats[_random.Next(Formats.Length)];
                schema["format"] = format;
                break;
            case 1:
                (string pattern, value) = Patterns[_random.Next(Patterns.Length)];
                schema["pattern"] = pattern;
                break;
            case 2:
                value = string.Concat(Enumerable.Range(0, _random.Next(8)).Select(_ => (string[])["a", "\"", "\\", "\n", "é", "🦊", "\u0001", "{", " "]).Select(characters => characters[_random.Next(characters.Length)]));
                break;
        }
        int length = value.EnumerateRunes().Count();
        if (_random.Next(3) == 0)
        {
            schema["minLength"] = Math.Max(0, length - _random.Next(3));
        }
        if (_random.Next(3) == 0)
        {
            schema["maxLength"] = length + _random.Next(3);
        }
        return (schema, value);
    }

    private (JsonNode, JsonNode?) Enumeration()
    {
        JsonNode? value = _random.Next(5) switch { 0 => 7, 1 => "seven", 2 => null, 3 => new JsonArray(1, "x", new JsonObject { ["k"] = true }), _ => false };
        return _random.Next(3) == 0
            ? (new JsonObject { ["const"] = value?.DeepClone() }, value)
            : (new JsonObject { ["enum"] = new JsonArray(3, value?.DeepClone(), "seventeen", "sev") }, value);
    }

    private (JsonNode, JsonNode?) TypeList() =>
        (new JsonObject { ["type"] = new JsonArray("string", "integer", "null"), ["maxLength"] = 6, ["minimum"] = -3 }, _random.Next(3) switch { 0 => "text", 1 => 12, _ => null });

    private (JsonNode, JsonNode?) List(int depth)
    {
        JsonObject schema = Typed("array");
        var value = new JsonArray();
        if (_random.Next(2) == 0)
        {
            var prefix = new JsonArray();
            for (int index = _random.Next(3); index >= 0; index--)
            {
                (JsonNode part, JsonNode? partValue) = Any(depth - 1);
                prefix.Add(part);
                value.Add(partValue);
            }
            schema["prefixItems"] = prefix;
        }
        (JsonNode item, JsonNode? itemValue) = Any(depth - 1);
        bool isClosed = _random.Next(4) == 0;
        schema["items"] = isClosed ? JsonValue.Create(false) : item;
        for (int count = isClosed ? 0 : _random.Next(3); count > 0; count--)
        {
            value.Add(itemValue?.DeepClone());
        }
        if (_random.Next(2) == 0)
        {
            schema["minItems"] = Math.Max(0, value.Count - _random.Next(2));
        }
        if (_random.Next(2) == 0)
        {
            schema["maxItems"] = value.Count + _random.Next(2);
        }
        return (schema, value);
    }

    private (JsonNode, JsonNode?) Record(int depth)
    {
        JsonObject schema = Typed("object");
        var properties = new JsonObject();
        var required = new JsonArray();
        var value = new JsonObject();
        foreach (string name in Names.OrderBy(_ => _random.Next()).Take(_random.Next(5)))
        {
            (JsonNode member, JsonNode? memberValue) = Any(depth - 1);
            properties[name] = member;
            bool isRequired = _random.Next(2) == 0;
            if (isRequired)
            {
                required.Add(name);
            }
            if (isRequired || _random.Next(2) == 0)
            {
                value[name] = memberValue;
            }
        }
        schema["properties"] = properties;
        if (_random.Next(2) == 0 || required.Count > 0)
        {
            schema["required"] = required;
        }
        switch (_random.Next(4))
        {
            case 0:
                schema["additionalProperties"] = false;
                break;
            case 1:
                (JsonNode other, JsonNode? otherValue) = Any(depth - 1);
                schema["additionalProperties"] = other;
                value["other \"one\""] = otherValue;
                break;
            case 2 when value.Count > 0 && required.Count == 0:
                schema["minProperties"] = 1;
                break;
        }
        return (schema, value);
    }

    private (JsonNode, JsonNode?) Alternatives(int depth)
    {
        if (_random.Next(3) == 0)
        {
            (JsonNode left, JsonNode? leftValue) = Any(depth - 1);
            (JsonNode right, _) = Any(depth - 1);
            JsonObject Tagged(string tag, JsonNode member) => new()
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { ["kind"] = new JsonObject { ["const"] = tag }, ["it"] = member },
                ["required"] = new JsonArray("kind", "it"),
                ["additionalProperties"] = false,
            };
            return (new JsonObject { ["oneOf"] = new JsonArray(Tagged("left", left), Tagged("right", right), Typed("integer")) }, new JsonObject { ["kind"] = "left", ["it"] = leftValue });
        }
        var alternatives = new JsonArray();
        JsonNode? value = null;
        for (int index = _random.Next(1, 4); index > 0; index--)
        {
            (JsonNode part, value) = Any(depth - 1);
            alternatives.Add(part);
        }
        return (new JsonObject { ["anyOf"] = alternatives }, value);
    }

    private (JsonNode, JsonNode?) Recursive(int depth)
    {
        string name = $"node{_definitions.Count}";
        _definitions[name] = new JsonObject();
        (JsonNode content, JsonNode? contentValue) = Any(depth - 1);
        JsonObject Self() => new() { ["$ref"] = $"#/$defs/{name}" };
        bool isList = _random.Next(2) == 0;
        _definitions[name] = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["content"] = content, ["next"] = isList ? new JsonObject { ["type"] = "array", ["items"] = Self() } : new JsonObject { ["anyOf"] = new JsonArray(Self(), Typed("null")) } },
            ["required"] = new JsonArray("content", "next"),
            ["additionalProperties"] = false,
        };
        JsonObject inner = new() { ["content"] = contentValue?.DeepClone(), ["next"] = isList ? new JsonArray() : null };
        return (Self(), new JsonObject { ["content"] = contentValue, ["next"] = isList ? new JsonArray(inner, inner.DeepClone()) : inner });
    }

    private (JsonNode, JsonNode?) Combined(int depth)
    {
        (JsonNode first, JsonNode? firstValue) = Any(depth - 1);
        (JsonNode second, JsonNode? secondValue) = Any(depth - 1);
        JsonObject Part(string name, JsonNode member) => new() { ["type"] = "object", ["properties"] = new JsonObject { [name] = member }, ["required"] = new JsonArray(name) };
        return (
            new JsonObject { ["allOf"] = new JsonArray(Part("first", first), Part("second", second)), ["description"] = "both" },
            new JsonObject { ["first"] = firstValue, ["second"] = secondValue });
    }
}
