using System.Runtime.CompilerServices;
using Foretell.Inference;
using Foretell.Tokenizers;
using Microsoft.Extensions.AI;
using ChatMessage = Foretell.Tokenizers.ChatMessage;

namespace Foretell.Assistant;

/// <summary>
/// A conversation that a model answers: rendered by its template, constrained to what the request asks for, submitted to its
/// engine, and read apart into text, reasoning and calls of tools. The pieces can be read once.
/// </summary>
public sealed class ConversationAnswer : IAsyncEnumerable<AnswerPiece>
{
    private readonly GenerationStream _stream;
    private readonly ToolCallFormat? _format;
    private readonly HashSet<string> _tools;
    private readonly ChatRequest _request;
    private readonly bool _startsInReasoning;

    private ConversationAnswer(ForetellModel model, ChatRequest request, RenderedChat prompt, CancellationToken cancellation)
    {
        ReasoningStart reasoning = ReasoningStarts.Of(prompt, model.Template);
        _request = request;
        _tools = request.Callable.Tools.Select(tool => tool.Name).ToHashSet(StringComparer.Ordinal);
        _format = _tools.Count > 0 ? model.ToolCalls : null;
        _startsInReasoning = reasoning == ReasoningStart.Open;
        int[] ids = prompt.Tokens(model.Tokenizer);
        PromptTokens = ids.Length;
        _stream = model.Engine.Submit(
            new GenerationRequest
            {
                Prompt = ids,
                Sampling = request.Sampling with { StopStrings = [.. request.Sampling.StopStrings, .. model.TurnEnds] },
                StopIds = model.EndIds,
                Choices = request.Choices,
                LogProbabilities = request.LogProbabilities,
                Alternatives = request.Alternatives,
                FairnessKey = request.FairnessKey,
                Thinking = model.Thinking with { IsOpen = _startsInReasoning, MaximumTokens = Budget(model, request), MinimumTokens = request.ThinkingMinimum },
                Constraint = AnswerGrammar.Of(request, model.ToolCalls, reasoning, model.Grammars)?.Start(model.Vocabulary),
            },
            cancellation);
    }

    /// <summary>Tokens of the conversation.</summary>
    public int PromptTokens { get; }

    /// <summary>What it took, once all is written.</summary>
    public Task<GenerationResult> Completion => _stream.Completion;

    /// <summary>Begins to answer.</summary>
    /// <param name="model">Must not be disposed before the answer is over.</param>
    /// <param name="messages">At least one.</param>
    /// <param name="cancellation">Gives the answer up.</param>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    /// <exception cref="ContextFullException">The conversation leaves no room for an answer.</exception>
    /// <exception cref="EngineBusyException">Too many requests wait already.</exception>
    /// <exception cref="ChatTemplateException">The model's template refuses the conversation.</exception>
    /// <exception cref="GrammarException">A schema or pattern is not supported.</exception>
    public static ConversationAnswer Begin(ForetellModel model, IReadOnlyList<ChatMessage> messages, ChatRequest request, CancellationToken cancellation = default) =>
        new(model, request, Render(model, messages, request), cancellation);

    /// <summary>What the model would be given to read.</summary>
    /// <exception cref="ChatTemplateException">The model's template refuses the conversation.</exception>
    public static RenderedChat Render(ForetellModel model, IReadOnlyList<ChatMessage> messages, ChatRequest request) => model.Template.Render(new Conversation(messages)
    {
        AddGenerationPrompt = true,
        Tools = request.ShownTools,
        Variables = request.TemplateVariables,
        Now = model.Clock.GetLocalNow(),
    });

    /// <summary>The pieces as they come, those of several answers in turns. Leaving the loop early gives the answers up.</summary>
    public IAsyncEnumerator<AnswerPiece> GetAsyncEnumerator(CancellationToken cancellationToken = default) => ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

    /// <summary>The most tokens of thought. Where the template cannot tell the model how hard to think, little effort is an eighth of the context and medium effort a quarter.</summary>
    private static int Budget(ForetellModel model, ChatRequest request) => request.ThinkingBudget
        ?? (model.Template.Source.Contains("reasoning_effort", StringComparison.Ordinal) ? int.MaxValue : request.Effort switch
        {
            ReasoningEffort.Low => Math.Max(request.ThinkingMinimum, model.Engine.ContextLength / 8),
            ReasoningEffort.Medium => Math.Max(request.ThinkingMinimum, model.Engine.ContextLength / 4),
            _ => int.MaxValue,
        });

    private async IAsyncEnumerable<AnswerPiece> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var readers = new AnswerReader[_request.Choices];
        for (int choice = 0; choice < readers.Length; choice++)
        {
            readers[choice] = new AnswerReader(_startsInReasoning, _format, _tools, _request.StreamsCalls);
        }
        await foreach (GenerationUpdate update in _stream.WithCancellation(cancellation).ConfigureAwait(false))
        {
            AnswerReader reader = readers[update.Choice];
            AnswerStage before = reader.Stage;
            List<AnswerPart> parts = reader.Append(update.Text);
            if (update.Reason is not null)
            {
                parts.AddRange(reader.Finish());
            }
            if (!_request.ReturnsReasoning)
            {
                parts.RemoveAll(part => part is AnswerPart.Reasoning);
            }
            yield return new AnswerPiece(update.Choice, parts, update.Token, before != AnswerStage.Text ? before : reader.Stage, update.Reason);
        }
    }
}
