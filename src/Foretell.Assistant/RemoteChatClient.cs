using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant;

/// <summary>
/// A model behind any server that speaks OpenAI's chat completions, as a chat client: text in, text out, and the tokens'
/// log-probabilities where <see cref="ChatOptions.AdditionalProperties"/> holds "logprobs" (and "top_logprobs"). For teachers
/// and judges; it knows no tools and no pictures.
/// </summary>
/// <param name="http">Stays the caller's; its timeout bounds a request.</param>
/// <param name="endpoint">The server's base address, such as https://example.org/v1.</param>
/// <param name="model">The model's name there.</param>
/// <param name="key">Sent as a bearer token; null for none.</param>
public sealed class RemoteChatClient(HttpClient http, Uri endpoint, string model, string? key = null) : IChatClient
{
    private const int ErrorCharacters = 300;

    private readonly Uri _address = new(endpoint.AbsoluteUri.TrimEnd('/') + "/chat/completions");

    /// <summary>The whole answer.</summary>
    /// <exception cref="IOException">The server can't be reached or answers with an error; the message holds what it says.</exception>
    /// <exception cref="InvalidDataException">Its answer is no chat completion.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new StringContent(Body(messages, options).ToJsonString(), Encoding.UTF8, "application/json") };
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
        HttpResponseMessage response;
        string text;
        try
        {
            response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException error)
        {
            throw new IOException($"{_address} can't be reached: {error.Message}", error);
        }
        using (response)
        {
            if (!response.IsSuccessStatusCode)
            {
                throw new IOException(FormattableString.Invariant($"{_address} answers with {(int)response.StatusCode}: {(text.Length > ErrorCharacters ? text[..ErrorCharacters] + "..." : text).ReplaceLineEndings(" ")}"));
            }
            return Read(text);
        }
    }

    /// <summary>The answer of <see cref="GetResponseAsync"/> in one piece.</summary>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (ChatResponseUpdate update in (await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false)).ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    /// <summary>This client; null for all else.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
    }

    private JsonObject Body(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        var body = new JsonObject
        {
            ["model"] = options?.ModelId ?? model,
            ["messages"] = new JsonArray([.. messages.Select(message => (JsonNode)new JsonObject { ["role"] = message.Role.Value, ["content"] = message.Text })]),
        };
        void Add(string name, JsonNode? value)
        {
            if (value is not null)
            {
                body[name] = value;
            }
        }
        Add("temperature", options?.Temperature);
        Add("top_p", options?.TopP);
        Add("max_tokens", options?.MaxOutputTokens);
        Add("seed", options?.Seed);
        foreach (string name in new[] { "logprobs", "top_logprobs" })
        {
            Add(name, options?.AdditionalProperties?.GetValueOrDefault(name) switch { bool flag => flag, int number => number, _ => null });
        }
        return body;
    }

    private ChatResponse Read(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement choice = document.RootElement.GetProperty("choices")[0];
            string? content = choice.GetProperty("message").GetProperty("content").GetString();
            var response = new ChatResponse(new ChatMessage(ChatRole.Assistant, content ?? "")) { ModelId = model };
            if (choice.TryGetProperty("logprobs", out JsonElement logprobs) && logprobs.ValueKind == JsonValueKind.Object && logprobs.TryGetProperty("content", out JsonElement tokens) && tokens.ValueKind == JsonValueKind.Array)
            {
                response.AdditionalProperties = new() { [ForetellChatClient.LogProbabilitiesKey] = (IReadOnlyList<TokenLogProbability>)[.. tokens.EnumerateArray().Select(Token)] };
            }
            return response;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"{_address} does not answer as OpenAI's chat completions do: {(text.Length > ErrorCharacters ? text[..ErrorCharacters] + "..." : text).ReplaceLineEndings(" ")}", error);
        }
    }

    /// <summary>A token of the answer; its id is not told, so it is -1.</summary>
    private static TokenLogProbability Token(JsonElement token) => new(
        -1,
        Encoding.UTF8.GetBytes(token.GetProperty("token").GetString() ?? ""),
        token.GetProperty("logprob").GetSingle(),
        token.TryGetProperty("top_logprobs", out JsonElement others) && others.ValueKind == JsonValueKind.Array ? [.. others.EnumerateArray().Select(Token)] : []);
}
