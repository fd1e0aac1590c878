using System.Runtime.InteropServices;
using System.Text;

namespace Foretell.Tokenizers;

/// <summary>
/// Unicode's Normalization Form C (<see href="https://unicode.org/reports/tr15/">UAX #15</see>) over UTF-8: decompose,
/// put marks in the order of their classes, compose. Its own, because .NET leaves text as it is in invariant mode.
/// Bytes that are not UTF-8 stay and compose with nothing.
/// </summary>
internal static class CanonicalComposition
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28, HangulCount = LeadCount * VowelCount * TailCount;

    /// <summary>The composed form of <paramref name="utf8"/>: the same span where it is composed already.</summary>
    public static ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> utf8) => IsComposed(utf8) ? utf8 : Compose(Decompose(utf8));

    /// <summary>UAX #15's quick check: false where the text might change.</summary>
    private static bool IsComposed(ReadOnlySpan<byte> utf8)
    {
        for (int index = 0; index < utf8.Length;)
        {
            if (utf8[index] < 0x80)
            {
                int run = utf8[index..].IndexOfAnyInRange((byte)0x80, (byte)0xFF);
                if (run < 0)
                {
                    return true;
                }
                index += run;
            }
            // Below U+0300 every character is composed and no mark.
            if (utf8[index] >= 0xCC)
            {
                Rune.DecodeFromUtf8(utf8[index..], out Rune rune, out int length);
                if (CanonicalMappings.Instance.MayChange(rune.Value))
                {
                    return false;
                }
                index += length;
            }
            else
            {
                index++;
            }
        }
        return true;
    }

    /// <summary>Code points fully decomposed with marks in order; a byte b that is not UTF-8 is -1 - b.</summary>
    private static List<int> Decompose(ReadOnlySpan<byte> utf8)
    {
        CanonicalMappings mappings = CanonicalMappings.Instance;
        var points = new List<int>(utf8.Length);
        for (int index = 0; index < utf8.Length;)
        {
            bool valid = Rune.DecodeFromUtf8(utf8[index..], out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            if (valid)
            {
                Decompose(rune.Value, mappings, points);
            }
            for (int offset = 0; !valid && offset < length; offset++)
            {
                points.Add(-1 - utf8[index + offset]);
            }
            index += length;
        }

        for (int index = 0; index < points.Count;)
        {
            int start = index;
            while (index < points.Count && mappings.Class(points[index]) != 0)
            {
                index++;
            }
            if (index - start > 1)
            {
                int[] marks = [.. points.GetRange(start, index - start).OrderBy(mappings.Class)];
                for (int offset = 0; offset < marks.Length; offset++)
                {
                    points[start + offset] = marks[offset];
                }
            }
            index = Math.Max(index, start + 1);
        }
        return points;
    }

    private static void Decompose(int point, CanonicalMappings mappings, List<int> points)
    {
        int syllable = point - HangulBase;
        if ((uint)syllable < HangulCount)
        {
            points.Add(LeadBase + (syllable / (VowelCount * TailCount)));
            points.Add(VowelBase + (syllable / TailCount % VowelCount));
            if (syllable % TailCount != 0)
            {
                points.Add(TailBase + (syllable % TailCount));
            }
        }
        else if (mappings.Decomposition(point) is (int first, int second))
        {
            Decompose(first, mappings, points);
            if (second != 0)
            {
                Decompose(second, mappings, points);
            }
        }
        else
        {
            points.Add(point);
        }
    }

    private static byte[] Compose(List<int> decomposed)
    {
        Span<int> points = CollectionsMarshal.AsSpan(decomposed);
        CanonicalMappings mappings = CanonicalMappings.Instance;
        int starter = -1;
        int lastClass = 0;
        int kept = 0;
        foreach (int point in points)
        {
            int combiningClass = mappings.Class(point);

            // A mark of the same class, or any starter, between the two would block the composition.
            bool reaches = starter >= 0 && (starter == kept - 1 || (combiningClass != 0 && lastClass < combiningClass));
            if (reaches && Pair(points[starter], point, mappings) is int composed and > 0)
            {
                points[starter] = composed;
                continue;
            }
            if (combiningClass == 0)
            {
                starter = kept;
            }
            lastClass = combiningClass;
            points[kept++] = point;
        }

        using var bytes = new MemoryStream(kept * 2);
        Span<byte> utf8 = stackalloc byte[4];
        for (int index = 0; index < kept; index++)
        {
            if (points[index] < 0)
            {
                bytes.WriteByte((byte)(-1 - points[index]));
            }
            else
            {
                bytes.Write(utf8[..new Rune(points[index]).EncodeToUtf8(utf8)]);
            }
        }
        return bytes.ToArray();
    }

    private static int Pair(int first, int second, CanonicalMappings mappings)
    {
        if ((uint)(first - LeadBase) < LeadCount && (uint)(second - VowelBase) < VowelCount)
        {
            return HangulBase + ((((first - LeadBase) * VowelCount) + second - VowelBase) * TailCount);
        }
        int syllable = first - HangulBase;
        if ((uint)syllable < HangulCount && syllable % TailCount == 0 && second - TailBase is > 0 and < TailCount)
        {
            return first + second - TailBase;
        }
        return mappings.Composition(first, second);
    }
}
