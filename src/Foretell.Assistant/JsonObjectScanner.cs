namespace Foretell.Assistant;

/// <summary>Finds where a JSON object ends in a text that comes in pieces. Beginning value: default, before the opening brace.</summary>
internal struct JsonObjectScanner
{
    private int _depth;
    private bool _inString;
    private bool _isEscaped;

    /// <summary>Takes the next piece; the place in it behind the object's closing brace, or -1 when that has not come yet.</summary>
    public int Find(ReadOnlySpan<char> piece)
    {
        for (int i = 0; i < piece.Length; i++)
        {
            char next = piece[i];
            if (_isEscaped)
            {
                _isEscaped = false;
            }
            else if (next == '\\' && _inString)
            {
                _isEscaped = true;
            }
            else if (next == '"')
            {
                _inString = !_inString;
            }
            else if (!_inString && next is ('{' or '['))
            {
                _depth++;
            }
            else if (!_inString && next is ('}' or ']') && --_depth == 0)
            {
                return i + 1;
            }
        }
        return -1;
    }
}
