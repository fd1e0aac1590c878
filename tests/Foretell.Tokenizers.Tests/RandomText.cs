using System.Text;

namespace Foretell.Tokenizers.Tests;

/// <summary>Seeded random bytes and text that lean towards what split patterns and merges find hard. SplitMix64.</summary>
internal sealed class RandomText(ulong seed)
{
    private static readonly string[] Pieces =
    [
        " ", "  ", "   ", "\n", "\r\n", "\t", "\u00A0", "\u3000", "\u0085", "\u2028", "'s", "'S", "'ll", "'LL", "'ve", "'Re", "'\u017F", "'", "''d",
        "a", "b", "the", " the", "an apple", "o y", "The", "HTTPServer", "camelCase", "ÉCOLE", "straße", "ǅ", "ʰ", "ª", "中", "文字", "ひら", "カ", "한글", "ไทย", "שלום", "مرحبا",
        "e\u0301", "\u0301", "\u0308\u0323", "\u0903", "\u20DD", "1", "12", "123", "1234567", "½", "Ⅷ", "٣", "𝟘", "𐒠", "𐐀", "𐐨", "𞤀",
        "!", "...", "/", "//", "/\n", "-", "—", "_", "$", "€", "+", "©", "🙂", "👩‍👩‍👧", "🇫🇷", "\u200D", "\u200B", "\uFEFF", "\0", "\u0007", "\u001C", "\u001B[0m",
        "\uE000", "\U000F0000", "\uFFFF", "\U0010FFFF", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "<|endoftext|>",
    ];

    private ulong _state = seed;

    public int Below(int limit)
    {
        ulong mixed = _state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (int)((mixed ^ (mixed >> 31)) % (ulong)limit);
    }

    /// <summary>Valid UTF-8: hard pieces, repeated pieces and characters from anywhere in Unicode.</summary>
    public string Text(int pieces)
    {
        var text = new StringBuilder();
        for (int piece = 0; piece < pieces; piece++)
        {
            switch (Below(8))
            {
                case 0:
                    text.Append(AnyRune());
                    break;
                case 1:
                    text.Insert(text.Length, Pieces[Below(Pieces.Length)], 1 + Below(5));
                    break;
                case 2:
                    text.Append((char)(' ' + Below(95)));
                    break;
                default:
                    text.Append(Pieces[Below(Pieces.Length)]);
                    break;
            }
        }
        return text.ToString();
    }

    /// <summary>Any bytes: text with bytes overwritten, so that surrogates, overlong forms and cut characters occur.</summary>
    public byte[] Bytes(int pieces)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Text(pieces));
        for (int damage = Below(6); damage > 0 && bytes.Length > 3; damage--)
        {
            int at = Below(bytes.Length - 3);
            switch (Below(3))
            {
                case 0:
                    bytes[at] = (byte)Below(256);
                    break;
                case 1:
                    (bytes[at], bytes[at + 1], bytes[at + 2]) = (0xED, (byte)(0xA0 + Below(32)), (byte)(0x80 + Below(64)));
                    break;
                default:
                    bytes = bytes[..at];
                    break;
            }
        }
        return bytes;
    }

    private string AnyRune()
    {
        while (true)
        {
            int point = Below(3) == 0 ? Below(0x110000) : Below(0x3000);
            if (Rune.IsValid(point))
            {
                return new Rune(point).ToString();
            }
        }
    }
}
