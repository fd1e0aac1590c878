using System.Text;
using Foretell.Inference;

namespace Foretell.Cli;

/// <summary>A text that a person and a base model write in turns, all of it in one context.</summary>
internal sealed class Conversation(LoadedModel model, SamplingOptions options) : IConversation
{
    private readonly TextGenerator _generator = new(model.Transformer, model.Tokenizer, model.EndIds);
    private readonly int _context = model.Transformer.Config.ContextLength;
    private readonly List<int> _ids = [];
    private ulong _turn;

    public string Greeting => "This model has not learned to answer: it continues the text so far, your lines and its own. /reset starts over, /exit ends.";

    public void Reset() => _ids.Clear();

    public string Instruct(string instructions) => "(this model has not learned to follow instructions: it only continues the text so far)";

    /// <inheritdoc/>
    public void Continue(string line, Action<string> write, CancellationToken cancellation)
    {
        int[] added = model.Tokenizer.Encode(_ids.Count > 0 ? "\n" + line : line);
        if (_ids.Count > 0 && _ids.Count + added.Length >= _context)
        {
            write(FormattableString.Invariant($"(the model's context of {_context} tokens is full; starting over from this line)\n"));
            Reset();
        }
        int before = _ids.Count;
        _ids.AddRange(before == 0 ? Beginning(line) : added);
        if (_ids.Count >= _context)
        {
            write(FormattableString.Invariant($"(this line has {_ids.Count} tokens, and the model's context only {_context}; it was left out)\n"));
            _ids.RemoveRange(before, _ids.Count - before);
            return;
        }
        var answer = new StringBuilder();
        string notice = "";
        try
        {
            Generation generation = _generator.Generate(_ids.ToArray(), options with { Seed = options.Seed + _turn++ }, Emit, cancellation: cancellation);
            _ids.AddRange(generation.Ids);
            if (generation.Reason == FinishReason.ContextFull)
            {
                notice = FormattableString.Invariant($"(the model's context of {_context} tokens is full; the next line starts over)\n");
                Reset();
            }
        }
        catch (OperationCanceledException)
        {
            _ids.AddRange(model.Tokenizer.Encode(answer.ToString()));
            notice = "(stopped)\n";
        }
        if (answer.Length == 0 || answer[^1] != '\n')
        {
            write("\n");
        }
        write(notice);

        void Emit(string piece)
        {
            answer.Append(piece);
            write(piece);
        }
    }

    /// <summary>The first line, behind the token that stood before every document in training.</summary>
    private int[] Beginning(string line) => model.Tokenizer.BeginOfTextId is null && model.Tokenizer.EndOfTextId is int end && line.Length > 0
        ? [end, .. model.Tokenizer.Encode(line)]
        : model.Prompt(line);
}
