using System.Globalization;
using System.Text;

namespace Foretell.Tokenizers.Jinja;

/// <summary>
/// Template text to tokens, with whitespace as Hugging Face's transformers sets Jinja up: the newline after a block is
/// dropped (trim_blocks), so are blanks before a block on its own line (lstrip_blocks), '-' drops all whitespace on its
/// side, '+' keeps it.
/// </summary>
internal sealed class Lexer
{
    private const string Operators = "+-/*%~[](){}><=.:|,;";
    private static readonly string[] LongOperators = ["//", "**", "==", "!=", ">=", "<="];

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private readonly Stack<char> _closing = new();
    private int _position;
    private int _line = 1;
    private int _countedTo;

    private Lexer(string source)
    {
        _source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (_source.EndsWith('\n'))
        {
            _source = _source[..^1];
        }
    }

    /// <exception cref="ChatTemplateException">The text is not a template; the message says where.</exception>
    public static List<Token> Read(string source)
    {
        var lexer = new Lexer(source);
        lexer.ReadTemplate();
        return lexer._tokens;
    }

    private void ReadTemplate()
    {
        bool lineStarts = true;
        while (_position < _source.Length)
        {
            int begin = NextTag(_position);
            if (begin < 0)
            {
                AddData(_source[_position..]);
                _position = _source.Length;
                break;
            }
            string text = _source[_position..begin];
            char kind = _source[begin + 1];
            int after = begin + 2;
            char sign = after < _source.Length && _source[after] is '-' or '+' ? _source[after++] : '\0';
            AddData(Strip(text, sign, kind == '{', lineStarts));
            CountLines(after);
            _position = after;
            switch (kind)
            {
                case '#':
                    SkipComment();
                    break;
                case '%' when ReadRaw():
                    break;
                default:
                    ReadTag(isBlock: kind == '%');
                    break;
            }
            lineStarts = _source[_position - 1] == '\n';
        }
        CountLines(_source.Length);
        Add(TokenKind.End, "");
    }

    private int NextTag(int from)
    {
        for (int index = from; index + 1 < _source.Length; index++)
        {
            index = _source.IndexOf('{', index);
            if (index < 0 || index + 1 >= _source.Length)
            {
                return -1;
            }
            if (_source[index + 1] is '{' or '%' or '#')
            {
                return index;
            }
        }
        return -1;
    }

    private static string Strip(string text, char sign, bool isVariable, bool lineStarts)
    {
        if (sign == '-')
        {
            return PythonText.TrimEnd(text);
        }
        if (sign == '+' || isVariable)
        {
            return text;
        }
        int lineStart = text.LastIndexOf('\n') + 1;
        return (lineStart > 0 || lineStarts) && PythonText.IsBlank(text.AsSpan(lineStart)) ? text[..lineStart] : text;
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Fault("the comment {# isn't closed; expected #}");
        }
        EndTag(end + 2, end > _position ? _source[end - 1] : '\0', trimsNewline: true);
    }

    /// <summary>Reads {% raw %}...{% endraw %} if it stands here.</summary>
    private bool ReadRaw()
    {
        int index = SkipSpace(_position);
        if (!StartsWith(index, "raw") || (index + 3 < _source.Length && IsNamePart(_source[index + 3])))
        {
            return false;
        }
        index = SkipSpace(index + 3);
        if (StartsWith(index, "-%}"))
        {
            index = SkipSpace(index + 3);
        }
        else if (StartsWith(index, "%}"))
        {
            index += 2;
        }
        else
        {
            return false;
        }
        CountLines(index);
        for (int end = index; (end = _source.IndexOf("{%", end, StringComparison.Ordinal)) >= 0; end++)
        {
            int after = end + 2;
            char sign = after < _source.Length && _source[after] is '-' or '+' ? _source[after++] : '\0';
            after = SkipSpace(after);
            if (!StartsWith(after, "endraw"))
            {
                continue;
            }
            after = SkipSpace(after + 6);
            char endSign = after < _source.Length && _source[after] is '-' or '+' ? _source[after++] : '\0';
            if (!StartsWith(after, "%}"))
            {
                continue;
            }
            AddData(Strip(_source[index..end], sign, isVariable: false, lineStarts: false));
            EndTag(after + 2, endSign, trimsNewline: true);
            return true;
        }
        throw Fault("the block {% raw %} isn't closed; expected {% endraw %}");
    }

    private void ReadTag(bool isBlock)
    {
        Add(isBlock ? TokenKind.BlockBegin : TokenKind.VariableBegin, "");
        string close = isBlock ? "%}" : "}}";
        while (true)
        {
            _position = SkipSpace(_position);
            CountLines(_position);
            if (_position >= _source.Length)
            {
                Add(TokenKind.End, "");
                return;
            }
            char first = _source[_position];
            if (_closing.Count == 0)
            {
                bool signed = first == '-' || (isBlock && first == '+');
                if (StartsWith(signed ? _position + 1 : _position, close))
                {
                    Add(isBlock ? TokenKind.BlockEnd : TokenKind.VariableEnd, "");
                    EndTag(_position + close.Length + (signed ? 1 : 0), signed ? first : '\0', trimsNewline: isBlock);
                    return;
                }
            }
            if (char.IsAsciiDigit(first))
            {
                ReadNumber();
            }
            else if (IsNamePart(first))
            {
                int start = _position;
                while (_position < _source.Length && IsNamePart(_source[_position]))
                {
                    _position++;
                }
                Add(TokenKind.Name, _source[start.._position]);
            }
            else if (first is '\'' or '"')
            {
                ReadText(first);
            }
            else
            {
                ReadOperator();
            }
        }
    }

    private void EndTag(int end, char sign, bool trimsNewline)
    {
        _position = sign == '-' ? SkipSpace(end)
            : trimsNewline && sign != '+' && end < _source.Length && _source[end] == '\n' ? end + 1
            : end;
        CountLines(_position);
    }

    private void ReadNumber()
    {
        int start = _position;
        string text;
        if (_source[start] == '0' && start + 1 < _source.Length && char.ToLowerInvariant(_source[start + 1]) is 'x' or 'o' or 'b')
        {
            _position += 2;
            SkipWhile(char.IsAsciiLetterOrDigit);
            text = _source[start.._position];
            Add(TokenKind.Integer, text.Replace("_", "", StringComparison.Ordinal));
            return;
        }
        SkipWhile(char.IsAsciiDigit);
        bool isFloat = false;

        // 1.2.3 is not a number, and after a dot 0.5 is two indices: messages.0.content.
        bool afterDot = start > 0 && _source[start - 1] == '.';
        if (!afterDot && _position + 1 < _source.Length && _source[_position] == '.' && char.IsAsciiDigit(_source[_position + 1]))
        {
            isFloat = true;
            _position++;
            SkipWhile(char.IsAsciiDigit);
        }
        if (!afterDot && _position < _source.Length && _source[_position] is 'e' or 'E')
        {
            int digits = _position + 1 < _source.Length && _source[_position + 1] is '+' or '-' ? _position + 2 : _position + 1;
            if (digits < _source.Length && char.IsAsciiDigit(_source[digits]))
            {
                isFloat = true;
                _position = digits;
                SkipWhile(char.IsAsciiDigit);
            }
        }
        text = _source[start.._position].Replace("_", "", StringComparison.Ordinal);
        Add(isFloat ? TokenKind.Float : TokenKind.Integer, text);
    }

    private void SkipWhile(Func<char, bool> wanted)
    {
        while (_position < _source.Length && (wanted(_source[_position])
            || (_source[_position] == '_' && _position + 1 < _source.Length && wanted(_source[_position + 1]))))
        {
            _position++;
        }
    }

    private void ReadText(char quote)
    {
        int line = _line;
        var text = new StringBuilder();
        int index = _position + 1;
        while (index < _source.Length && _source[index] != quote)
        {
            if (_source[index] != '\\' || index + 1 >= _source.Length)
            {
                text.Append(_source[index++]);
                continue;
            }
            char code = _source[index + 1];
            index += 2;
            int digits = code switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                if (index + digits > _source.Length || !int.TryParse(_source.AsSpan(index, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) || value > 0x10FFFF)
                {
                    throw Fault($"the escape \\{code} in a text literal needs {digits} hexadecimal digits of a character");
                }
                index += digits;
                AppendCodePoint(text, value);
            }
            else if (code is >= '0' and <= '7')
            {
                int value = code - '0';
                for (int count = 0; count < 2 && index < _source.Length && _source[index] is >= '0' and <= '7'; count++)
                {
                    value = (value * 8) + _source[index++] - '0';
                }
                AppendCodePoint(text, value);
            }
            else
            {
                text.Append(Unescape(code));
            }
        }
        if (index >= _source.Length)
        {
            throw Fault($"a text literal isn't closed; expected {quote}");
        }
        _position = index + 1;
        CountLines(_position);
        _tokens.Add(new Token(TokenKind.Text, text.ToString(), line));
    }

    private static void AppendCodePoint(StringBuilder text, int value)
    {
        if (value > 0xFFFF)
        {
            text.Append(char.ConvertFromUtf32(value));
        }
        else
        {
            text.Append((char)value);
        }
    }

    private static string Unescape(char code) => code switch
    {
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        'b' => "\b",
        'f' => "\f",
        'v' => "\v",
        'a' => "\a",
        '\\' => "\\",
        '\'' => "'",
        '"' => "\"",
        '\n' => "",
        _ => "\\" + code,
    };

    private void ReadOperator()
    {
        string? text = Array.Find(LongOperators, name => StartsWith(_position, name));
        char first = _source[_position];
        if (text is null)
        {
            text = Operators.Contains(first, StringComparison.Ordinal) ? first.ToString()
                : throw Fault($"the character '{first}' has no meaning in a tag");
        }
        switch (first)
        {
            case '(' or '[' or '{':
                _closing.Push(first == '(' ? ')' : first == '[' ? ']' : '}');
                break;
            case ')' or ']' or '}':
                if (!_closing.TryPop(out char expected) || expected != first)
                {
                    throw Fault($"there is a '{first}'; expected {(expected == '\0' ? "no closing bracket" : $"'{expected}'")}");
                }
                break;
        }
        _position += text.Length;
        Add(TokenKind.Operator, text);
    }

    private bool StartsWith(int index, string text) => string.CompareOrdinal(_source, index, text, 0, text.Length) == 0 && index + text.Length <= _source.Length;

    private int SkipSpace(int index)
    {
        while (index < _source.Length && PythonText.IsSpace(_source[index]))
        {
            index++;
        }
        return index;
    }

    private static bool IsNamePart(char character) => character == '_' || char.IsLetterOrDigit(character);

    private void CountLines(int to)
    {
        for (; _countedTo < to; _countedTo++)
        {
            _line += _source[_countedTo] == '\n' ? 1 : 0;
        }
    }

    private void AddData(string text)
    {
        if (text.Length > 0)
        {
            Add(TokenKind.Data, text);
        }
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, _line));

    private ChatTemplateException Fault(string message) => new(message, _line);
}
