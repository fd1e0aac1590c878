using System.Text.Json;
using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Server.Catalog;
using Foretell.Server.Moderation;
using Foretell.Server.Storage;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Endpoints;

/// <summary>POST /v1/moderations, as <see href="https://platform.openai.com/docs/api-reference/moderations"/> defines it, judged by the model of <see cref="ServerOptions.ModerationModel"/>.</summary>
internal static class Moderations
{
    /// <summary>From this score on a text is flagged: yes is likelier than no.</summary>
    private const double Threshold = 0.5;

    /// <summary>The most texts of one request: each is asked about in every category.</summary>
    private const int MostTexts = 32;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/moderations", JudgeAsync);

    private static async Task JudgeAsync(HttpContext context)
    {
        RequestRecord record = RequestRecord.Of(context);
        string judge = context.RequestServices.GetRequiredService<ServerOptions>().ModerationModel
            ?? throw ApiException.NotFound("This server judges no texts: it was started without a moderation model. Its operator can name one with --moderation NAME.", code: "moderation_not_configured");
        record.Operation = "moderation";
        Fields body = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        // Callers name OpenAI's models; here there is but one judge, and the answer says which.
        record.RequestedModel = body.Text("model");
        IReadOnlyList<string> texts = Texts(body);
        body.RequireAllKnown();
        using ModelLease<ForetellModel> lease = await context.RequestServices.GetRequiredService<ModelCatalog>().AcquireAsync(judge, context.RequestAborted).ConfigureAwait(false);
        record.Model = judge;
        var moderator = new TextModerator(lease.Model, record.Caller ?? "");
        var results = new List<double[]>();
        foreach (string text in texts)
        {
            try
            {
                results.Add(await moderator.ScoreAsync(text, context.RequestAborted).ConfigureAwait(false));
            }
            catch (ContextFullException full)
            {
                throw ApiException.Invalid("input", FormattableString.Invariant($"This model's maximum context length is {full.ContextLength} tokens. However, text {results.Count} has {full.PromptTokens} tokens with the question about it; shorten it."), "context_length_exceeded");
            }
        }
        record.PromptTokens = moderator.PromptTokens;
        string id = context.RequestServices.GetRequiredService<IdentifierSource>().Next("modr-");
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id", id);
            writer.WriteString("model", judge);
            writer.WriteStartArray("results");
            results.ForEach(scores => Write(writer, scores));
            writer.WriteEndArray();
            writer.WriteEndObject();
        }, context.RequestAborted).ConfigureAwait(false);
    }

    private static IReadOnlyList<string> Texts(Fields body)
    {
        JsonElement input = body.Any("input") ?? throw body.Missing("input");
        if (input.ValueKind == JsonValueKind.Array && input.GetArrayLength() > 0 && input[0].ValueKind == JsonValueKind.Object)
        {
            // Parts of one message.
            return [MessageWire.Content(body, "input", allowsRefusal: false)!];
        }
        IReadOnlyList<string> texts = body.TextOrTexts("input")!;
        return texts.Count is > 0 and <= MostTexts ? texts : throw ApiException.Invalid("input", FormattableString.Invariant($"Invalid 'input': 1 to {MostTexts} texts can be judged at once; there are {texts.Count}."));
    }

    private static void Write(Utf8JsonWriter writer, double[] scores)
    {
        IReadOnlyList<ModerationCategory> categories = ModerationCategory.All;
        writer.WriteStartObject();
        writer.WriteBoolean("flagged", scores.Any(score => score >= Threshold));
        writer.WriteStartObject("categories");
        for (int i = 0; i < scores.Length; i++)
        {
            writer.WriteBoolean(categories[i].Name, scores[i] >= Threshold);
        }
        writer.WriteEndObject();
        writer.WriteStartObject("category_scores");
        for (int i = 0; i < scores.Length; i++)
        {
            writer.WriteNumber(categories[i].Name, scores[i]);
        }
        writer.WriteEndObject();
        writer.WriteStartObject("category_applied_input_types");
        foreach (ModerationCategory category in categories)
        {
            writer.WriteStartArray(category.Name);
            writer.WriteStringValue("text");
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
