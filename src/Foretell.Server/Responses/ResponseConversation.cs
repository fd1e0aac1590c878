using System.Text.Json.Nodes;
using Foretell.Server.Wire;
using Foretell.Tokenizers;

namespace Foretell.Server.Responses;

/// <summary>Makes messages of items: what the assistant thought, said and called in a row is one message, as chat templates know it.</summary>
internal sealed class ResponseConversation
{
    private readonly List<ChatMessage> _messages = [];
    private readonly Dictionary<string, string> _toolNames = new(StringComparer.Ordinal);
    private string? _reasoning;
    private string? _said;
    private List<ChatToolCall> _calls = [];

    public void Add(string role, string text)
    {
        if (role == "assistant")
        {
            if (_calls.Count > 0)
            {
                EndTurn();
            }
            _said += text;
            return;
        }
        EndTurn();
        _messages.Add(new ChatMessage(role == "developer" ? "system" : role, text));
    }

    /// <summary>Adds items in the form in which they are kept.</summary>
    public void AddAll(JsonArray items)
    {
        foreach (JsonNode? item in items)
        {
            switch ((string?)item!["type"])
            {
                case "message":
                    Add((string)item["role"]!, TextOf(item["content"]!.AsArray()));
                    break;
                case "reasoning":
                    _reasoning += TextOf(item["content"]?.AsArray() ?? []);
                    break;
                case "function_call":
                    string id = (string)item["call_id"]!;
                    _toolNames[id] = (string)item["name"]!;
                    _calls.Add(MessageWire.Call(_toolNames[id], (string)item["arguments"]!, id));
                    break;
                case "function_call_output":
                    EndTurn();
                    string called = (string)item["call_id"]!;
                    _messages.Add(new ChatMessage("tool", (string)item["output"]!) { ToolCallId = called, Name = _toolNames.GetValueOrDefault(called) });
                    break;
            }
        }
    }

    /// <summary>All that was added.</summary>
    public List<ChatMessage> Messages()
    {
        EndTurn();
        return _messages;
    }

    private void EndTurn()
    {
        if (_said is not null || _calls.Count > 0)
        {
            _messages.Add(new ChatMessage("assistant", _said) { ToolCalls = _calls, ReasoningContent = string.IsNullOrEmpty(_reasoning) ? null : _reasoning });
        }
        (_said, _reasoning, _calls) = (null, null, []);
    }

    private static string TextOf(JsonArray parts) => string.Concat(parts.Select(part => (string?)part?["text"] ?? (string?)part?["refusal"]));
}
