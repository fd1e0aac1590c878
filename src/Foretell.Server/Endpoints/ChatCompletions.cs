using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Server.Storage;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Endpoints;

/// <summary>POST /v1/chat/completions, as <see href="https://platform.openai.com/docs/api-reference/chat"/> defines it.</summary>
internal static class ChatCompletions
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/chat/completions", AnswerAsync);

    private static async Task AnswerAsync(HttpContext context)
    {
        using ModelRequest request = await ModelRequest.ReadAsync(context, "chat").ConfigureAwait(false);
        ChatCompletionRequest asked = ChatCompletionRequest.Read(request.Body, request.Model, request.Record.Caller);
        ConversationAnswer pieces = ModelRequest.Begin("messages", () => ConversationAnswer.Begin(request.Model, asked.Messages, asked.Chat, request.Aborted));
        request.Record.PromptTokens = pieces.PromptTokens;
        var answer = new Answer(request, asked);
        await (asked.Streams ? answer.StreamAsync(pieces) : answer.WriteAsync(pieces)).ConfigureAwait(false);
    }

    /// <summary>One completion on its way out.</summary>
    private sealed class Answer
    {
        private readonly ModelRequest _request;
        private readonly ChatCompletionRequest _asked;
        private readonly IdentifierSource _identifiers;
        private readonly ChatCompletionWriter _writer;
        private readonly ChatChoice[] _choices;
        private readonly DateTimeOffset _created;
        private readonly string _id;

        public Answer(ModelRequest request, ChatCompletionRequest asked)
        {
            _request = request;
            _asked = asked;
            _identifiers = request.Context.RequestServices.GetRequiredService<IdentifierSource>();
            _created = request.Time.GetUtcNow();
            _id = _identifiers.Next("chatcmpl-");
            _writer = new ChatCompletionWriter(_id, _created.ToUnixTimeSeconds(), request.Model.Id);
            _choices = [.. Enumerable.Range(0, asked.Chat.Choices).Select(_ => new ChatChoice())];
        }

        public async Task WriteAsync(ConversationAnswer pieces)
        {
            await foreach (AnswerPiece piece in pieces.WithCancellation(_request.Aborted).ConfigureAwait(false))
            {
                Take(piece);
            }
            UsageWire usage = await FinishAsync(pieces).ConfigureAwait(false);
            await JsonAnswer.WriteAsync(_request.Context.Response, writer => _writer.WriteWhole(writer, _choices, _asked.Chat.LogProbabilities, usage, _asked.Stores ? _asked.Metadata : null), _request.Aborted).ConfigureAwait(false);
        }

        public async Task StreamAsync(ConversationAnswer pieces)
        {
            using var events = new EventStream(_request.Context);
            try
            {
                for (int choice = 0; choice < _choices.Length; choice++)
                {
                    _writer.WriteRole(events.Begin(), choice, _asked.IncludesUsage);
                    events.End();
                }
                await events.WriteAllAsync(pieces, piece => Write(events, piece)).ConfigureAwait(false);
                UsageWire usage = await FinishAsync(pieces).ConfigureAwait(false);
                if (_asked.IncludesUsage)
                {
                    _writer.WriteUsage(events.Begin(), usage);
                    events.End();
                }
                events.Done();
                await events.FlushAsync().ConfigureAwait(false);
            }
            catch (Exception error)
            {
                await events.FailAsync(error).ConfigureAwait(false);
            }
        }

        private void Write(EventStream events, AnswerPiece piece)
        {
            TokenLogProbability? token = Take(piece);
            ChatChoice choice = _choices[piece.Choice];
            foreach (AnswerPart part in piece.Parts)
            {
                string? callId = part is AnswerPart.ToolCallStart ? choice.Calls[CallIndex(choice, piece.Parts, part)].Id : null;
                _writer.WriteDelta(events.Begin(), piece.Choice, part, CallIndex(choice, piece.Parts, part), callId, token, _asked.IncludesUsage);
                events.End();
                token = null;
            }
            if (token is not null)
            {
                _writer.WriteDelta(events.Begin(), piece.Choice, null, 0, null, token, _asked.IncludesUsage);
                events.End();
            }
            if (choice.FinishReason is string reason)
            {
                _writer.WriteEnd(events.Begin(), piece.Choice, reason, _asked.IncludesUsage);
                events.End();
            }
        }

        /// <summary>The place of a part's call among the choice's calls, of which the piece may have begun several.</summary>
        private static int CallIndex(ChatChoice choice, IReadOnlyList<AnswerPart> parts, AnswerPart part)
        {
            int startsBehind = 0;
            for (int i = parts.Count - 1; i >= 0 && !ReferenceEquals(parts[i], part); i--)
            {
                startsBehind += parts[i] is AnswerPart.ToolCallStart ? 1 : 0;
            }
            return choice.Calls.Count - 1 - startsBehind;
        }

        /// <summary>Adds a piece to its choice; its token's likelihood, where that belongs to the content and was asked for.</summary>
        private TokenLogProbability? Take(AnswerPiece piece)
        {
            ChatChoice choice = _choices[piece.Choice];
            foreach (AnswerPart part in piece.Parts)
            {
                choice.Add(part, () => _identifiers.Next("call_"));
            }
            if (piece.Reason is FinishReason reason)
            {
                choice.End(reason);
            }
            if (piece.Token is null)
            {
                return null;
            }
            _request.CountToken();
            if (!_asked.Chat.LogProbabilities || piece.Stage != AnswerStage.Text)
            {
                return null;
            }
            TokenLogProbability token = _request.Model.Describe(piece.Token);
            choice.Add(token);
            return token;
        }

        private async Task<UsageWire> FinishAsync(ConversationAnswer pieces)
        {
            GenerationResult result = await pieces.Completion.ConfigureAwait(false);
            GenerationUsage used = result.Usage;
            _request.Record.CachedPromptTokens = used.CachedPromptTokens;
            var usage = new UsageWire(used.PromptTokens, used.CachedPromptTokens, used.GeneratedTokens, result.Answers.Sum(answer => (long)answer.ThinkingTokens));
            if (_asked.Stores)
            {
                // Kept before the answer is whole: what a caller was told of is there.
                await _request.Context.RequestServices.GetRequiredService<ICompletionStore>().AddAsync(
                    new StoredCompletion
                    {
                        Id = _id,
                        Created = _created,
                        Model = _request.Model.Id,
                        Completion = JsonAnswer.Text(writer => _writer.WriteWhole(writer, _choices, _asked.Chat.LogProbabilities, usage, _asked.Metadata)),
                        Messages = _asked.RawMessages.GetRawText(),
                        Metadata = _asked.Metadata,
                    },
                    _request.Aborted).ConfigureAwait(false);
            }
            return usage;
        }
    }
}
