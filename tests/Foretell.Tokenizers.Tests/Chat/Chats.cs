using System.Text.Json;

namespace Foretell.Tokenizers.Tests;

/// <summary>Short ways to write conversations.</summary>
internal static class Chats
{
    public static readonly DateTimeOffset Now = new(2026, 3, 5, 14, 7, 9, TimeSpan.Zero);

    public static JsonElement Json(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    public static Conversation Of(params (string Role, string Content)[] messages) =>
        new([.. messages.Select(message => new ChatMessage(message.Role, message.Content))]);

    /// <summary>Renders a template over variables given as a JSON object.</summary>
    public static string Render(string template, string variables = "{}", ChatTemplateLimits? limits = null) =>
        ChatTemplate.Parse(template, limits: limits).Render(new Conversation([])
        {
            Variables = Json(variables).EnumerateObject().ToDictionary(variable => variable.Name, variable => variable.Value.Clone()),
            Now = Now,
        }).Text;

    public static ChatTemplate Template(string tokenizerFolder) => Assert.IsType<ChatTemplate>(ChatTemplate.Load(SharedData.Path(tokenizerFolder)));
}
