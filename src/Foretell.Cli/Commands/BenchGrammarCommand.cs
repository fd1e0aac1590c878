using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Inference;
using Foretell.Tokenizers;

namespace Foretell.Cli.Commands;

/// <summary>foretell bench grammar: what constrained output costs beside the model.</summary>
internal static class BenchGrammarCommand
{
    public static Command Create()
    {
        var tokenizerPath = new Option<string>("--tokenizer") { Description = "The tokenizer whose vocabulary is masked: a tokenizer.json or its folder.", Required = true };
        var schemaPath = new Option<string?>("--schema") { Description = "A JSON schema; without it a record with strings, numbers, lists and a reference to itself." };
        var texts = new Option<int>("--texts") { Description = "Texts to write.", DefaultValueFactory = _ => 200 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the tokens drawn.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print the measurements as JSON." };
        var command = new Command("grammar", "Measure the masks of constrained output. Example: foretell bench grammar --tokenizer qwen3/ --json") { tokenizerPath, schemaPath, texts, seed, json };
        command.SetAction(result =>
        {
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            Tokenizer tokenizer = TokenizerFiles.Load(result.GetValue(tokenizerPath)!);
            long began = Stopwatch.GetTimestamp();
            var vocabulary = new TokenVocabulary(tokenizer);
            double vocabularyMilliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            string schema = result.GetValue(schemaPath) is string path ? File.ReadAllText(path) : GrammarBenchmark.Schema;
            GrammarBenchmark.Measurement measured;
            try
            {
                using JsonDocument document = JsonDocument.Parse(schema);
                measured = GrammarBenchmark.Run(vocabulary, document.RootElement, result.GetValue(texts), result.GetValue(seed), cancellation);
            }
            catch (JsonException error)
            {
                throw new FormatException($"The schema is not JSON: {error.Message}");
            }
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonObject
                {
                    ["vocabulary"] = vocabulary.Size,
                    ["vocabularyMilliseconds"] = JsonText.Number(vocabularyMilliseconds, 1),
                    ["tokens"] = measured.Tokens,
                    ["compileMilliseconds"] = JsonText.Number(measured.CompileMilliseconds, 2),
                    ["firstTextMicrosecondsPerToken"] = JsonText.Number(measured.FirstTextMicroseconds, 1),
                    ["meanMicrosecondsPerToken"] = JsonText.Number(measured.MeanMicroseconds, 1),
                    ["medianMicroseconds"] = JsonText.Number(measured.MedianMicroseconds, 2),
                    ["ninetyNinthMicroseconds"] = JsonText.Number(measured.NinetyNinthMicroseconds, 1),
                    ["longestMilliseconds"] = JsonText.Number(measured.LongestMilliseconds, 2),
                    ["bytes"] = measured.Bytes,
                });
                return;
            }
            Console.WriteLine(FormattableString.Invariant($"vocabulary  {vocabulary.Size:N0} ids, tree built in {vocabularyMilliseconds:F0} ms; schema compiled in {measured.CompileMilliseconds:F1} ms"));
            Console.WriteLine(FormattableString.Invariant($"a token     {measured.MeanMicroseconds:F1} us on average of {measured.Tokens:N0}, {measured.MedianMicroseconds:F1} us the median, {measured.NinetyNinthMicroseconds:F1} us the 99th percentile, {measured.LongestMilliseconds:F1} ms at most"));
            Console.WriteLine(FormattableString.Invariant($"first text  {measured.FirstTextMicroseconds:F1} us a token: it finds the masks that later texts reuse ({measured.Bytes / 1e6:F1} MB)"));
        });
        return command;
    }
}
