using System.Text;
using Foretell.Assistant;
using Foretell.Inference;

namespace Foretell.Server.Wire;

/// <summary>One answer of a chat completion, put together piece by piece.</summary>
internal sealed class ChatChoice
{
    private readonly StringBuilder _content = new();
    private readonly StringBuilder _reasoning = new();
    private readonly List<ChatCall> _calls = [];
    private readonly List<TokenLogProbability> _logProbabilities = [];

    public string Content => _content.ToString();

    public string Reasoning => _reasoning.ToString();

    public IReadOnlyList<ChatCall> Calls => _calls;

    public IReadOnlyList<TokenLogProbability> LogProbabilities => _logProbabilities;

    /// <summary>Why it ended; null while it is being written.</summary>
    public FinishReason? Reason { get; private set; }

    /// <summary>Why it ended, as the API says it.</summary>
    public string? FinishReason => Reason switch
    {
        null => null,
        Inference.FinishReason.Stop => _calls.Count > 0 ? "tool_calls" : "stop",
        _ => "length",
    };

    /// <summary>Takes a part of the answer.</summary>
    /// <param name="newCall">Names a call that begins.</param>
    public void Add(AnswerPart part, Func<string> newCall)
    {
        switch (part)
        {
            case AnswerPart.Text text:
                _content.Append(text.Piece);
                break;
            case AnswerPart.Reasoning reasoning:
                _reasoning.Append(reasoning.Piece);
                break;
            case AnswerPart.ToolCallStart start:
                _calls.Add(new ChatCall(newCall(), start.Name));
                break;
            case AnswerPart.ToolCallArguments arguments:
                _calls[^1].Arguments.Append(arguments.Piece);
                break;
        }
    }

    public void Add(TokenLogProbability token) => _logProbabilities.Add(token);

    public void End(FinishReason reason) => Reason = reason;
}

/// <summary>A call of a tool that an answer makes.</summary>
internal sealed record ChatCall(string Id, string Name)
{
    /// <summary>JSON, cut short where the answer was.</summary>
    public StringBuilder Arguments { get; } = new();
}
