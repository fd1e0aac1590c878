using System.CommandLine;
using Foretell.Inference;
using Foretell.Tensors;

namespace Foretell.Cli.Commands;

/// <summary>foretell chat: writing a text together with a model, line by line, in the terminal or through a pipe.</summary>
internal static class ChatCommand
{
    public static Command Create()
    {
        Argument<string> model = LoadedModel.Argument();
        var sampling = new SamplingArguments(maximumTokens: 128);
        var device = new DeviceOptions(DType.Float32);
        var command = new Command("chat", "Write with a model: it continues what was written so far. Ctrl-C stops an answer, /reset starts over, /exit ends. Example: foretell chat runs/novels --temperature 0.7") { model };
        sampling.AddTo(command);
        device.AddTo(command);
        command.SetAction(result =>
        {
            SamplingOptions options = sampling.Read(result);
            using LoadedModel loaded = LoadedModel.Open(result.GetValue(model)!, () => device.Create(result));
            Console.WriteLine("This model has not learned to answer: it continues the text so far, your lines and its own. /reset starts over, /exit ends.");
            Talk(new Conversation(loaded, options));
        });
        return command;
    }

    public static void Talk(Conversation conversation)
    {
        CancellationTokenSource? answer = null;
        // Between answers Ctrl-C ends the program, as everywhere.
        Console.CancelKeyPress += (_, pressed) =>
        {
            CancellationTokenSource? running = answer;
            pressed.Cancel = running is not null;
            running?.Cancel();
        };
        while (true)
        {
            if (!Console.IsInputRedirected)
            {
                Console.Write("> ");
            }
            switch (Console.ReadLine())
            {
                case null or "/exit":
                    return;
                case "/reset":
                    conversation.Reset();
                    Console.WriteLine("(started over)");
                    break;
                case string line:
                    using (var stop = new CancellationTokenSource())
                    {
                        answer = stop;
                        conversation.Continue(line, Console.Write, stop.Token);
                        answer = null;
                    }
                    break;
            }
        }
    }
}
