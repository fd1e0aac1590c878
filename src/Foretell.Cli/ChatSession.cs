using Foretell.Inference;
using Foretell.Models;
using Foretell.Tokenizers;

namespace Foretell.Cli;

/// <summary>A conversation with a base model in the terminal: each line is appended to one text, which the model continues.</summary>
internal static class ChatSession
{
    public static void Run(Transformer model, Tokenizer tokenizer, SamplingOptions options, TextReader input, TextWriter output)
    {
        var generator = new TextGenerator(model, tokenizer);
        List<int> context = [];
        while (true)
        {
            output.Write("> ");
            output.Flush();
            if (input.ReadLine() is not string line || line == "/exit")
            {
                output.WriteLine();
                return;
            }
            if (line == "/reset")
            {
                context.Clear();
                continue;
            }
            if (context.Count == 0 && tokenizer.EndOfTextId is int start)
            {
                context.Add(start);
            }
            context.AddRange(tokenizer.Encode(line));
            if (context.Count == 0)
            {
                continue;
            }
            if (context.Count >= model.Config.ContextLength - 1)
            {
                output.WriteLine($"(The context of {model.Config.ContextLength} tokens is full; starting over.)");
                context.Clear();
                continue;
            }
            Generation answer = generator.Generate([.. context], options, piece =>
            {
                output.Write(piece);
                output.Flush();
            });
            context.AddRange(answer.Ids);
            output.WriteLine(answer.Reason == FinishReason.ContextFull ? $"\n(The context of {model.Config.ContextLength} tokens is full; /reset starts over.)" : "");
        }
    }
}
