using System.Text.Json;
using Foretell.Server.Storage;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Pages;

/// <summary>
/// POST /api/labels keeps a person's judgement of two answers; GET /api/labels/summary tells how the models fared;
/// GET /api/labels.jsonl gives the judgements as preference data that foretell reward and foretell dpo read.
/// </summary>
internal static class LabelsEndpoint
{
    private const int PageSize = 500;
    private static readonly string[] s_choices = ["a", "b", "both", "neither"];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/labels", AddAsync);
        routes.MapGet("/api/labels/summary", SummaryAsync);
        routes.MapGet("/api/labels.jsonl", ExportAsync);
    }

    private static async Task AddAsync(HttpContext context)
    {
        using JsonDocument document = await ReadAsync(context).ConfigureAwait(false);
        JsonElement body = document.RootElement;
        if (!body.TryGetProperty("messages", out JsonElement messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw ApiException.Invalid("messages", "messages is the conversation before the answers: an array of at least one message.");
        }
        string choice = Text(body, "choice");
        if (!s_choices.Contains(choice))
        {
            throw ApiException.Invalid("choice", $"choice is one of {string.Join(", ", s_choices)}; it was \"{choice}\".");
        }
        IServiceProvider services = context.RequestServices;
        var label = new PreferenceLabel(
            services.GetRequiredService<IdentifierSource>().Next("label"),
            services.GetRequiredService<TimeProvider>().GetUtcNow(),
            Key: null,
            Text(body, "model_a"), Text(body, "model_b"), messages.GetRawText(), Text(body, "answer_a"), Text(body, "answer_b"), choice);
        await services.GetRequiredService<ILabelStore>().AddAsync(label, context.RequestAborted).ConfigureAwait(false);
        context.Response.StatusCode = StatusCodes.Status201Created;
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id", label.Id);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static async Task SummaryAsync(HttpContext context)
    {
        var scores = new SortedDictionary<string, Score>(StringComparer.Ordinal);
        long count = 0;
        await foreach (PreferenceLabel label in AllAsync(context).ConfigureAwait(false))
        {
            count++;
            // A model beside itself says nothing of it.
            if (label.ModelA == label.ModelB)
            {
                continue;
            }
            Of(label.ModelA).Count(label.Choice, "a", "b");
            Of(label.ModelB).Count(label.Choice, "b", "a");
        }
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("count", count);
            writer.WriteStartArray("models");
            foreach ((string model, Score score) in scores.OrderByDescending(entry => entry.Value.Share ?? -1))
            {
                score.Write(writer, model);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }, context.RequestAborted).ConfigureAwait(false);

        Score Of(string model) => scores.TryGetValue(model, out Score? score) ? score : scores[model] = new Score();
    }

    private static async Task ExportAsync(HttpContext context)
    {
        context.Response.ContentType = "application/jsonl";
        context.Response.Headers.ContentDisposition = "attachment; filename=\"comparisons.jsonl\"";
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        await foreach (PreferenceLabel label in AllAsync(context).ConfigureAwait(false))
        {
            if (label.Choice is not ("a" or "b"))
            {
                continue;
            }
            buffer.ResetWrittenCount();
            using (var writer = new Utf8JsonWriter(buffer, JsonAnswer.Options))
            {
                writer.WriteStartObject();
                writer.WritePropertyName("prompt");
                writer.WriteRawValue(label.Prompt);
                Answer(writer, "chosen", label.Choice == "a" ? label.AnswerA : label.AnswerB);
                Answer(writer, "rejected", label.Choice == "a" ? label.AnswerB : label.AnswerA);
                writer.WriteEndObject();
            }
            await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
            await context.Response.Body.WriteAsync("\n"u8.ToArray(), context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static void Answer(Utf8JsonWriter writer, string name, string content)
    {
        writer.WriteStartArray(name);
        writer.WriteStartObject();
        writer.WriteString("role", "assistant");
        writer.WriteString("content", content);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static async IAsyncEnumerable<PreferenceLabel> AllAsync(HttpContext context)
    {
        ILabelStore store = context.RequestServices.GetRequiredService<ILabelStore>();
        string? after = null;
        while (true)
        {
            Page<PreferenceLabel> page = await store.ListAsync(new PageRequest(PageSize, after), context.RequestAborted).ConfigureAwait(false);
            foreach (PreferenceLabel label in page.Items)
            {
                yield return label;
            }
            if (!page.HasMore)
            {
                yield break;
            }
            after = page.Items[^1].Id;
        }
    }

    private static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        try
        {
            JsonDocument document = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted).ConfigureAwait(false);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw ApiException.Invalid(null, "The body is a JSON object.");
        }
        catch (JsonException error)
        {
            throw ApiException.Invalid(null, FormattableString.Invariant($"The body is not valid JSON at line {error.LineNumber + 1}."));
        }
    }

    private static string Text(JsonElement body, string name) => body.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw ApiException.Invalid(name, $"{name} is missing; it is text.");

    /// <summary>How often a model won against others.</summary>
    private sealed class Score
    {
        /// <summary>The normal deviate of a 95% interval.</summary>
        private const double Deviate = 1.959964;

        private long _won, _lost, _tied;

        public double? Share => _won + _lost == 0 ? null : (double)_won / (_won + _lost);

        public void Count(string choice, string mine, string theirs)
        {
            _won += choice == mine ? 1 : 0;
            _lost += choice == theirs ? 1 : 0;
            _tied += choice != mine && choice != theirs ? 1 : 0;
        }

        /// <summary>With Wilson's interval of the share won.</summary>
        public void Write(Utf8JsonWriter writer, string model)
        {
            writer.WriteStartObject();
            writer.WriteString("model", model);
            writer.WriteNumber("won", _won);
            writer.WriteNumber("lost", _lost);
            writer.WriteNumber("tied", _tied);
            if (Share is double share)
            {
                double n = _won + _lost;
                double square = Deviate * Deviate;
                double centre = (share + (square / (2 * n))) / (1 + (square / n));
                double half = Deviate * Math.Sqrt((share * (1 - share) / n) + (square / (4 * n * n))) / (1 + (square / n));
                writer.WriteNumber("share", share);
                writer.WriteNumber("low", Math.Max(0, centre - half));
                writer.WriteNumber("high", Math.Min(1, centre + half));
            }
            else
            {
                writer.WriteNull("share");
                writer.WriteNull("low");
                writer.WriteNull("high");
            }
            writer.WriteEndObject();
        }
    }
}
