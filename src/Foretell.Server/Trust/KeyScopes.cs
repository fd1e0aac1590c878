namespace Foretell.Server.Trust;

/// <summary>What a key may be used for.</summary>
[Flags]
public enum KeyScopes
{
    None = 0,

    /// <summary>Answers, embeddings, moderations, and what is stored of them.</summary>
    Inference = 1,

    /// <summary>Uploaded files.</summary>
    Files = 2,

    /// <summary>Fine-tuning jobs and the models they made.</summary>
    FineTuning = 4,

    /// <summary>Keys, usage, models, and everything else: it stands for all scopes.</summary>
    Admin = 8,

    /// <summary>Reading /metrics, for the program that watches the server.</summary>
    Metrics = 16,
}

/// <summary>Scopes as texts: <c>inference</c>, <c>files</c>, <c>fine-tuning</c>, <c>admin</c>, <c>metrics</c>, several with commas between.</summary>
public static class KeyScopeNames
{
    private static readonly (string Name, KeyScopes Scope)[] s_names =
    [
        ("inference", KeyScopes.Inference),
        ("files", KeyScopes.Files),
        ("fine-tuning", KeyScopes.FineTuning),
        ("admin", KeyScopes.Admin),
        ("metrics", KeyScopes.Metrics),
    ];

    /// <summary>Whether a key of these scopes may do what wants another; admin may do everything.</summary>
    public static bool Allows(this KeyScopes granted, KeyScopes wanted) => (granted & (wanted | KeyScopes.Admin)) != 0;

    /// <summary>"inference,files".</summary>
    public static string Format(KeyScopes scopes) => string.Join(',', List(scopes));

    /// <summary>The names one by one.</summary>
    public static IEnumerable<string> List(KeyScopes scopes) => s_names.Where(pair => scopes.HasFlag(pair.Scope)).Select(pair => pair.Name);

    /// <exception cref="FormatException">A name is unknown, or there is none.</exception>
    public static KeyScopes Parse(string text)
    {
        KeyScopes scopes = KeyScopes.None;
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            (_, KeyScopes scope) = s_names.FirstOrDefault(pair => string.Equals(pair.Name, part, StringComparison.OrdinalIgnoreCase));
            scopes |= scope != KeyScopes.None ? scope : throw new FormatException($"There is no scope \"{part}\"; the scopes are {string.Join(", ", s_names.Select(pair => pair.Name))}.");
        }
        return scopes != KeyScopes.None ? scopes : throw new FormatException($"A key needs at least one scope of {string.Join(", ", s_names.Select(pair => pair.Name))}.");
    }
}
