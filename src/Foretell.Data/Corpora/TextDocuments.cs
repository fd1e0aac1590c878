using System.Buffers;
using System.Text;

namespace Foretell.Data;

/// <summary>
/// The documents of a text file, read as a stream: at most two pieces' worth of bytes are held. Documents end at the marker
/// (with the line break directly behind it); those of white space alone are passed over.
/// </summary>
internal sealed class TextDocuments(CorpusFile file, CorpusStream stream, CorpusOptions options)
{
    private readonly byte[] _marker = Encoding.UTF8.GetBytes(options.EndOfTextMarker);
    private byte[] _buffer = [];
    private long _bufferOffset;
    private int _start;
    private int _searched;
    private int _checked;
    private int _length;
    private bool _isAtEnd;
    private bool _skipLineBreak;

    public IEnumerable<DocumentPiece> Read()
    {
        // Rented, since a folder may hold very many small files.
        _buffer = ArrayPool<byte>.Shared.Rent(2 * options.PieceBytes);
        try
        {
            foreach (DocumentPiece piece in ReadBuffered())
            {
                yield return piece;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }

    private IEnumerable<DocumentPiece> ReadBuffered()
    {
        Fill();
        if (_buffer.AsSpan(0, _length).StartsWith(Utf8Text.ByteOrderMark))
        {
            _start = Utf8Text.ByteOrderMark.Length;
        }
        bool isInsideDocument = false;
        while (true)
        {
            SkipLineBreak();
            int searchFrom = Math.Max(_start, _searched);
            int found = _marker.Length == 0 ? -1 : _buffer.AsSpan(searchFrom, _length - searchFrom).IndexOf(_marker);
            bool endsDocument = found >= 0 || _isAtEnd;
            int end = found >= 0 ? searchFrom + found : _length;
            if (!endsDocument && end - _start < options.PieceBytes + _marker.Length)
            {
                _searched = Math.Max(_start, _length - _marker.Length + 1);
                Fill();
                continue;
            }
            if (end - _start > options.PieceBytes)
            {
                end = _start + CutLength(_buffer.AsSpan(_start, options.PieceBytes + 1));
                endsDocument = false;
            }
            var text = new ReadOnlySpan<byte>(_buffer, _start, end - _start);
            if (isInsideDocument || !(endsDocument && Utf8Text.IsBlank(text)))
            {
                yield return new DocumentPiece(text.ToArray(), endsDocument);
                isInsideDocument = !endsDocument;
            }
            _start = end;
            if (!endsDocument)
            {
                continue;
            }
            if (found < 0)
            {
                yield break;
            }
            _start += _marker.Length;
            _skipLineBreak = true;
        }
    }

    /// <summary>
    /// How much of a document that goes on is its next piece. A line that begins with a letter right after a full line is
    /// where the usual pre-tokenizers break whatever surrounds it, so a cut there leaves the tokens as they were.
    /// </summary>
    private static int CutLength(ReadOnlySpan<byte> text)
    {
        int half = text.Length / 2;
        for (int cut = text.Length - 1; cut > half; cut--)
        {
            if (text[cut - 1] == '\n' && char.IsAsciiLetter((char)text[cut]) && text[cut - 2] > ' ')
            {
                return cut;
            }
        }
        int lineBreak = text[half..^1].LastIndexOf((byte)'\n');
        if (lineBreak >= 0)
        {
            return half + lineBreak + 1;
        }
        int space = text[half..^1].LastIndexOf((byte)' ');
        if (space > 0)
        {
            return half + space;
        }
        int end = text.Length - 1;
        while (end > text.Length - 4 && Utf8Text.IsContinuation(text[end]))
        {
            end--;
        }
        return end;
    }

    private void SkipLineBreak()
    {
        if (!_skipLineBreak)
        {
            return;
        }
        while (_length - _start < 2 && !_isAtEnd)
        {
            Fill();
        }
        ReadOnlySpan<byte> rest = _buffer.AsSpan(_start, _length - _start);
        _start += rest.StartsWith("\r\n"u8) ? 2 : rest.StartsWith("\n"u8) ? 1 : 0;
        _skipLineBreak = false;
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _length - _start).CopyTo(_buffer);
            _bufferOffset += _start;
            _searched = Math.Max(0, _searched - _start);
            _checked -= _start;
            _length -= _start;
            _start = 0;
        }
        while (_length < _buffer.Length && !_isAtEnd)
        {
            int count = stream.Read(_buffer.AsSpan(_length));
            _length += count;
            _isAtEnd = count == 0;
        }
        if (options.AllowBytes)
        {
            _checked = _length;
            return;
        }
        _checked += Utf8Text.ValidLength(_buffer.AsSpan(_checked, _length - _checked), out bool isBad);
        if (isBad || (_isAtEnd && _checked < _length))
        {
            throw Utf8Text.NotUtf8(file, _bufferOffset + _checked, _bufferOffset == 0 ? _buffer.AsSpan(0, _length) : []);
        }
    }
}
