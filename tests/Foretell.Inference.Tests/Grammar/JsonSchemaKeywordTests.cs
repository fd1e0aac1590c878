using System.Text;
using System.Text.Json;

namespace Foretell.Inference.Tests;

public class JsonSchemaKeywordTests
{
    [Theory]
    [InlineData("""{"type":"string"}""", "\"\"", "\"a\\u00e9\\ud83e\\udd8a\\/é🦊\"", "!\"\\ud83e\"", "!\"\\udd8a\"", "!\"\\x\"", "!\"\n\"", "!1", "!\"a", "! \"a\"")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"ab\"", "\"🦊\\n\"", "\"\\ud83e\\udd8aé\\\\\"", "!\"a\"", "!\"abcd\"")]
    [InlineData("""{"type":"string","pattern":"^a\"|\\.$"}""", "\"a\\\"b\"", "\"end.\"", "!\"b\"", "!\"a'\"")]
    [InlineData("""{"type":"string","pattern":"[0-9]","minLength":3,"maxLength":4}""", "\"a1b\"", "\"1234\"", "!\"abc\"", "!\"12\"", "!\"12345\"")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2024-02-29\"", "\"2000-02-29\"", "!\"2023-02-29\"", "!\"1900-02-29\"", "!\"2024-04-31\"", "!\"0000-01-01\"")]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"2024-02-29T23:59:59.123Z\"", "\"2024-02-29T00:00:00-05:30\"", "!\"2024-02-29\"", "!\"2024-02-29T24:00:00Z\"")]
    [InlineData("""{"type":"string","format":"ipv6"}""", "\"::\"", "\"::1\"", "\"1::\"", "\"1:2:3:4:5:6:7:8\"", "\"1:2:3:4:5:6:7::\"", "\"1::8\"", "!\"1:2:3:4:5:6:7\"", "!\"1::2::3\"", "!\":::\"", "!\"1:2:3:4:5:6:7:8::\"")]
    [InlineData("""{"type":"string","format":"duration"}""", "\"P1Y2M3DT4H5M6S\"", "\"PT5S\"", "\"P3W\"", "!\"P\"", "!\"PT\"", "!\"P1Y2D\"")]
    [InlineData("""{"type":"string","format":"uuid"}""", "\"123e4567-E89b-12d3-a456-426614174000\"", "!\"123e4567e89b12d3a456426614174000\"")]
    [InlineData("""{"type":"integer"}""", "0", "-1", "999999999999999999", "!-0", "!01", "!1.0", "!1e2", "!1000000000000000000")]
    [InlineData("""{"type":"integer","minimum":-17,"exclusiveMaximum":105}""", "-17", "-9", "0", "99", "104", "!-18", "!105", "!110")]
    [InlineData("""{"type":"integer","minimum":1.5,"maximum":1e1}""", "2", "10", "!1", "!11")]
    [InlineData("""{"type":"integer","multipleOf":7,"exclusiveMinimum":7,"maximum":30}""", "14", "21", "28", "!7", "!15", "!35")]
    [InlineData("""{"type":"integer","allOf":[{"multipleOf":4},{"multipleOf":6}],"maximum":30,"minimum":-12}""", "-12", "0", "12", "24", "!4", "!6", "!18")]
    [InlineData("""{"type":"integer","format":"int32"}""", "2147483647", "-2147483648", "!2147483648", "!-2147483649")]
    [InlineData("""{"type":"integer","minimum":100000000000000000000}""", "100000000000000000000", "!99999999999999999999")]
    [InlineData("""{"type":"number"}""", "0", "-0.5", "1e10", "1.25E-3", "-0", "!.5", "!1.", "!+1", "!01")]
    [InlineData("""{"type":"number","minimum":0.25,"maximum":10.5}""", "0.25", "0.250", "0.3", "1", "10", "10.5", "10.500", "9.99", "!0.24", "!0", "!10.51", "!11", "!-1", "!1e1")]
    [InlineData("""{"type":"number","exclusiveMinimum":-1.5,"exclusiveMaximum":0}""", "-1.49", "-1", "-0.001", "!-1.5", "!-1.500", "!0", "!-0", "!-2", "!1")]
    [InlineData("""{"type":"number","exclusiveMinimum":2,"maximum":3}""", "2.1", "2.01", "3", "3.0", "!2", "!2.0", "!3.1")]
    [InlineData("""{"type":"number","multipleOf":0.01,"minimum":0}""", "0.25", "7", "7.1", "!0.001", "!-1")]
    [InlineData("""{"type":"number","multipleOf":5}""", "0", "15", "-20", "!7", "!7.5")]
    [InlineData("""{"type":["boolean","null"]}""", "true", "false", "null", "!0", "!\"true\"")]
    [InlineData("""{"enum":["a",1,null,{"k":[1,2]},"é\n"]}""", "\"a\"", "1", "null", "{\"k\":[1,2]}", "\"é\\n\"", "!\"b\"", "!2")]
    [InlineData("""{"type":"string","enum":["a",1,"b"]}""", "\"a\"", "\"b\"", "!1")]
    [InlineData("""{"const":1.50}""", "1.50", "!1.5")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3}""", "[1]", "[1, 2,3]", "![]", "![1,2,3,4]", "![1,]", "![ 1]", "![1,  2]")]
    [InlineData("""{"prefixItems":[{"type":"integer"},{"type":"string"}],"items":{"type":"null"},"minItems":1}""", "[1]", "[1,\"a\"]", "[1,\"a\",null,null]", "![]", "![\"a\"]", "![1,2]", "![1,\"a\",1]")]
    [InlineData("""{"prefixItems":[{"type":"integer"},{"type":"string"}],"items":false,"minItems":2}""", "[1,\"a\"]", "![1]", "![1,\"a\",1]")]
    [InlineData("""{"type":"array","maxItems":0}""", "[]", "![1]")]
    [InlineData("""{"type":"object"}""", "{}", "{\"a\":[1,{\"b\": null}]}", "![]")]
    [InlineData("""{"properties":{"a":{"type":"integer"},"b":{"type":"integer"},"c":{"type":"integer"}},"required":["b"]}""", "{\"b\":1}", "{\"a\":1,\"b\": 2, \"c\":3}", "{\"b\":1,\"c\":2}", "!{}", "!{\"a\":1}", "!{\"b\":1,\"a\":2}", "!{\"b\":1,\"d\":2}", "!{\"b\":1,}", "!{,\"b\":1}")]
    [InlineData("""{"properties":{"a":{"type":"integer"}},"additionalProperties":{"type":"boolean"}}""", "{}", "{\"a\":1}", "{\"x\":true}", "{\"a\":1,\"x\":true,\"y\":false}", "{\"ab\":true}", "!{\"a\":true}", "!{\"x\":1}", "!{\"\\u0061\":true}")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"integer"},"minProperties":1,"maxProperties":2}""", "{\"a\":1}", "{\"a\":1,\"b\":2}", "!{}", "!{\"a\":1,\"b\":2,\"c\":3}")]
    [InlineData("""{"type":"object","properties":{"a":true,"b":true},"minProperties":1}""", "{\"a\":1}", "{\"b\":1}", "{\"a\":1,\"b\":[]}", "!{}")]
    [InlineData("""{"type":"object","required":["x"]}""", "{\"x\":{}}", "!{}", "!{\"x\":1,\"y\":2}")]
    [InlineData("""{"type":"object","properties":{"a":false,"b":{"type":"null"}}}""", "{}", "{\"b\":null}", "!{\"a\":1}")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"string","maxLength":1}],"description":"x"}""", "12", "\"a\"", "!\"ab\"")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"anyOf":[{"properties":{"b":{"const":1}},"required":["b"]},{"properties":{"c":{"const":2}},"required":["c"]}]}""", "{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":2}", "!{\"a\":1}", "!{\"b\":1}")]
    [InlineData("""{"oneOf":[{"type":"object","properties":{"t":{"const":"a"},"v":{"type":"integer"}},"required":["t","v"]},{"type":"object","properties":{"t":{"const":"b"}},"required":["t"]},{"type":"null"}]}""", "{\"t\":\"a\",\"v\":1}", "{\"t\":\"b\"}", "null", "!{\"t\":\"b\",\"v\":1}")]
    [InlineData("""{"allOf":[{"properties":{"a":{"type":"number","minimum":3}},"required":["a"]},{"properties":{"a":{"maximum":4},"b":{"type":"null"}},"additionalProperties":false}]}""", "{\"a\":3.5}", "{\"a\":4,\"b\":null}", "!{\"a\":5}", "!{\"b\":null}")]
    [InlineData("""{"allOf":[{"properties":{"a":{}},"additionalProperties":false},{"properties":{"b":{}}}]}""", "{\"a\":1}", "{}", "!{\"b\":1}")]
    [InlineData("""{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#/$defs/a~1b"},{"type":"null"}]}},"required":["next"]}}}""", "{\"next\":null}", "{\"next\":{\"next\":null}}", "!{}", "!{\"next\":{}}")]
    [InlineData("""{"$ref":"#/definitions/n","minimum":2,"definitions":{"n":{"type":"integer","maximum":3}}}""", "2", "3", "!1", "!4")]
    [InlineData("true", "1", "\"a\"", "[{}]", "null", "!nul")]
    public void Compile_EachKeyword_AdmitsWhatItShould(string schema, params string[] texts)
    {
        Grammar grammar = JsonSchemaGrammar.Compile(JsonDocument.Parse(schema).RootElement);
        foreach (string text in texts)
        {
            bool isValid = text[0] != '!';
            Assert.True(isValid == grammar.Accepts(Encoding.UTF8.GetBytes(isValid ? text : text[1..])), $"{text} under {schema}");
        }
    }

    [Theory]
    [InlineData("""{"not":{}}""", "'not' at #")]
    [InlineData("""{"properties":{"a/b":{"if":{}}}}""", "'if' at #/properties/a~1b")]
    [InlineData("""{"type":"array","items":{"uniqueItems":true}}""", "'uniqueItems' at #/items")]
    [InlineData("""{"patternProperties":{}}""", "'patternProperties'")]
    [InlineData("""{"type":"text"}""", "'type' at # is \"text\"")]
    [InlineData("""{"type":"string","format":"color"}""", "\"color\" at #/format")]
    [InlineData("""{"type":"string","pattern":"a(?=b)"}""", "#/pattern")]
    [InlineData("""{"type":"string","minLength":-1}""", "#/minLength is -1")]
    [InlineData("""{"type":"number","multipleOf":0.3}""", "'multipleOf' at #/multipleOf")]
    [InlineData("""{"type":"integer","multipleOf":99991}""", "10000")]
    [InlineData("""{"items":[{}]}""", "prefixItems")]
    [InlineData("""{"$ref":"other.json"}""", "within the document")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "no '$defs'")]
    [InlineData("""{"$ref":"#"}""", "refers to itself")]
    [InlineData("""{"anyOf":[{"$ref":"#"},{"type":"null"}]}""", "refers to itself")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "'oneOf' at #/oneOf")]
    [InlineData("""{"oneOf":[{"properties":{"a":{}}},{"type":"string"}]}""", "'oneOf'")]
    [InlineData("""{"enum":[]}""", "admits no value")]
    [InlineData("false", "admits no value")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""", "admits no value")]
    [InlineData("""{"type":"string","pattern":"^a$","minLength":2}""", "admits no value")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", "admits no value")]
    [InlineData("""{"type":"object","properties":{},"required":["a"],"additionalProperties":false}""", "admits no value")]
    [InlineData("""{"enum":["abc"],"minLength":2}""", "#/minLength")]
    [InlineData("""{"type":"object","additionalProperties":true,"minProperties":3}""", "'minProperties'")]
    [InlineData("""{"type":"object","properties":{"a":{},"b":{}},"maxProperties":1}""", "'maxProperties'")]
    [InlineData("""{"properties":[]}""", "#/properties is []")]
    [InlineData("""{"enum":["\ud800"]}""", "surrogate")]
    [InlineData("3", "is number")]
    public void Compile_WhatCannotBe_IsRefusedWithItsNameAndPlace(string schema, string named) =>
        Assert.Contains(named, Assert.Throws<GrammarException>(() => JsonSchemaGrammar.Compile(JsonDocument.Parse(schema).RootElement)).Message);

    [Fact]
    public void Compile_EachFormOfSeparators_WritesItsOwn()
    {
        JsonElement schema = JsonDocument.Parse("""{"type":"object","properties":{"a":{"const":[1,{"b":2}]},"c":{"type":"array"}},"required":["a","c"]}""").RootElement;
        foreach ((JsonSeparators separators, string text) in new[]
        {
            (JsonSeparators.Compact, """{"a":[1,{"b":2}],"c":[1,{"x":2}]}"""),
            (JsonSeparators.Spaced, """{"a": [1, {"b": 2}], "c": [1, {"x": 2}]}"""),
        })
        {
            Assert.True(JsonSchemaGrammar.Compile(schema, new JsonGrammarOptions { Separators = separators }).Accepts(Encoding.UTF8.GetBytes(text)), text);
            Assert.Equal(separators == JsonSeparators.Compact, JsonSchemaGrammar.Compile(schema).Accepts(Encoding.UTF8.GetBytes(text)));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => JsonSchemaGrammar.AnyObject(new JsonGrammarOptions { MaximumDepth = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => JsonSchemaGrammar.AnyObject(new JsonGrammarOptions { Separators = (JsonSeparators)9 }));
    }

    /// <summary>The schemas that .NET's own tools make of types go through as they are.</summary>
    [Fact]
    public void Compile_SchemasOfDotNetTypes_AreSupported()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web) { TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver() };
        using JsonDocument schema = JsonDocument.Parse(System.Text.Json.Schema.JsonSchemaExporter.GetJsonSchemaAsNode(options, typeof(Order)).ToJsonString());
        Grammar grammar = JsonSchemaGrammar.Compile(schema.RootElement);
        var order = new Order("Zoë \"Z\"", 3, 2.5m, new DateTimeOffset(2024, 5, 6, 7, 8, 9, TimeSpan.Zero), Guid.Empty, [DayOfWeek.Friday], new() { ["k"] = 1.5 }, new Order("inner", 0, 0, default, default, [], [], null, null), null);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(order, options);
        json = Encoding.UTF8.GetBytes(PlainValidator.Compact(JsonDocument.Parse(json).RootElement));
        Assert.True(grammar.Accepts(json), $"{Encoding.UTF8.GetString(json)} under {schema.RootElement}");
    }

    private sealed record Order(string Name, int Count, decimal Price, DateTimeOffset At, Guid Id, DayOfWeek[] Days, Dictionary<string, double> Factors, Order? Previous, Uri? Link);
}
