using System.Runtime.InteropServices;
using Foretell.Assistant;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Foretell.Server.Endpoints;

/// <summary>POST /v1/embeddings, as <see href="https://platform.openai.com/docs/api-reference/embeddings"/> defines it.</summary>
internal static class Embeddings
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/embeddings", EmbedAsync);

    private static async Task EmbedAsync(HttpContext context)
    {
        using ModelRequest request = await ModelRequest.ReadAsync(context, "embeddings").ConfigureAwait(false);
        Fields body = request.Body;
        body.Accept("model", "user");
        bool isBase64 = body.Word("encoding_format", "float", "base64") == "base64";
        int channels = request.Model.Transformer.Config.Channels;
        int? dimensions = (int?)body.Integer("dimensions", 1, channels);
        IReadOnlyList<int[]> texts = PromptWire.Read(body, "input", request.Model);
        body.RequireAllKnown();
        for (int index = 0; index < texts.Count; index++)
        {
            if (texts[index].Length == 0)
            {
                throw ApiException.Invalid("input", FormattableString.Invariant($"Invalid 'input': text {index} is empty; give a text of at least one character."));
            }
        }
        (float[][] vectors, long tokens) = await TextEmbeddings.EmbedAsync(request.Model, texts, dimensions, request.Aborted).ConfigureAwait(false);
        request.Record.PromptTokens = tokens;
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("object", "list");
            writer.WriteStartArray("data");
            for (int index = 0; index < vectors.Length; index++)
            {
                writer.WriteStartObject();
                writer.WriteString("object", "embedding");
                writer.WriteNumber("index", index);
                if (isBase64)
                {
                    // Little-endian floats, as this machine and OpenAI's clients have them.
                    writer.WriteBase64String("embedding", MemoryMarshal.AsBytes<float>(vectors[index]));
                }
                else
                {
                    writer.WriteStartArray("embedding");
                    foreach (float value in vectors[index])
                    {
                        writer.WriteNumberValue(value);
                    }
                    writer.WriteEndArray();
                }
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteString("model", request.Model.Id);
            writer.WriteStartObject("usage");
            writer.WriteNumber("prompt_tokens", tokens);
            writer.WriteNumber("total_tokens", tokens);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }, request.Aborted).ConfigureAwait(false);
    }
}
