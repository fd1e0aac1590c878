using System.Text.Json;
using Foretell.Server.Storage;

namespace Foretell.Server.FineTuning;

/// <summary>Jobs, events and checkpoints as the API sends them.</summary>
internal static class JobWire
{
    public static void Write(Utf8JsonWriter writer, FineTuningJob job)
    {
        writer.WriteStartObject();
        writer.WriteString("object", "fine_tuning.job");
        writer.WriteString("id", job.Id);
        writer.WriteNumber("created_at", job.Created.ToUnixTimeSeconds());
        WriteTime(writer, "finished_at", job.Finished);
        WriteTime(writer, "estimated_finish", job.Status == JobStatus.Running ? job.EstimatedFinish : null);
        writer.WriteString("model", job.Model);
        writer.WriteString("fine_tuned_model", job.FineTunedModel);
        writer.WriteString("organization_id", "foretell");
        writer.WriteString("status", JobStatusText.Write(job.Status));
        writer.WriteString("training_file", job.TrainingFile);
        writer.WriteString("validation_file", job.ValidationFile);
        writer.WriteStartArray("result_files");
        foreach (string file in job.ResultFiles)
        {
            writer.WriteStringValue(file);
        }
        writer.WriteEndArray();
        if (job.TrainedTokens is long tokens)
        {
            writer.WriteNumber("trained_tokens", tokens);
        }
        else
        {
            writer.WriteNull("trained_tokens");
        }
        writer.WriteNumber("seed", job.Seed);
        writer.WriteString("user_provided_suffix", job.Suffix);
        WriteError(writer, job.Error);
        WriteMethod(writer, job);
        writer.WriteStartArray("integrations");
        writer.WriteEndArray();
        writer.WriteStartObject("metadata");
        foreach ((string name, string value) in job.Metadata)
        {
            writer.WriteString(name, value);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, JobEvent message)
    {
        writer.WriteStartObject();
        writer.WriteString("object", "fine_tuning.job.event");
        writer.WriteString("id", message.Id);
        writer.WriteNumber("created_at", message.Created.ToUnixTimeSeconds());
        writer.WriteString("level", message.Level);
        writer.WriteString("message", message.Message);
        writer.WriteString("type", message.Type);
        writer.WritePropertyName("data");
        writer.WriteRawValue(message.Data ?? "{}");
        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, JobCheckpoint checkpoint)
    {
        writer.WriteStartObject();
        writer.WriteString("object", "fine_tuning.job.checkpoint");
        writer.WriteString("id", checkpoint.Id);
        writer.WriteNumber("created_at", checkpoint.Created.ToUnixTimeSeconds());
        writer.WriteString("fine_tuned_model_checkpoint", checkpoint.Model);
        writer.WriteString("fine_tuning_job_id", checkpoint.Job);
        writer.WriteNumber("step_number", checkpoint.Step);
        writer.WritePropertyName("metrics");
        writer.WriteRawValue(checkpoint.Metrics);
        writer.WriteEndObject();
    }

    private static void WriteMethod(Utf8JsonWriter writer, FineTuningJob job)
    {
        using JsonDocument settings = JsonDocument.Parse(job.Settings);
        if (job.Method == "supervised" && settings.RootElement.TryGetProperty("hyperparameters", out JsonElement hyperparameters))
        {
            writer.WritePropertyName("hyperparameters");
            hyperparameters.WriteTo(writer);
        }
        writer.WriteStartObject("method");
        writer.WriteString("type", job.Method);
        writer.WritePropertyName(job.Method);
        settings.WriteTo(writer);
        writer.WriteEndObject();
    }

    private static void WriteError(Utf8JsonWriter writer, JobError? error)
    {
        if (error is null)
        {
            writer.WriteNull("error");
            return;
        }
        writer.WriteStartObject("error");
        writer.WriteString("code", error.Code);
        writer.WriteString("message", error.Message);
        writer.WriteString("param", error.Parameter);
        writer.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter writer, string name, DateTimeOffset? time)
    {
        if (time is DateTimeOffset moment)
        {
            writer.WriteNumber(name, moment.ToUnixTimeSeconds());
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
