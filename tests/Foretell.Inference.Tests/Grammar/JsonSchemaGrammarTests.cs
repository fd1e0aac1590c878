using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Tensors;

namespace Foretell.Inference.Tests;

public class JsonSchemaGrammarTests
{
    /// <summary>Whatever the schema and whatever the model: what comes out parses and is valid.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Mask_RandomSchemasAndRandomTokens_WhatComesOutIsValid(int part)
    {
        int finished = 0;
        const int Schemas = 120;
        for (int seed = part * Schemas; seed < (part + 1) * Schemas; seed++)
        {
            JsonElement schema = Element(new RandomSchemas(seed).Next(3).Schema);
            Grammar grammar = JsonSchemaGrammar.Compile(schema);
            for (int writer = 0; writer < 4; writer++)
            {
                TokenVocabulary vocabulary = writer % 2 == 0 ? Vocabularies.Trained : Vocabularies.Bytes;
                byte[]? text = Writer.Write(grammar, vocabulary, new SeededRandom((ulong)(seed * 10 + writer)), patience: 20 + 40 * writer);
                if (text is null)
                {
                    continue;
                }
                finished++;
                string written = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text);
                using JsonDocument value = JsonDocument.Parse(text);
                Assert.True(PlainValidator.IsValid(schema, schema, value.RootElement), $"seed {seed}: {written} is not valid under {schema}");
                Assert.True(grammar.Accepts(text));
            }
        }
        Assert.True(finished > Schemas * 4 * 0.97, $"only {finished} texts came to an end");
    }

    /// <summary>The reverse: a valid value in the grammar's form can be written, in whatever tokens.</summary>
    [Fact]
    public void Mask_ValidValuesInAnyTokens_AreAccepted()
    {
        for (int seed = 1_000; seed < 1_160; seed++)
        {
            (JsonNode schemaNode, JsonNode? valueNode) = new RandomSchemas(seed).Next(3);
            JsonElement schema = Element(schemaNode);
            JsonElement value = Element(valueNode);
            Assert.True(PlainValidator.IsValid(schema, schema, value), $"seed {seed}: the test's own value {value} is not valid under {schema}");
            string text = PlainValidator.Compact(value);
            Grammar grammar = JsonSchemaGrammar.Compile(schema);
            byte[] utf8 = Encoding.UTF8.GetBytes(text);
            Assert.True(grammar.Accepts(utf8), $"seed {seed}: {text} is not accepted under {schema}");
            List<int> ids = Writer.Cut(Vocabularies.Trained, utf8, new SeededRandom((ulong)seed))!;
            Assert.True(Writer.Takes(grammar, Vocabularies.Trained, ids), $"seed {seed}: {text} in random tokens");
        }
    }

    private static JsonElement Element(JsonNode? node) => JsonDocument.Parse(node?.ToJsonString() ?? "null").RootElement;
}
