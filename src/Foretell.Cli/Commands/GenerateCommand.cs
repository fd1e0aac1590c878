using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Inference;
using Foretell.Tensors;

namespace Foretell.Cli.Commands;

/// <summary>foretell generate: a text continued by a model.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        Argument<string> model = LoadedModel.Argument();
        var prompt = new Option<string>("--prompt") { Description = "The text to continue; empty begins a text.", DefaultValueFactory = _ => "" };
        var json = new Option<bool>("--json") { Description = "Print text, ids and finishReason (stop, length, contextFull) as JSON instead of streaming the text." };
        var sampling = new SamplingArguments(maximumTokens: 256);
        var device = new DeviceOptions(DType.Float32);
        var command = new Command("generate", "Continue a text. Example: foretell generate runs/novels --prompt \"It was\" --max-tokens 100 --temperature 0.7") { model, prompt, json };
        sampling.AddTo(command);
        device.AddTo(command);
        command.SetAction(result =>
        {
            SamplingOptions options = sampling.Read(result);
            using LoadedModel loaded = LoadedModel.Open(result.GetValue(model)!, () => device.Create(result));
            var generator = new TextGenerator(loaded.Transformer, loaded.Tokenizer, loaded.EndIds);
            int[] ids = loaded.Prompt(result.GetValue(prompt)!);
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            if (result.GetValue(json))
            {
                Generation generation = generator.Generate(ids, options, cancellation: cancellation);
                JsonText.Print(new JsonObject
                {
                    ["text"] = generation.Text,
                    ["ids"] = JsonText.Array(generation.Ids),
                    ["finishReason"] = JsonNamingPolicy.CamelCase.ConvertName(generation.Reason.ToString()),
                    ["promptIds"] = JsonText.Array(ids),
                });
                return;
            }
            Stream(generator, result.GetValue(prompt)!, ids, options, cancellation);
        });
        return command;
    }

    /// <summary>The prompt, as soon as the model can go on from it, and behind it the text as it comes.</summary>
    private static void Stream(TextGenerator generator, string prompt, int[] ids, SamplingOptions options, CancellationToken cancellation)
    {
        string before = prompt;
        try
        {
            generator.Generate(ids, options, Write, cancellation);
            Write("\n");
        }
        catch (OperationCanceledException)
        {
            Write("\n");
            throw;
        }

        void Write(string piece)
        {
            Console.Write(before + piece);
            before = "";
        }
    }
}
