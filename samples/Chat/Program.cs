using Foretell.Assistant;
using Microsoft.Extensions.AI;

using IChatClient client = ForetellChatClient.Load(args.Length > 0 ? args[0] : throw new ArgumentException("usage: dotnet run --project samples/Chat MODEL (a Hugging Face folder or a GGUF file)"));
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

static string? Prompt()
{
    Console.Write("> ");
    return Console.ReadLine();
}
