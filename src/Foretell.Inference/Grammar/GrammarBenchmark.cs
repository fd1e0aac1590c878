using System.Diagnostics;
using System.Numerics;
using System.Text.Json;
using Foretell.Tensors;

namespace Foretell.Inference;

/// <summary>What constrained output costs beside the model: texts under a schema are written with tokens drawn evenly from those allowed.</summary>
public static class GrammarBenchmark
{
    private const int TokensOfText = 300;

    /// <summary>The schema that is measured where none is given: strings with and without conditions, numbers, lists, and a reference to itself.</summary>
    public const string Schema = """
        {"type":"object","properties":{"name":{"type":"string"},"summary":{"type":"string","maxLength":400},"when":{"type":"string","format":"date-time"},
        "age":{"type":"integer","minimum":0,"maximum":150},"score":{"type":"number"},"mood":{"enum":["glad","sad","neither"]},
        "tags":{"type":"array","items":{"type":"string","pattern":"^[a-z ]{1,40}$"},"maxItems":5},
        "friends":{"type":"array","items":{"$ref":"#"},"maxItems":3}},"required":["name","summary","when","age","score","mood","tags","friends"],"additionalProperties":false}
        """;

    /// <param name="Tokens">Tokens written.</param>
    /// <param name="CompileMilliseconds">From the schema's JSON to the grammar.</param>
    /// <param name="FirstTextMicroseconds">Mean cost a token of the first text, which finds the masks.</param>
    /// <param name="MeanMicroseconds">Mean cost a token of all texts, the first included.</param>
    /// <param name="MedianMicroseconds">Median cost of a token.</param>
    /// <param name="NinetyNinthMicroseconds">99 of 100 tokens cost less.</param>
    /// <param name="LongestMilliseconds">The dearest token.</param>
    /// <param name="Bytes">Memory of states and masks in the end.</param>
    public sealed record Measurement(int Tokens, double CompileMilliseconds, double FirstTextMicroseconds, double MeanMicroseconds, double MedianMicroseconds, double NinetyNinthMicroseconds, double LongestMilliseconds, long Bytes);

    /// <summary>Writes <paramref name="texts"/> texts of up to 300 tokens and measures masks and acceptance, without the draw.</summary>
    /// <exception cref="GrammarException">The schema can't be used.</exception>
    public static Measurement Run(TokenVocabulary vocabulary, JsonElement schema, int texts, ulong seed, CancellationToken cancellation = default)
    {
        // Once for the runtime's own compiler, once to measure.
        JsonSchemaGrammar.Compile(schema);
        long began = Stopwatch.GetTimestamp();
        Grammar grammar = JsonSchemaGrammar.Compile(schema);
        double compile = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        var random = new SeededRandom(seed);
        var mask = new ulong[vocabulary.MaskWords];
        var costs = new List<double>();
        double first = 0;
        for (int text = 0; text < texts; text++)
        {
            cancellation.ThrowIfCancellationRequested();
            ITokenConstraint constraint = grammar.Start(vocabulary);
            for (int step = 0; step < TokensOfText && !constraint.MustEnd; step++)
            {
                began = Stopwatch.GetTimestamp();
                constraint.Mask(mask);
                double cost = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
                int id = Draw(mask, vocabulary, ref random);
                if (vocabulary.IsEnd(id))
                {
                    break;
                }
                began = Stopwatch.GetTimestamp();
                constraint.Accept(id);
                costs.Add(cost + Stopwatch.GetElapsedTime(began).TotalMicroseconds);
            }
            first = text == 0 ? costs.Average() : first;
        }
        double[] sorted = [.. costs.Order()];
        return new Measurement(sorted.Length, compile, first, sorted.Average(), sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)], sorted[^1] / 1e3, grammar.Automaton(vocabulary).Bytes);
    }

    /// <summary>An allowed token; one that closes something every few times, or texts would hardly end.</summary>
    private static int Draw(ReadOnlySpan<ulong> mask, TokenVocabulary vocabulary, ref SeededRandom random)
    {
        int count = 0;
        foreach (ulong word in mask)
        {
            count += BitOperations.PopCount(word);
        }
        bool closes = random.NextInt(12) == 0;
        int chosen = random.NextInt(count);
        int at = 0;
        int picked = -1;
        for (int index = 0; index < mask.Length; index++)
        {
            for (ulong word = mask[index]; word != 0; word &= word - 1, at++)
            {
                int id = index * 64 + BitOperations.TrailingZeroCount(word);
                if (closes && vocabulary.Bytes(id) is [(byte)'"' or (byte)']' or (byte)'}'])
                {
                    return id;
                }
                picked = at == chosen ? id : picked;
            }
        }
        return picked;
    }
}
