using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Server.Storage;
using Foretell.Server.Wire;

namespace Foretell.Server.FineTuning;

/// <summary>Reads the body of POST /v1/fine_tuning/jobs.</summary>
internal static class JobRequest
{
    private const int LongestSuffix = 64;

    private static readonly string[] s_known = ["model", "training_file", "validation_file", "method", "hyperparameters", "suffix", "seed", "metadata", "integrations"];

    /// <summary>The job that is asked for, in its first status; whether its model and files exist is not looked at.</summary>
    /// <exception cref="ApiException">One sentence that names the parameter.</exception>
    public static FineTuningJob Read(JsonElement body, IReadOnlyDictionary<string, IJobTrainer> trainers, string id, DateTimeOffset now)
    {
        JsonBody.RequireKnown(body, s_known);
        if (Optional(body, "integrations") is JsonElement integrations && !(integrations.ValueKind == JsonValueKind.Array && integrations.GetArrayLength() == 0))
        {
            throw ApiException.Invalid("integrations", "This server reports to no other service; leave out integrations and read the job's events.", "unsupported_parameter");
        }
        (string method, JsonObject settings) = Method(body, trainers);
        return new FineTuningJob
        {
            Id = id,
            Created = now,
            Status = JobStatus.ValidatingFiles,
            Model = Text(body, "model") ?? throw Missing("model"),
            TrainingFile = Text(body, "training_file") ?? throw Missing("training_file"),
            ValidationFile = Text(body, "validation_file"),
            Method = method,
            Settings = settings.ToJsonString(),
            Suffix = Suffix(body),
            Seed = Seed(body),
            Metadata = MetadataBody.Read(body),
        };
    }

    private static (string Method, JsonObject Settings) Method(JsonElement body, IReadOnlyDictionary<string, IJobTrainer> trainers)
    {
        JsonElement? method = Optional(body, "method"), older = Optional(body, "hyperparameters");
        if (method is not null && older is not null)
        {
            throw ApiException.Invalid("hyperparameters", "hyperparameters belong into the method; give them in one place.");
        }
        string name = "supervised";
        JsonObject settings = [];
        if (method is JsonElement given)
        {
            name = given.ValueKind == JsonValueKind.Object && given.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String
                ? type.GetString()!
                : throw ApiException.Invalid("method", $"method is an object with the type {Names(trainers)}.", "invalid_type");
            if (!trainers.ContainsKey(name))
            {
                throw ApiException.Invalid("method.type", $"\"{name}\" is no method that this server trains by; it has {Names(trainers)}.");
            }
            foreach (JsonProperty property in given.EnumerateObject())
            {
                if (property.Name != "type" && property.Name != name)
                {
                    throw ApiException.Invalid($"method.{property.Name}", $"Unrecognized request argument supplied: method.{property.Name}; settings of the {name} method stand under \"{name}\".", "unknown_parameter");
                }
            }
            settings = given.TryGetProperty(name, out JsonElement own) && own.ValueKind != JsonValueKind.Null ? Object(own, $"method.{name}") : [];
        }
        else if (older is JsonElement hyperparameters)
        {
            settings["hyperparameters"] = Object(hyperparameters, "hyperparameters");
        }
        return trainers.TryGetValue(name, out IJobTrainer? trainer)
            ? (name, trainer.CheckSettings(settings))
            : throw ApiException.Invalid("method", $"This server does not train by the {name} method; it has {Names(trainers)}.");
    }

    private static string? Suffix(JsonElement body)
    {
        string? suffix = Text(body, "suffix");
        return suffix is null || (suffix.Length is > 0 and <= LongestSuffix && suffix.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'))
            ? suffix
            : throw ApiException.Invalid("suffix", string.Create(CultureInfo.InvariantCulture, $"suffix has 1 to {LongestSuffix} letters, digits, hyphens, underscores or full stops."));
    }

    private static long Seed(JsonElement body)
    {
        if (Optional(body, "seed") is not JsonElement seed)
        {
            return RandomNumberGenerator.GetInt32(int.MaxValue);
        }
        return seed.ValueKind == JsonValueKind.Number && seed.TryGetInt64(out long number) && number is >= 0 and <= int.MaxValue
            ? number
            : throw ApiException.Invalid("seed", "seed is a whole number from 0 to 2147483647.");
    }

    private static string? Text(JsonElement body, string name)
    {
        if (Optional(body, name) is not JsonElement value)
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= 256 } text && !text.Any(char.IsControl)
            ? text
            : throw ApiException.Invalid(name, $"{name} is a string of 1 to 256 characters.", "invalid_type");
    }

    private static JsonObject Object(JsonElement value, string name) => value.ValueKind == JsonValueKind.Object
        ? JsonObject.Create(value)!
        : throw ApiException.Invalid(name, $"{name} is an object.", "invalid_type");

    private static JsonElement? Optional(JsonElement body, string name) =>
        body.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static ApiException Missing(string name) => ApiException.Invalid(name, $"You must provide {name}.", "missing_required_parameter");

    private static string Names(IReadOnlyDictionary<string, IJobTrainer> trainers) => string.Join(", ", trainers.Keys.Order(StringComparer.Ordinal));
}
