using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Foretell.Evaluation;

namespace Foretell.Cli.Commands;

/// <summary>foretell evaluate: how well a model foretells a text, or how well it reasons.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        Argument<string> model = LoadedModel.Argument();
        var text = new Option<string>("--text") { Description = "A file of any bytes, taken as one text." };
        var json = new Option<bool>("--json") { Description = "Print bitsPerByte, nats (of the whole text), tokens, bytes, natsPerToken and perplexity as JSON; of environments, the scores." };
        var doubt = new Option<bool>("--doubt") { Description = "Asks questions of the little world with an answer, without one and with two readings (--problems of them), and measures what the model knows that it does not know; --samples adds confidence by agreement." };
        var reasoning = new ReasoningArguments();
        var device = new DeviceOptions();
        var command = new Command("evaluate", "Measure how well a model foretells a text, in bits per byte, or how well it answers an environment's held-out problems, at several budgets of thought and by vote. Example: foretell evaluate runs/novels --text emma.txt --json, or foretell evaluate runs/sft --environment arithmetic:2,clock --budget 0,32,64 --samples 8") { model, text, json, doubt };
        reasoning.AddTo(command);
        device.AddTo(command);
        command.SetAction(result =>
        {
            bool reasons = reasoning.IsAsked(result);
            if ((reasons ? 1 : 0) + (result.GetValue(text) is null ? 0 : 1) + (result.GetValue(doubt) ? 1 : 0) != 1)
            {
                throw new FormatException("evaluate: wanted one of --text FILE, --environment NAMES and --doubt; try foretell evaluate --help.");
            }
            if (result.GetValue(doubt))
            {
                DoubtMeasurement.Run(result.GetValue(model)!, reasoning.ReadDoubt(result), result.GetValue(json), () => device.Create(result));
                return;
            }
            if (reasons)
            {
                ReasoningMeasurement.Run(result.GetValue(model)!, reasoning.Read(result), result.GetValue(json), () => device.Create(result));
                return;
            }
            string path = result.GetValue(text)!;
            InputBytes.RequireFile(path);
            using FileStream stream = File.OpenRead(path);
            if (stream.Length == 0)
            {
                throw new InvalidDataException($"{path} is empty (0 bytes); there is nothing to foretell.");
            }
            using LoadedModel loaded = LoadedModel.Open(result.GetValue(model)!, () => device.Create(result));
            var evaluator = new LanguageModelEvaluator(new TransformerPredictor(loaded.Transformer, loaded.Tokenizer), loaded.Tokenizer);
            long began = Stopwatch.GetTimestamp();
            LanguageModelScore score;
            using (var status = new StatusLine())
            {
                score = evaluator.Evaluate(stream, new Progress(status, stream.Length, began), CommandLine.CancelOnInterrupt());
            }
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonObject
                {
                    ["bitsPerByte"] = JsonText.Number(score.BitsPerByte),
                    ["nats"] = JsonText.Number(score.Nats),
                    ["tokens"] = score.Tokens,
                    ["bytes"] = score.Bytes,
                    ["natsPerToken"] = JsonText.Number(score.NatsPerToken),
                    ["perplexity"] = JsonText.Number(score.Perplexity),
                    ["seconds"] = JsonText.Number(seconds, 3),
                });
                return;
            }
            Console.WriteLine(FormattableString.Invariant($"{score.BitsPerByte:F4} bits per byte, {score.NatsPerToken:F4} nats per token (perplexity {score.Perplexity:F2}): {score.Nats:F1} nats over {score.Tokens:N0} tokens, {score.Bytes:N0} bytes, in {seconds:F1} s"));
        });
        return command;
    }

    private sealed class Progress(StatusLine status, long length, long began) : IProgress<LanguageModelScore>
    {
        public void Report(LanguageModelScore value) => status.Show(() =>
            FormattableString.Invariant($"{value.Bytes / (double)length:P0}  {value.BitsPerByte:F4} bits per byte  {StatusLine.Remaining(Stopwatch.GetElapsedTime(began), value.Bytes, length)}"));
    }
}
