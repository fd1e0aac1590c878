namespace Foretell.Server;

/// <summary>What a server serves, where it listens and where it keeps what it acknowledged.</summary>
public sealed record ServerOptions
{
    /// <summary>Models by the name that requests call them: a Hugging Face folder, a GGUF file or a run's folder. At least one.</summary>
    public required IReadOnlyDictionary<string, string> Models { get; init; }

    /// <summary>Where it listens. Default: loopback only, port 8080.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:8080";

    /// <summary>The folder of the database, uploaded files, jobs and fine-tuned models.</summary>
    public required string DataFolder { get; init; }
}
