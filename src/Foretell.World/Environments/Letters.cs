namespace Foretell.World.Environments;

/// <summary>Words without meaning, of consonants and vowels in turn, and what is done with their letters.</summary>
internal static class Letters
{
    private const string Consonants = "bcdfghklmnprstvw";
    private const string Vowels = "aeiou";

    /// <summary>A word that can be spoken, such as <c>talomi</c>; it never reads the same both ways.</summary>
    public static string Word(SeededRandom random, int length)
    {
        char[] letters = new char[length];
        do
        {
            bool vowel = random.OneIn(4);
            for (int i = 0; i < length; i++, vowel = !vowel)
            {
                string from = vowel ? Vowels : Consonants;
                letters[i] = from[random.Below(from.Length)];
            }
        }
        while (Reversed(new string(letters)) == new string(letters));
        return new string(letters);
    }

    public static string Reversed(string word)
    {
        char[] letters = word.ToCharArray();
        Array.Reverse(letters);
        return new string(letters);
    }

    public static string Spelled(string word) => string.Join(' ', word.ToCharArray());
}
