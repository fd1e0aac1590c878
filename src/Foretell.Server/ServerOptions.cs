using Foretell.Inference;
using Foretell.Server.FineTuning;
using Foretell.Server.Trust;

namespace Foretell.Server;

/// <summary>What a server serves, where it listens and where it keeps what it acknowledged.</summary>
public sealed record ServerOptions
{
    /// <summary>See <see cref="MaximumFileBytes"/>.</summary>
    public const long DefaultFileBytes = 512L << 20;

    /// <summary>Models by the name that requests call them: a Hugging Face folder, a GGUF file or a run's folder. At least one.</summary>
    public required IReadOnlyDictionary<string, string> Models { get; init; }

    /// <summary>Where it listens, several addresses between semicolons; port 0 takes a free one. Default: loopback only, port 8080.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:8080";

    /// <summary>The folder of the database, uploaded files, jobs and fine-tuned models.</summary>
    public required string DataFolder { get; init; }

    /// <summary>A PostgreSQL server that keeps the records instead of the data folder: see <see cref="Storage.DatabaseOptions.ConnectionString"/>. Null (the default) for the database in the data folder.</summary>
    public string? DatabaseConnection { get; init; }

    /// <summary>A folder whose training runs the training page shows; null (the default) for none.</summary>
    public string? RunsFolder { get; init; }

    /// <summary>Threads that each model computes on; 0 (the default) for one a core. Answers do not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>The most bytes of all loaded models together, weights and caches; null (the default) for three quarters of what the machine lets this process have.</summary>
    public long? MemoryBudget { get; init; }

    /// <summary>How each model's engine shares its memory and time; its context, sequences and queue are set here. Default: the engine's own.</summary>
    public EngineOptions Engine { get; init; } = new();

    /// <summary>The model that judges texts for POST /v1/moderations; null (the default) for none.</summary>
    public string? ModerationModel { get; init; }

    /// <summary>The most bytes of a request's body where an endpoint sets no other; at least 1. Default 8 MiB.</summary>
    public long MaximumRequestBytes { get; init; } = 8L << 20;

    /// <summary>The most bytes of an uploaded file; at least 1. Default 512 MiB.</summary>
    public long MaximumFileBytes { get; init; } = DefaultFileBytes;

    /// <summary>How much of the machine fine-tuning may take. Default: half of the cores, one job at a time.</summary>
    public FineTuningOptions FineTuning { get; init; } = new();

    /// <summary>How long a request may take from its arrival to its last byte. Default 30 minutes.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long the headers of a request may take to arrive, and how long a sender may keep below 240 bytes a second in its body. Default 15 s.</summary>
    public TimeSpan SenderTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Keys, limits, HTTPS, the log, and how the server ends. Default: open to this machine alone.</summary>
    public TrustOptions Trust { get; init; } = new();

    /// <summary>Throws one sentence that names the first option out of its range.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        Require(Models.Count > 0, $"there is no model; give at least one as NAME=PATH");
        foreach (string name in Models.Keys)
        {
            Require(name.Length is > 0 and <= 200 && !name.Any(char.IsControl), $"the model name \"{name}\" cannot be used; it must have 1 to 200 characters and no control characters");
        }
        Require(!string.IsNullOrWhiteSpace(DataFolder), $"there is no data folder; name one");
        Require(Threads >= 0, $"{Threads} threads cannot be; give 0 (one a core) or more");
        Require(MemoryBudget is null or > 0, $"a memory budget of {MemoryBudget} bytes holds no model; give more");
        Require(MaximumRequestBytes > 0, $"requests of at most {MaximumRequestBytes} bytes cannot be; give at least 1");
        Require(MaximumFileBytes > 0, $"files of at most {MaximumFileBytes} bytes cannot be; give at least 1");
        Require(FineTuning.Threads >= 0, $"{FineTuning.Threads} training threads cannot be; give 0 (half of the cores) or more");
        Require(FineTuning.WaitingLimit > 0, $"at most {FineTuning.WaitingLimit} waiting jobs cannot be; give at least 1");
        Require(RequestTimeout > TimeSpan.Zero && SenderTimeout > TimeSpan.Zero, $"time limits must be above 0");
        Require(ModerationModel is null || Models.ContainsKey(ModerationModel), $"the moderation model \"{ModerationModel}\" is not among the models {string.Join(", ", Models.Keys)}");
        Engine.Validate();
        Trust.Validate(Urls);
    }

    private static void Require(bool condition, FormattableString complaint)
    {
        if (!condition)
        {
            throw new ArgumentException($"server: {FormattableString.Invariant(complaint)}.");
        }
    }
}
