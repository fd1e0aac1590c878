using System.Text.Json;
using Foretell.Assistant;
using Foretell.Server.Catalog;
using Foretell.Server.Wire;
using Foretell.Tokenizers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Endpoints;

/// <summary>
/// POST /tokenize and /detokenize, also below /v1. llama.cpp's callers send content and read tokens; vLLM's send model and
/// prompt (or messages) and read tokens, count and max_model_len, and get prompt back. Both are served.
/// </summary>
internal static class Tokenize
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (string prefix in new[] { "", "/v1" })
        {
            routes.MapPost($"{prefix}/tokenize", EncodeAsync);
            routes.MapPost($"{prefix}/detokenize", DecodeAsync);
        }
    }

    private static async Task EncodeAsync(HttpContext context)
    {
        using ModelRequest request = await ReadAsync(context).ConfigureAwait(false);
        Fields body = request.Body;
        ForetellModel model = request.Model;
        // Whether "<|end|>" in the text is that token or its letters.
        bool parsesSpecial = body.Flag("parse_special") ?? true;
        bool? addsBegin = body.Flag("add_special_tokens") ?? body.Flag("add_special");
        body.Accept("model", "add_special", "return_token_strs", "with_pieces");
        bool withPieces = body.Flag("return_token_strs") is true || body.Flag("with_pieces") is true;
        int[] ids;
        if (body.Array("messages") is { } messages)
        {
            ToolWire tools = ToolWire.ReadChat(body, model.ToolCalls);
            ChatRequest chat = new ChatRequest { Sampling = new(), ShownTools = tools.Shown }.WithThinking(body, body.Text("reasoning_effort"));
            body.Flag("add_generation_prompt");
            ids = ConversationAnswer.Render(model, MessageWire.Read(messages), chat).Tokens(model.Tokenizer);
        }
        else
        {
            string text = body.Text("content") ?? body.Text("prompt") ?? throw body.Missing("content");
            body.Accept("prompt");
            var encoded = new List<int>();
            model.Tokenizer.Encode(System.Text.Encoding.UTF8.GetBytes(text), encoded, parsesSpecial);
            // As a completion of the same text would begin, unless told otherwise.
            ids = addsBegin ?? body.Text("prompt") is not null ? [.. Leading(model), .. encoded] : [.. encoded];
        }
        body.RequireAllKnown();
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("count", ids.Length);
            writer.WriteNumber("max_model_len", model.Engine.ContextLength);
            writer.WriteStartArray("tokens");
            foreach (int id in ids)
            {
                writer.WriteNumberValue(id);
            }
            writer.WriteEndArray();
            if (withPieces)
            {
                writer.WriteStartArray("token_strs");
                foreach (int id in ids)
                {
                    writer.WriteStringValue(TokenWire.Text(model.Tokenizer.TokenBytes(id)));
                }
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }, request.Aborted).ConfigureAwait(false);
    }

    private static async Task DecodeAsync(HttpContext context)
    {
        using ModelRequest request = await ReadAsync(context).ConfigureAwait(false);
        Fields body = request.Body;
        body.Accept("model");
        JsonElement tokens = body.Any("tokens") ?? throw body.Missing("tokens");
        int[] ids = tokens.ValueKind == JsonValueKind.Array ? PromptWire.Ids(tokens, "tokens", request.Model) : throw Fields.Wrong("tokens", tokens, "an array of token ids");
        body.RequireAllKnown();
        Tokenizer tokenizer = request.Model.Tokenizer;
        if (Array.FindIndex(ids, id => id >= tokenizer.VocabularySize) is >= 0 and int wrong)
        {
            throw ApiException.Invalid($"tokens[{wrong}]", FormattableString.Invariant($"'tokens[{wrong}]' is {ids[wrong]}; the tokenizer's ids are 0 to {tokenizer.VocabularySize - 1}."));
        }
        string text = tokenizer.Decode(ids, withSpecial: true);
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("content", text);
            writer.WriteString("prompt", text);
            writer.WriteEndObject();
        }, request.Aborted).ConfigureAwait(false);
    }

    private static int[] Leading(ForetellModel model) => model.Generation is { AddsBegin: true, BeginId: int begin } ? [begin] : [];

    /// <summary>llama.cpp's callers name no model: they mean the first.</summary>
    private static Task<ModelRequest> ReadAsync(HttpContext context) =>
        ModelRequest.ReadAsync(context, "tokenize", context.RequestServices.GetRequiredService<ModelCatalog>().All[0].Id);
}
