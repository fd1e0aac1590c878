using Foretell.Assistant;
using Microsoft.Extensions.AI;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: dotnet run --project samples/Chat MODEL (a Hugging Face folder or a GGUF file)");
    return 2;
}
using IChatClient client = ForetellChatClient.Load(args[0]);
var conversation = new List<ChatMessage>();
while (Prompt() is string line)
{
    conversation.Add(new ChatMessage(ChatRole.User, line));
    var answer = new List<ChatResponseUpdate>();
    await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(conversation))
    {
        Console.Write(update.Text);
        answer.Add(update);
    }
    conversation.AddMessages(answer);
    Console.WriteLine();
}
return 0;

static string? Prompt()
{
    Console.Write("> ");
    return Console.ReadLine();
}
