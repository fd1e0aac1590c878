namespace Foretell.Assistant;

/// <summary>Finds where a JSON object ends in a text that goes on, or has not come to its end.</summary>
internal static class JsonObjectEnd
{
    /// <summary>The place behind the object's closing brace; -1 when it has not come yet.</summary>
    /// <param name="start">Where its opening brace stands.</param>
    public static int Find(string text, int start)
    {
        int depth = 0;
        bool inString = false;
        for (int i = start; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\\' when inString:
                    i++;
                    break;
                case '"':
                    inString = !inString;
                    break;
                case '{' or '[' when !inString:
                    depth++;
                    break;
                case '}' or ']' when !inString:
                    if (--depth == 0)
                    {
                        return i + 1;
                    }
                    break;
            }
        }
        return -1;
    }
}
