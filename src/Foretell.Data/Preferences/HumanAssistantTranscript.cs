using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>
/// Conversations as one text whose turns begin with "\n\nHuman:" and "\n\nAssistant:", as Anthropic published its
/// comparisons (<see href="https://arxiv.org/abs/2204.05862">Bai et al. 2022</see>).
/// </summary>
internal static class HumanAssistantTranscript
{
    private static readonly (string Marker, string Role)[] Speakers = [("\n\nHuman:", "user"), ("\n\nAssistant:", "assistant")];

    public static bool Looks(string text) => ("\n\n" + text.TrimStart()).StartsWith(Speakers[0].Marker, StringComparison.Ordinal);

    /// <summary>The turns; what a turn says is trimmed.</summary>
    public static List<ChatMessage> Parse(string text)
    {
        string rest = "\n\n" + text.TrimStart();
        var turns = new List<ChatMessage>();
        while (rest.Length > 0)
        {
            (string marker, string role) = rest.StartsWith(Speakers[0].Marker, StringComparison.Ordinal) ? Speakers[0] : Speakers[1];
            int next = Speakers.Select(speaker => rest.IndexOf(speaker.Marker, marker.Length, StringComparison.Ordinal)).Where(place => place >= 0).DefaultIfEmpty(rest.Length).Min();
            turns.Add(new ChatMessage(role, rest[marker.Length..next].Trim()));
            rest = rest[next..];
        }
        return turns;
    }
}
