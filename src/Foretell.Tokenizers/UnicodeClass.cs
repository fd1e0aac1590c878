using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Foretell.Tokenizers;

/// <summary>
/// The classes of characters that split patterns name, looked up per code point in pages built when first touched.
/// Bytes that are not UTF-8 count as U+FFFD, one per maximal invalid sequence: neither letter, number nor space.
/// </summary>
internal static class UnicodeClass
{
    /// <summary>\p{L}</summary>
    public const byte Letter = 1;

    /// <summary>\p{N}</summary>
    public const byte Number = 2;

    /// <summary>\s: Unicode's White_Space.</summary>
    public const byte Space = 4;

    /// <summary>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]</summary>
    public const byte UpperLike = 8;

    /// <summary>[\p{Ll}\p{Lm}\p{Lo}\p{M}]</summary>
    public const byte LowerLike = 16;

    /// <summary>[\r\n]</summary>
    public const byte Newline = 32;

    private const int PageBits = 8;
    private static readonly byte[]?[] Pages = new byte[]?[0x110000 >> PageBits];

    /// <summary>The class bits of the bytes that are characters by themselves; 0 for the others.</summary>
    public static ReadOnlySpan<byte> Ascii => AsciiTable;

    private static readonly byte[] AsciiTable = [.. BuildPage(0).Take(128), .. new byte[128]];

    /// <summary>The class bits of the character at <paramref name="index"/> and its length in bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte At(ReadOnlySpan<byte> utf8, int index, out int length)
    {
        byte first = utf8[index];
        if (first < 0x80)
        {
            length = 1;
            return AsciiTable[first];
        }
        return AtNonAscii(utf8, index, out length);
    }

    private static byte AtNonAscii(ReadOnlySpan<byte> utf8, int index, out int length)
    {
        Rune.DecodeFromUtf8(utf8[index..], out Rune rune, out length);
        return Of(rune.Value);
    }

    public static byte Of(int codePoint)
    {
        // A race builds the same page twice, which harms nothing.
        byte[] page = Pages[codePoint >> PageBits] ??= BuildPage(codePoint >> PageBits);
        return page[codePoint & ((1 << PageBits) - 1)];
    }

    private static byte[] BuildPage(int number)
    {
        var page = new byte[1 << PageBits];
        for (int low = 0; low < page.Length; low++)
        {
            int codePoint = (number << PageBits) + low;
            if (Rune.IsValid(codePoint))
            {
                page[low] = Classify(new Rune(codePoint));
            }
        }
        return page;
    }

    private static byte Classify(Rune rune)
    {
        byte bits = Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => Letter | UpperLike,
            UnicodeCategory.LowercaseLetter => Letter | LowerLike,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Letter | UpperLike | LowerLike,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => UpperLike | LowerLike,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
            _ => 0,
        };
        if (Rune.IsWhiteSpace(rune))
        {
            bits |= Space;
        }
        if (rune.Value is '\r' or '\n')
        {
            bits |= Newline;
        }
        return bits;
    }
}
