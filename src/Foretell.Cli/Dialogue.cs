using Foretell.Inference;
using Foretell.Tokenizers;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Foretell.Cli;

/// <summary>A conversation in turns with a model that has learned to answer.</summary>
/// <param name="client">Renders the turns by the model's chat template.</param>
/// <param name="options">How answers are drawn; each has a seed of its own, counted up.</param>
internal sealed class Dialogue(IChatClient client, ChatOptions options) : IConversation
{
    private readonly List<ChatMessage> _messages = [];
    private string _instructions = options.Instructions ?? "";
    private long _turn;

    public string Greeting => "/system TEXT says how to answer, /reset starts over, /exit ends. Ctrl-C stops an answer.";

    public void Reset() => _messages.Clear();

    public string Instruct(string instructions)
    {
        _instructions = instructions;
        Reset();
        return instructions.Length > 0 ? "(started over with these instructions)" : "(started over without instructions)";
    }

    public void Continue(string line, Action<string> write, CancellationToken cancellation)
    {
        _messages.Add(new ChatMessage(ChatRole.User, line));
        try
        {
            AnswerAsync(write, cancellation).GetAwaiter().GetResult();
        }
        catch (ContextFullException full) when (_messages.Count > 1)
        {
            write(FormattableString.Invariant($"(the model's context of {full.ContextLength} tokens is full; starting over from this line)\n"));
            Reset();
            Continue(line, write, cancellation);
        }
        catch (ContextFullException full)
        {
            write(FormattableString.Invariant($"(this line makes {full.PromptTokens} tokens, and the model's context has only {full.ContextLength}; it was left out)\n"));
            Reset();
        }
        catch (ChatTemplateException refusal) when (refusal.IsRefusal)
        {
            write($"({refusal.Message})\n");
            _messages.RemoveAt(_messages.Count - 1);
        }
    }

    private async Task AnswerAsync(Action<string> write, CancellationToken cancellation)
    {
        var answer = new List<ChatResponseUpdate>();
        var shown = new AnswerWriter(write);
        ChatOptions turn = options.Clone();
        turn.Instructions = _instructions.Length > 0 ? _instructions : null;
        turn.Seed = options.Seed + _turn++;
        string notice = "";
        try
        {
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(_messages, turn, cancellation).ConfigureAwait(false))
            {
                answer.Add(update);
                shown.Write(update);
            }
            if (answer[^1].FinishReason == ChatFinishReason.Length)
            {
                notice = "(cut short)\n";
            }
        }
        catch (OperationCanceledException)
        {
            notice = "(stopped)\n";
        }
        shown.End(notice);
        if (answer.Count > 0)
        {
            _messages.AddMessages(answer);
        }
    }

    /// <summary>Shows reasoning in brackets, and ends with a line break.</summary>
    private sealed class AnswerWriter(Action<string> write)
    {
        private bool _reasoning;
        private bool _atLineStart = true;

        public void Write(ChatResponseUpdate update)
        {
            foreach (AIContent content in update.Contents)
            {
                switch (content)
                {
                    case TextReasoningContent thought:
                        Put(_reasoning ? thought.Text : "(thinking: " + thought.Text);
                        _reasoning = true;
                        break;
                    case TextContent text:
                        EndReasoning();
                        Put(text.Text);
                        break;
                }
            }
        }

        public void End(string notice)
        {
            EndReasoning();
            write(_atLineStart ? notice : "\n" + notice);
        }

        private void EndReasoning()
        {
            if (_reasoning)
            {
                Put(")\n");
                _reasoning = false;
            }
        }

        private void Put(string text)
        {
            write(text);
            _atLineStart = text.Length > 0 ? text[^1] == '\n' : _atLineStart;
        }
    }
}
