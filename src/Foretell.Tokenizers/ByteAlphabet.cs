using System.Runtime.CompilerServices;
using System.Text;

namespace Foretell.Tokenizers;

/// <summary>
/// The printable characters that byte-level vocabularies write for the 256 bytes: ! to ~, ¡ to ¬ and ® to ÿ stand for
/// themselves, the others for U+0100 onwards (GPT-2's bytes_to_unicode). A space is Ġ.
/// </summary>
internal static class ByteAlphabet
{
    /// <summary>The bytes in the order in which GPT-2's vocabulary lists them.</summary>
    public static ReadOnlySpan<byte> Order => OrderTable;

    private static readonly byte[] OrderTable = BuildOrder();
    private static readonly char[] Characters = BuildCharacters();
    private static readonly short[] Bytes = BuildBytes();

    /// <summary>The spelling of <paramref name="bytes"/> in the alphabet.</summary>
    public static string Spell(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (byte value in bytes)
        {
            text.Append(Characters[value]);
        }
        return text.ToString();
    }

    /// <summary>The bytes that <paramref name="spelling"/> (UTF-8) stands for, written to <paramref name="bytes"/>: their number, or -1 where a character is not of the alphabet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Read(ReadOnlySpan<byte> spelling, Span<byte> bytes)
    {
        int count = 0;
        for (int index = 0; index < spelling.Length; count++)
        {
            int codePoint = spelling[index++];
            if (codePoint is >= 0xC2 and <= 0xC5 && index < spelling.Length)
            {
                codePoint = ((codePoint & 0x1F) << 6) | (spelling[index++] & 0x3F);
            }
            if (codePoint >= Bytes.Length || Bytes[codePoint] < 0)
            {
                return -1;
            }
            bytes[count] = (byte)Bytes[codePoint];
        }
        return count;
    }

    private static bool StandsForItself(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);

    private static byte[] BuildOrder() =>
        [.. Enumerable.Range(0, 256).OrderBy(value => StandsForItself(value) ? 0 : 1).ThenBy(value => value).Select(value => (byte)value)];

    private static char[] BuildCharacters()
    {
        var characters = new char[256];
        int shifted = 0;
        for (int value = 0; value < 256; value++)
        {
            characters[value] = StandsForItself(value) ? (char)value : (char)(0x100 + shifted++);
        }
        return characters;
    }

    private static short[] BuildBytes()
    {
        var bytes = new short[Characters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++)
        {
            bytes[Characters[value]] = (short)value;
        }
        return bytes;
    }
}
