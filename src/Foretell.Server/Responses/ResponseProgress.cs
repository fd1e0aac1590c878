using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Server.Storage;
using Foretell.Server.Wire;

namespace Foretell.Server.Responses;

/// <summary>Turns the pieces of an answer into the items of a response, and tells the events of it, where there are any to tell.</summary>
internal sealed class ResponseProgress(ForetellModel model, ResponseState state, IdentifierSource identifiers, bool withLogProbabilities, ResponseEvents? events)
{
    private ResponseItem? _open;

    /// <summary>Takes a piece of the answer.</summary>
    public void Take(AnswerPiece piece)
    {
        TokenLogProbability? token = withLogProbabilities && piece is { Token: not null, Stage: AnswerStage.Text } ? model.Describe(piece.Token) : null;
        foreach (AnswerPart part in piece.Parts)
        {
            switch (part)
            {
                case AnswerPart.Text text:
                    Append(Opened(ResponseItemKind.Message), text.Piece, token);
                    token = null;
                    break;
                case AnswerPart.Reasoning reasoning:
                    Append(Opened(ResponseItemKind.Reasoning), reasoning.Piece, null);
                    break;
                case AnswerPart.ToolCallStart start:
                    Close("completed");
                    Open(ResponseItemKind.FunctionCall, start.Name);
                    break;
                case AnswerPart.ToolCallArguments arguments:
                    Append(_open!, arguments.Piece, null);
                    break;
            }
        }
        if (token is not null && _open is { Kind: ResponseItemKind.Message })
        {
            Append(_open, "", token);
        }
    }

    /// <summary>Ends the response.</summary>
    public void End(FinishReason reason, UsageWire usage)
    {
        bool isWhole = reason == FinishReason.Stop;
        if (state.Output.Count == 0)
        {
            // An answer of no words is an answer all the same.
            Open(ResponseItemKind.Message, null);
        }
        Close(isWhole ? "completed" : "incomplete");
        state.Usage = usage;
        state.Status = isWhole ? "completed" : "incomplete";
        state.IncompleteReason = isWhole ? null : "max_output_tokens";
    }

    /// <summary>Ends the response where it is, because something went wrong or it was given up.</summary>
    /// <param name="error">Null where it was given up.</param>
    public void Fail(ApiException? error)
    {
        if (_open is not null)
        {
            _open.Status = "incomplete";
            _open = null;
        }
        state.Error = error;
        state.Status = error is null ? "cancelled" : "failed";
    }

    private ResponseItem Opened(ResponseItemKind kind)
    {
        if (_open?.Kind != kind)
        {
            Close("completed");
            Open(kind, null);
        }
        return _open!;
    }

    private void Open(ResponseItemKind kind, string? name)
    {
        int index = state.Output.Count;
        _open = new ResponseItem(kind, ResponseIdentifiers.OfItem(kind, state.Id, index), index)
        {
            Name = name,
            CallId = kind == ResponseItemKind.FunctionCall ? identifiers.Next("call_") : null,
        };
        state.Output.Add(_open);
        events?.ItemAdded(_open);
    }

    private void Append(ResponseItem item, string piece, TokenLogProbability? token)
    {
        item.Text.Append(piece);
        if (token is not null)
        {
            item.LogProbabilities.Add(token);
        }
        events?.Delta(item, piece, token);
    }

    private void Close(string status)
    {
        if (_open is ResponseItem item)
        {
            item.Status = status;
            events?.ItemDone(item);
            _open = null;
        }
    }
}
