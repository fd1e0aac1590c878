using System.CommandLine;
using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Tensors;
using Microsoft.Extensions.AI;

namespace Foretell.Cli.Commands;

/// <summary>foretell chat: talking with a model, line by line, in the terminal or through a pipe.</summary>
internal static class ChatCommand
{
    public static Command Create()
    {
        Argument<string> model = LoadedModel.Argument();
        var sampling = new SamplingArguments(maximumTokens: 128);
        var device = new DeviceOptions(DType.Float32);
        var system = new Option<string?>("--system") { Description = "What a model that has learned to answer is told before all else." };
        var thinking = new ThinkingArguments();
        var hidden = new Option<bool>("--hide-thinking") { Description = "Shows the answer alone; the model thinks all the same." };
        var command = new Command("chat", "Talk with a model in the terminal. One with a chat template answers in turns; any other continues what was written so far. Ctrl-C stops an answer, /reset starts over, /exit ends. Example: foretell chat runs/novels --temperature 0.7 --think 200") { model, system, hidden };
        thinking.AddTo(command);
        sampling.AddTo(command);
        device.AddTo(command);
        command.SetAction(result =>
        {
            SamplingOptions options = sampling.Read(result);
            _ = thinking.Budget(result);
            using LoadedModel loaded = LoadedModel.Open(result.GetValue(model)!, () => device.Create(result));
            if (loaded.Pretrained.ChatTemplate is null)
            {
                Talk(new Conversation(loaded, options));
                return;
            }
            using ForetellModel served = ForetellModel.Over(loaded.Pretrained, Path.GetFileName(loaded.Folder), new ForetellOptions { Engine = new EngineOptions { MaximumSequences = 1 } });
            using var client = new ForetellChatClient(served);
            ChatOptions turns = sampling.ReadChat(result);
            turns.Instructions = result.GetValue(system);
            thinking.Apply(result, turns);
            turns.Reasoning = result.GetValue(hidden) ? new ReasoningOptions { Output = ReasoningOutput.None } : null;
            Talk(new Dialogue(client, turns));
        });
        return command;
    }

    public static void Talk(IConversation conversation)
    {
        Console.WriteLine(conversation.Greeting);
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
                case string line when line == "/system" || line.StartsWith("/system ", StringComparison.Ordinal):
                    Console.WriteLine(conversation.Instruct(line["/system".Length..].Trim()));
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
