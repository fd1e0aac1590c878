using System.Text;
using System.Text.Json;
using Foretell.Tensors;

namespace Foretell.Inference.Tests;

public class GrammarTests
{
    private const string Person = """{"type":"object","properties":{"name":{"type":"string","maxLength":30},"age":{"type":"integer","minimum":0,"maximum":130},"friends":{"type":"array","items":{"$ref":"#"}}},"required":["name","age","friends"]}""";

    /// <summary>Masks by frames and counts against the plainest way there is: each token's bytes, one token at a time.</summary>
    [Theory]
    [InlineData("""{"type":"array","items":{"type":"string","maxLength":5}}""")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":6}""")]
    [InlineData("""{"type":"array","items":{"type":"string","pattern":"^[a-z ]{2,7}$"}}""")]
    [InlineData("""{"anyOf":[{"type":"array","items":{"type":"string","minLength":2}},{"type":"array","items":{"type":"string","maxLength":3}}]}""")]
    [InlineData("""{"type":["object","array","number"]}""")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"string","maxLength":2}}""")]
    public void Mask_AlongRandomTexts_IsExactlyTheTokensWhoseBytesMayFollow(string schema)
    {
        Grammar grammar = JsonSchemaGrammar.Compile(JsonDocument.Parse(schema).RootElement);
        TokenVocabulary vocabulary = Vocabularies.Trained;
        var mask = new ulong[vocabulary.MaskWords];
        for (ulong seed = 0; seed < 6; seed++)
        {
            var random = new SeededRandom(seed);
            ITokenConstraint constraint = grammar.Start(vocabulary);
            for (int step = 0; step < 25 && !constraint.MustEnd; step++)
            {
                constraint.Mask(mask);
                List<int> expected = [.. Enumerable.Range(0, vocabulary.Size).Where(id => vocabulary.IsEnd(id) ? constraint.IsComplete : MayFollow(constraint, id))];
                Assert.Equal(expected, Writer.Ids(mask));
                expected.RemoveAll(vocabulary.IsEnd);
                constraint.Accept(expected[random.NextInt(expected.Count)]);
            }
        }
    }

    /// <summary>States and masks that are forgotten for want of memory change nothing but the time.</summary>
    [Fact]
    public void Mask_WithHardlyAnyMemory_IsTheSame()
    {
        JsonElement schema = JsonDocument.Parse(Person).RootElement;
        Grammar ample = JsonSchemaGrammar.Compile(schema);
        var tight = new Grammar(JsonSchemaGrammar.Expression(schema, new JsonGrammarOptions()), "", memoryLimit: 20_000);
        for (ulong seed = 0; seed < 10; seed++)
        {
            byte[]? text = Writer.Write(ample, Vocabularies.Trained, new SeededRandom(seed));
            Assert.Equal(text, Writer.Write(tight, Vocabularies.Trained, new SeededRandom(seed)));
            Assert.NotNull(text);
        }
        Assert.True(tight.Automaton(Vocabularies.Trained).Bytes < 2_000_000);
    }

    [Fact]
    public void Start_ManyRequestsOnManyThreads_WriteWhatTheyWriteAlone()
    {
        JsonElement schema = JsonDocument.Parse(Person).RootElement;
        Grammar alone = JsonSchemaGrammar.Compile(schema);
        byte[]?[] expected = [.. Enumerable.Range(0, 24).Select(seed => Writer.Write(alone, Vocabularies.Trained, new SeededRandom((ulong)seed)))];
        Grammar shared = JsonSchemaGrammar.Compile(schema);
        var written = new byte[]?[expected.Length];
        Parallel.For(0, written.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, seed => written[seed] = Writer.Write(shared, Vocabularies.Trained, new SeededRandom((ulong)seed)));
        Assert.Equal(expected, written);
    }

    [Fact]
    public void Mask_ANestingModel_StopsAtTheMaximumDepth()
    {
        Grammar grammar = JsonSchemaGrammar.Compile(JsonDocument.Parse("{}").RootElement, new JsonGrammarOptions { MaximumDepth = 5 });
        Assert.True(grammar.Accepts("[[[[[]]]]]"u8));
        Assert.False(grammar.Accepts("[[[[[[]]]]]]"u8));
        Assert.True(JsonSchemaGrammar.AnyObject().Accepts(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"\":", 63)) + "{}" + new string('}', 63))));
        ITokenConstraint constraint = JsonSchemaGrammar.Compile(JsonDocument.Parse("{}").RootElement).Start(Vocabularies.Bytes);
        var mask = new ulong[Vocabularies.Bytes.MaskWords];
        int depth = 0;
        for (; depth < 100; depth++)
        {
            constraint.Mask(mask);
            if (!Writer.Ids(mask).Contains('['))
            {
                break;
            }
            constraint.Accept('[');
        }
        Assert.Equal(64, depth);
    }

    [Fact]
    public void Mask_AVocabularyWithoutTheBytes_SaysSo()
    {
        var vocabulary = new TokenVocabulary([null, "a"u8.ToArray(), "b"u8.ToArray()], [0]);
        ITokenConstraint constraint = ChoiceGrammar.Compile(["abc"]).Start(vocabulary);
        constraint.Accept(1);
        constraint.Accept(2);
        Assert.Contains("single bytes", Assert.Throws<InvalidOperationException>(() => constraint.Mask(new ulong[1])).Message);
        Assert.Contains("end-of-text id 7", Assert.Throws<ArgumentException>(() => new TokenVocabulary([null], [7])).Message);
    }

    /// <summary>Tokenizers may know more ids than a model has scores for.</summary>
    [Theory]
    [InlineData("""{"type":"string"}""")]
    [InlineData("""{"enum":["a"]}""")]
    public void Mask_IntoFewerOrMoreBits_IsTheSameAsFarAsItGoes(string schema)
    {
        ITokenConstraint constraint = JsonSchemaGrammar.Compile(JsonDocument.Parse(schema).RootElement).Start(Vocabularies.Trained);
        constraint.Accept(Vocabularies.TrainedByte((byte)'"'));
        var whole = new ulong[Vocabularies.Trained.MaskWords];
        constraint.Mask(whole);
        var few = new ulong[2];
        constraint.Mask(few);
        Assert.Equal(whole[..2], few);
        ulong[] many = [.. Enumerable.Repeat(ulong.MaxValue, whole.Length + 3)];
        constraint.Mask(many);
        Assert.Equal([.. whole, 0ul, 0ul, 0ul], many);
    }

    /// <summary>A pattern made to make automata explode costs a refusal, not the process.</summary>
    [Theory]
    [InlineData("(?:a|b)*a(?:a|b){3000}")]
    [InlineData("(?:(?:a?){50}){50}a{50}")]
    [InlineData("((((a*)*)*)*)*b")]
    [InlineData("(?:.*,){30}P")]
    public void Mask_HostilePatterns_AnswerOrRefuseInBoundedTime(string pattern)
    {
        Grammar grammar = RegexGrammar.Compile(pattern);
        ITokenConstraint constraint = grammar.Start(Vocabularies.Trained);
        var mask = new ulong[Vocabularies.Trained.MaskWords];
        try
        {
            for (int step = 0; step < 40; step++)
            {
                constraint.Mask(mask);
                int next = Vocabularies.TrainedByte("ab,"u8[step % 3]);
                constraint.Accept(Writer.IsAllowed(mask, next) ? next : Writer.Ids(mask)[0]);
                if (constraint.MustEnd)
                {
                    break;
                }
            }
        }
        catch (GrammarException error)
        {
            Assert.Matches("ambiguous|MiB|nested", error.Message);
        }
    }

    [Fact]
    public void Compile_ManyOptionalPropertiesAndLongPatterns_FitAThreadsStack()
    {
        string members = string.Join(',', Enumerable.Range(0, 1_000).Select(n => $"\"p{n}\":{{\"type\":\"integer\"}}"));
        using JsonDocument schema = JsonDocument.Parse($"{{\"type\":\"object\",\"properties\":{{{members}}}}}");
        bool isAccepted = false;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Grammar grammar = JsonSchemaGrammar.Compile(schema.RootElement);
                isAccepted = grammar.Accepts("{\"p3\":1, \"p998\":2}"u8) && !grammar.Accepts("{\"p998\":1, \"p3\":2}"u8);
                RegexGrammar.Compile(string.Concat(Enumerable.Repeat("a?", 2_000))).Accepts("aaa"u8);
            }
            catch (GrammarException refusal) when (refusal.Message.Contains("nested", StringComparison.Ordinal) && isAccepted)
            {
                // The pattern may be refused on a small stack; the schema must not be.
            }
            catch (Exception error)
            {
                failure = error;
            }
        }, 1 << 20);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
        Assert.True(isAccepted);
    }

    [Theory]
    [InlineData("llama3.1")]
    [InlineData("qwen3")]
    public void Mask_PublishedVocabularies_WhatComesOutIsValid(string name)
    {
        TokenVocabulary vocabulary = Vocabularies.Published(name);
        JsonElement schema = JsonDocument.Parse(GrammarBenchmark.Schema).RootElement;
        Grammar grammar = JsonSchemaGrammar.Compile(schema);
        for (ulong seed = 0; seed < 6; seed++)
        {
            byte[] text = Writer.Write(grammar, vocabulary, new SeededRandom(seed), patience: 60)!;
            using JsonDocument value = JsonDocument.Parse(text);
            Assert.True(PlainValidator.IsValid(schema, schema, value.RootElement), Encoding.UTF8.GetString(text));
        }
    }

    private static bool MayFollow(ITokenConstraint constraint, int id)
    {
        try
        {
            constraint.Fork().Accept(id);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
