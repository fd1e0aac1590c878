using System.Text.Json.Nodes;
using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Server.Errors;
using Foretell.Server.Metering;
using Foretell.Server.Responses;
using Foretell.Server.Storage;
using Foretell.Server.Wire;
using Foretell.Tokenizers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Endpoints;

/// <summary>POST /v1/responses, as <see href="https://platform.openai.com/docs/api-reference/responses"/> defines it; what is kept is served by <see cref="KeptResponses"/>.</summary>
internal static class ResponsesEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/responses", AnswerAsync);
        routes.MapPost("/v1/responses/input_tokens", CountAsync);
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        ModelRequest request = await ModelRequest.ReadAsync(context, "chat").ConfigureAwait(false);
        bool isHanded = false;
        try
        {
            var (asked, items, messages) = await ReadAsync(request).ConfigureAwait(false);
            var answer = new Answer(request, asked, items, messages);
            if (asked.IsBackground)
            {
                isHanded = true;
                await answer.BeginInBackgroundAsync().ConfigureAwait(false);
            }
            else
            {
                await (asked.Streams ? answer.StreamAsync() : answer.WriteAsync()).ConfigureAwait(false);
            }
        }
        finally
        {
            if (!isHanded)
            {
                request.Dispose();
            }
        }
    }

    /// <summary>How many tokens an input has.</summary>
    private static async Task CountAsync(HttpContext context)
    {
        using ModelRequest request = await ModelRequest.ReadAsync(context, "tokenize").ConfigureAwait(false);
        var (asked, _, messages) = await ReadAsync(request).ConfigureAwait(false);
        int tokens = ConversationAnswer.Render(request.Model, messages, asked.Chat).Tokens(request.Model.Tokenizer).Length;
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("object", "response.input_tokens");
            writer.WriteNumber("input_tokens", tokens);
            writer.WriteEndObject();
        }, request.Aborted).ConfigureAwait(false);
    }

    private static async Task<(ResponseRequest Asked, JsonArray Items, List<ChatMessage> Messages)> ReadAsync(ModelRequest request)
    {
        IServiceProvider services = request.Context.RequestServices;
        ResponseRequest asked = ResponseRequest.Read(request.Body, request.Model, request.Record.Caller);
        var input = new ResponseInput(services.GetRequiredService<IResponseStore>(), services.GetRequiredService<IdentifierSource>());
        JsonArray items = await input.ReadAsync(request.Body, request.Aborted).ConfigureAwait(false);
        return (asked, items, await input.ConversationAsync(asked, items, request.Aborted).ConfigureAwait(false));
    }

    /// <summary>One response on its way out.</summary>
    private sealed class Answer
    {
        private readonly ModelRequest _request;
        private readonly ResponseRequest _asked;
        private readonly JsonArray _items;
        private readonly List<ChatMessage> _messages;
        private readonly IResponseStore _store;
        private readonly IdentifierSource _identifiers;
        private readonly DateTimeOffset _created;
        private readonly ResponseState _state;

        public Answer(ModelRequest request, ResponseRequest asked, JsonArray items, List<ChatMessage> messages)
        {
            (_request, _asked, _items, _messages) = (request, asked, items, messages);
            IServiceProvider services = request.Context.RequestServices;
            _store = services.GetRequiredService<IResponseStore>();
            _identifiers = services.GetRequiredService<IdentifierSource>();
            _created = request.Time.GetUtcNow();
            _state = new ResponseState(_identifiers.Next(ResponseIdentifiers.ResponsePrefix), _created.ToUnixTimeSeconds(), request.Model.Id, asked);
        }

        public async Task WriteAsync()
        {
            ConversationAnswer pieces = Begin(_request.Aborted);
            ResponseProgress progress = Progress(null);
            await foreach (AnswerPiece piece in pieces.WithCancellation(_request.Aborted).ConfigureAwait(false))
            {
                Take(progress, piece);
            }
            await EndAsync(progress, pieces, _request.Aborted).ConfigureAwait(false);
            await SendAsync().ConfigureAwait(false);
        }

        public async Task StreamAsync()
        {
            ConversationAnswer pieces = Begin(_request.Aborted);
            using var stream = new EventStream(_request.Context);
            var events = new ResponseEvents(stream);
            ResponseProgress progress = Progress(events);
            try
            {
                events.State("created", _state);
                events.State("in_progress", _state);
                await stream.WriteAllAsync(pieces, piece => Take(progress, piece)).ConfigureAwait(false);
                await EndAsync(progress, pieces, _request.Aborted).ConfigureAwait(false);
                events.State(_state.Status, _state);
                await stream.FlushAsync().ConfigureAwait(false);
            }
            catch (Exception error)
            {
                await stream.FailAsync(error, told =>
                {
                    progress.Fail(told);
                    events.State("failed", _state);
                }).ConfigureAwait(false);
            }
        }

        public async Task BeginInBackgroundAsync()
        {
            BackgroundResponses background = _request.Context.RequestServices.GetRequiredService<BackgroundResponses>();
            ConversationAnswer pieces;
            try
            {
                pieces = Begin(default);
                await KeepAsync(default).ConfigureAwait(false);
            }
            catch
            {
                _request.Dispose();
                throw;
            }
            UsageMeter meter = _request.Context.RequestServices.GetRequiredService<UsageMeter>();
            await SendAsync(() => background.Start(_state.Id, ending => FinishAsync(pieces, meter, ending))).ConfigureAwait(false);
        }

        /// <summary>Writes a response that nobody waits for; whatever happens, how it ended is kept.</summary>
        /// <param name="meter">Told of the tokens written, of which the request's own end knew nothing.</param>
        private async Task FinishAsync(ConversationAnswer pieces, UsageMeter meter, CancellationToken ending)
        {
            using ModelRequest held = _request;
            ResponseProgress progress = Progress(null);
            long began = _request.Time.GetTimestamp();
            long tokens = 0;
            try
            {
                await foreach (AnswerPiece piece in pieces.WithCancellation(ending).ConfigureAwait(false))
                {
                    tokens += piece.Token is null ? 0 : 1;
                    progress.Take(piece);
                }
                await EndAsync(progress, pieces, default).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                progress.Fail(null);
                await KeepAsync(default).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                progress.Fail(ErrorTranslation.Of(error));
                await KeepAsync(default).ConfigureAwait(false);
            }
            finally
            {
                meter.Add(_request.Record.Caller, _request.Model.Id, "/v1/responses", 0, tokens, _request.Time.GetElapsedTime(began), _state.Error?.Status ?? 200);
            }
        }

        private ConversationAnswer Begin(CancellationToken cancellation)
        {
            ConversationAnswer pieces = ModelRequest.Begin("input", () => ConversationAnswer.Begin(_request.Model, _messages, _asked.Chat, cancellation));
            _request.Record.PromptTokens = pieces.PromptTokens;
            return pieces;
        }

        private ResponseProgress Progress(ResponseEvents? events) => new(_request.Model, _state, _identifiers, _asked.Chat.LogProbabilities, events);

        private void Take(ResponseProgress progress, AnswerPiece piece)
        {
            if (piece.Token is not null)
            {
                _request.CountToken();
            }
            progress.Take(piece);
        }

        private async Task EndAsync(ResponseProgress progress, ConversationAnswer pieces, CancellationToken cancellation)
        {
            GenerationResult result = await pieces.Completion.ConfigureAwait(false);
            GenerationUsage used = result.Usage;
            _request.Record.CachedPromptTokens = used.CachedPromptTokens;
            progress.End(result.Answers[0].Reason, new UsageWire(used.PromptTokens, used.CachedPromptTokens, used.GeneratedTokens, result.Answers[0].ThinkingTokens));
            await KeepAsync(cancellation).ConfigureAwait(false);
        }

        private Task KeepAsync(CancellationToken cancellation) => !_asked.Stores ? Task.CompletedTask : _store.SaveAsync(
            new StoredResponse
            {
                Id = _state.Id,
                Created = _created,
                Model = _request.Model.Id,
                Status = _state.Status,
                Previous = _asked.Previous,
                Response = JsonAnswer.Text(_state.Write),
                Input = _items.ToJsonString(),
            },
            cancellation);

        /// <summary>Sends the response as it stands.</summary>
        /// <param name="then">Done when it is written down and before it is sent.</param>
        private Task SendAsync(Action? then = null) => JsonAnswer.WriteAsync(_request.Context.Response, writer =>
        {
            _state.Write(writer);
            writer.Flush();
            then?.Invoke();
        }, _request.Aborted);
    }
}
