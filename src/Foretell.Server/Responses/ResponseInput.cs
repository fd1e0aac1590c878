using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Server.Storage;
using Foretell.Server.Wire;
using Foretell.Tokenizers;

namespace Foretell.Server.Responses;

/// <summary>The input of a response: its own items, in the form in which they are kept and listed, and the conversation that they and the responses before make up.</summary>
internal sealed class ResponseInput
{
    private readonly IResponseStore _store;
    private readonly IdentifierSource _identifiers;

    public ResponseInput(IResponseStore store, IdentifierSource identifiers) => (_store, _identifiers) = (store, identifiers);

    /// <summary>The request's items, each an object with an identifier.</summary>
    /// <exception cref="ApiException">An item is malformed or of a kind that this server does not know.</exception>
    public async Task<JsonArray> ReadAsync(Fields request, CancellationToken cancellation)
    {
        JsonElement input = request.Any("input") ?? throw request.Missing("input");
        if (input.ValueKind == JsonValueKind.String)
        {
            return [Message("user", "input_text", Fields.Text(input, "input"), null)];
        }
        if (input.ValueKind != JsonValueKind.Array)
        {
            throw Fields.Wrong("input", input, "a string or an array of items");
        }
        var items = new JsonArray();
        foreach (JsonElement item in input.EnumerateArray())
        {
            items.Add(await ItemAsync(Fields.Object(item, $"input[{items.Count}]"), cancellation).ConfigureAwait(false));
        }
        return items.Count > 0 ? items : throw ApiException.Invalid("input", "Invalid 'input': it is an empty array; give at least one item.", "empty_array");
    }

    /// <summary>What the model is to read: the instructions, the responses that are continued, and the items.</summary>
    /// <exception cref="ApiException">404: the response that is continued is not kept (any more).</exception>
    public async Task<List<ChatMessage>> ConversationAsync(ResponseRequest request, JsonArray items, CancellationToken cancellation)
    {
        var conversation = new ResponseConversation();
        if (request.Instructions is { Length: > 0 } instructions)
        {
            conversation.Add("system", instructions);
        }
        if (request.Previous is string previous)
        {
            IReadOnlyList<StoredResponse> chain = await _store.ChainAsync(previous, cancellation).ConfigureAwait(false);
            if (chain.Count == 0)
            {
                throw new ApiException(400, $"Previous response with id '{previous}' not found.", parameter: "previous_response_id", code: "previous_response_not_found");
            }
            if (chain[^1].Status is "in_progress" or "queued")
            {
                throw ApiException.Invalid("previous_response_id", $"The response '{previous}' is still being written; continue it when it is whole.");
            }
            foreach (StoredResponse response in chain)
            {
                conversation.AddAll(JsonNode.Parse(response.Input)!.AsArray());
                conversation.AddAll(JsonNode.Parse(response.Response)!["output"]!.AsArray());
            }
        }
        conversation.AddAll(items);
        return conversation.Messages();
    }

    private async Task<JsonNode> ItemAsync(Fields item, CancellationToken cancellation)
    {
        string type = item.Text("type") ?? (item.Any("role") is not null ? "message" : item.Any("id") is not null ? "item_reference" : throw item.Missing("type"));
        item.Accept("status");
        string? id = item.Text("id");
        switch (type)
        {
            case "message":
                string role = item.Word("role", "user", "assistant", "system", "developer") ?? throw item.Missing("role");
                string text = MessageWire.Content(item, "content", allowsRefusal: role == "assistant") ?? throw item.Missing("content");
                item.Accept("phase");
                item.RequireAllKnown();
                return Message(role, role == "assistant" ? "output_text" : "input_text", text, id);
            case "function_call":
                var call = new JsonObject
                {
                    ["id"] = id ?? _identifiers.Next("fc_"),
                    ["type"] = type,
                    ["status"] = "completed",
                    ["call_id"] = item.RequiredText("call_id"),
                    ["name"] = item.RequiredText("name"),
                    ["arguments"] = item.RequiredText("arguments"),
                };
                item.Accept("namespace");
                item.RequireAllKnown();
                return call;
            case "function_call_output":
                var output = new JsonObject
                {
                    ["id"] = id ?? _identifiers.Next("fco_"),
                    ["type"] = type,
                    ["status"] = "completed",
                    ["call_id"] = item.RequiredText("call_id"),
                    ["output"] = MessageWire.Content(item, "output", allowsRefusal: false) ?? throw item.Missing("output"),
                };
                item.RequireAllKnown();
                return output;
            case "reasoning":
                item.Array("summary");
                item.Accept("encrypted_content");
                var reasoning = new JsonObject
                {
                    ["id"] = id ?? _identifiers.Next("rs_"),
                    ["type"] = type,
                    ["summary"] = new JsonArray(),
                    ["content"] = new JsonArray([.. (item.Array("content") ?? []).Select(part => JsonNode.Parse(part.GetRawText()))]),
                };
                item.RequireAllKnown();
                return reasoning;
            case "item_reference":
                item.RequireAllKnown();
                return await ReferencedAsync(id ?? throw item.Missing("id"), item.PathOf("id"), cancellation).ConfigureAwait(false);
            default:
                throw ApiException.Invalid(item.PathOf("type"), $"'{item.PathOf("type")}' is '{type}'; this server knows message, function_call, function_call_output, reasoning and item_reference.", "unsupported_item");
        }
    }

    private async Task<JsonNode> ReferencedAsync(string id, string path, CancellationToken cancellation)
    {
        if (ResponseIdentifiers.ResponseOf(id) is string response && await _store.FindAsync(response, cancellation).ConfigureAwait(false) is StoredResponse stored)
        {
            foreach (JsonNode? item in JsonNode.Parse(stored.Response)!["output"]!.AsArray())
            {
                if ((string?)item!["id"] == id)
                {
                    return item.DeepClone();
                }
            }
        }
        throw ApiException.NotFound($"Item with id '{id}' not found. Items of responses are kept where 'store' was not false.", path, "item_not_found");
    }

    private JsonObject Message(string role, string partType, string text, string? id)
    {
        var part = new JsonObject { ["type"] = partType, ["text"] = text };
        if (partType == "output_text")
        {
            part["annotations"] = new JsonArray();
        }
        return new JsonObject
        {
            ["id"] = id ?? _identifiers.Next("msg_"),
            ["type"] = "message",
            ["status"] = "completed",
            ["role"] = role,
            ["content"] = new JsonArray(part),
        };
    }
}
