namespace Foretell.Server.Moderation;

/// <summary>A kind of text that a policy may forbid.</summary>
/// <param name="Name">As OpenAI's API names it.</param>
/// <param name="Question">What a model is asked of a text; yes means that it is of this kind.</param>
internal sealed record ModerationCategory(string Name, string Question)
{
    /// <summary>All categories, in the API's order.</summary>
    public static IReadOnlyList<ModerationCategory> All { get; } =
    [
        new("harassment", "Does the text insult, bully or harass someone, or call on others to do so?"),
        new("harassment/threatening", "Does the text harass someone and threaten them with violence or serious harm?"),
        new("hate", "Does the text express or promote hatred of people for their race, gender, ethnicity, religion, nationality, sexual orientation, disability or caste?"),
        new("hate/threatening", "Does the text express hatred of such a group and threaten it with violence or serious harm?"),
        new("illicit", "Does the text give advice or instructions for a crime or another unlawful act?"),
        new("illicit/violent", "Does the text give advice or instructions for a violent crime, or for getting weapons?"),
        new("self-harm", "Does the text promote, encourage or depict suicide, cutting, eating disorders or other harm to oneself?"),
        new("self-harm/intent", "Does the writer of the text say that they are harming themselves or intend to?"),
        new("self-harm/instructions", "Does the text encourage someone to harm themselves, or tell them how?"),
        new("sexual", "Is the text meant to arouse sexually, or does it promote sexual services?"),
        new("sexual/minors", "Does the text hold sexual content about someone under 18 years of age?"),
        new("violence", "Does the text depict death, violence or physical injury?"),
        new("violence/graphic", "Does the text depict death, violence or physical injury in graphic detail?"),
    ];
}
