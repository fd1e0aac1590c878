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
        var json = new Option<bool>("--json") { Description = "Print text, ids and finishReason (stop, length, contextFull) as JSON, with --think also thinkingTokens, instead of streaming the text." };
        var sampling = new SamplingArguments(maximumTokens: 256);
        var thinking = new ThinkingArguments();
        var device = new DeviceOptions(DType.Float32);
        var command = new Command("generate", "Continue a text. Example: foretell generate runs/novels --prompt \"It was\" --max-tokens 100 --temperature 0.7") { model, prompt, json };
        thinking.AddTo(command);
        sampling.AddTo(command);
        device.AddTo(command);
        command.SetAction(result =>
        {
            SamplingOptions options = sampling.Read(result);
            string text = result.GetValue(prompt)!;
            ThinkingOptions? thoughts = thinking.Read(result, text);
            using LoadedModel loaded = LoadedModel.Open(result.GetValue(model)!, () => device.Create(result));
            var generator = new TextGenerator(loaded.Transformer, loaded.Tokenizer, loaded.EndIds);
            int[] ids = loaded.Prompt(text);
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            if (result.GetValue(json))
            {
                Generation generation = generator.Generate(ids, options, thinking: thoughts, cancellation: cancellation);
                var answer = new JsonObject
                {
                    ["text"] = generation.Text,
                    ["ids"] = JsonText.Array(generation.Ids),
                    ["finishReason"] = JsonNamingPolicy.CamelCase.ConvertName(generation.Reason.ToString()),
                    ["promptIds"] = JsonText.Array(ids),
                };
                if (thoughts is not null)
                {
                    answer["thinkingTokens"] = generation.ThinkingTokens;
                }
                JsonText.Print(answer);
                return;
            }
            Stream(generator, text, ids, options, thoughts, cancellation);
        });
        return command;
    }

    /// <summary>The prompt, as soon as the model can go on from it, and behind it the text as it comes.</summary>
    private static void Stream(TextGenerator generator, string prompt, int[] ids, SamplingOptions options, ThinkingOptions? thinking, CancellationToken cancellation)
    {
        string before = prompt;
        try
        {
            generator.Generate(ids, options, Write, thinking, cancellation);
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
