using System.Text;

namespace Foretell.Server.Files;

/// <summary>What a client calls a file, made harmless for people and headers. It never names anything on this machine.</summary>
internal static class FileName
{
    private const int Longest = 255;

    /// <summary>The last part of what may be a path, without control characters and broken letters, at most 255 characters; "file" when nothing is left.</summary>
    public static string Of(string? given)
    {
        string last = (given ?? "").Split('/', '\\')[^1];
        var name = new StringBuilder();
        foreach (Rune letter in last.EnumerateRunes())
        {
            if (!Rune.IsControl(letter) && letter != Rune.ReplacementChar && name.Length + letter.Utf16SequenceLength <= Longest)
            {
                name.Append(letter);
            }
        }
        string result = name.ToString().Trim();
        return result is "" or "." or ".." ? "file" : result;
    }
}
