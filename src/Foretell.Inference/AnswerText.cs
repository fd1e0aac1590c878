using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>The text of an answer, token by token; some tokenizers begin a text's first word with a space that is not part of it.</summary>
internal sealed class AnswerText
{
    private readonly Tokenizer _tokenizer;
    private readonly TextStream _stream;
    private bool _beginsText;

    public AnswerText(Tokenizer tokenizer, ReadOnlySpan<int> prompt, IReadOnlyList<string> stopStrings)
    {
        _tokenizer = tokenizer;
        _stream = new TextStream(stopStrings);
        _beginsText = true;
        foreach (int id in prompt)
        {
            _beginsText &= tokenizer.IsSpecial(id);
        }
    }

    /// <summary>The stop string that was reached; null before.</summary>
    public string? Stopped => _stream.Stopped;

    /// <summary>Takes a token and returns the text that is now certain.</summary>
    public string Append(int id)
    {
        bool isFirst = _beginsText;
        _beginsText = false;
        return _stream.Append(_tokenizer.IsSpecial(id) ? [] : isFirst ? _tokenizer.DecodeBytes([id]) : _tokenizer.TokenBytes(id));
    }

    /// <summary>Returns all text that was held back.</summary>
    public string Finish() => _stream.Finish();
}
