using System.Runtime.CompilerServices;
using Foretell.Inference;
using Foretell.Tokenizers;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Foretell.Assistant;

/// <summary>
/// A local model as a chat client. Any number of requests may run at once: they share the model's engine, and each answer
/// has the bits that it has alone. All members are safe to use from many threads.
/// </summary>
/// <remarks>
/// Of <see cref="ChatOptions"/> everything is honoured or refused by name. <see cref="ChatOptions.AdditionalProperties"/>
/// may hold: min_p, repetition_penalty, logit_bias (numbers by token id), logprobs and top_logprobs (the answer's
/// additional property "logprobs" is then a list of <see cref="TokenLogProbability"/>), enable_thinking and
/// chat_template_kwargs (variables of the chat template), thinking_budget and thinking_minimum (the most and the fewest
/// tokens of thought; a budget that is used up closes the thoughts, and 0 lets none through), regex or choices (what the answer must be), and fairness_key
/// (requests of one key share its turns).
/// </remarks>
public sealed class ForetellChatClient : IChatClient
{
    /// <summary>The additional property of answers under which the tokens' log-probabilities stand.</summary>
    public const string LogProbabilitiesKey = "logprobs";

    /// <summary>The additional property of answers that is true when the answer ended because the context was full.</summary>
    public const string ContextFullKey = "context_full";

    /// <summary>The additional property of answers with the seed that they were drawn by.</summary>
    public const string SeedKey = "seed";

    private readonly IModelSource _source;
    private readonly ChatClientMetadata _metadata;

    /// <param name="model">Stays the caller's.</param>
    public ForetellChatClient(ForetellModel model)
        : this(new LoadedModelSource(model, owns: false))
    {
    }

    /// <param name="host">Stays the caller's. <see cref="ChatOptions.ModelId"/> may name any of its models; a model stays loaded while one of its answers is written.</param>
    /// <param name="defaultModel">The model of requests without a name.</param>
    /// <exception cref="UnknownModelException">The host has no such model.</exception>
    public ForetellChatClient(ModelHost<ForetellModel> host, string defaultModel)
        : this(HostedModelSource.Of(host, defaultModel))
    {
    }

    internal ForetellChatClient(IModelSource source)
    {
        _source = source;
        _metadata = new ChatClientMetadata("foretell", defaultModelId: source.ModelId);
    }

    /// <summary>Loads a model and makes a client of it, which disposes it.</summary>
    /// <param name="path">A Hugging Face folder, a GGUF file, or a run's folder.</param>
    /// <inheritdoc cref="ForetellModel.Load" path="exception"/>
    public static ForetellChatClient Load(string path) => Load(new ForetellOptions { Path = path });

    /// <summary>Loads a model and makes a client of it, which disposes it.</summary>
    /// <param name="clock">Null for the system's clock.</param>
    /// <inheritdoc cref="ForetellModel.Load" path="exception"/>
    public static ForetellChatClient Load(ForetellOptions options, TimeProvider? clock = null) => new(new LoadedModelSource(ForetellModel.Load(options, clock), owns: true));

    /// <summary>The answer as it comes: text, reasoning and whole tool calls; the last update holds the reason for the end and the usage.</summary>
    /// <exception cref="ArgumentException">A message or an option cannot be honoured.</exception>
    /// <exception cref="ContextFullException">The conversation leaves no room for an answer.</exception>
    /// <exception cref="EngineBusyException">Too many requests wait already.</exception>
    /// <exception cref="ChatTemplateException">The model's template refuses the conversation.</exception>
    /// <exception cref="GrammarException">A schema or pattern is not supported.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using HeldModel held = await _source.AcquireAsync(options?.ModelId, cancellationToken).ConfigureAwait(false);
        ForetellModel model = held.Model;
        ChatRequest request = ChatOptionsReader.Read(options, model.Generation, model.ToolCalls, model.NextSeed);
        var answer = new AnswerBuilder(model, request);
        ConversationAnswer pieces = ConversationAnswer.Begin(model, MessageReader.Read(messages, options?.Instructions), request, cancellationToken);
        FinishReason reason = FinishReason.Stop;
        await foreach (AnswerPiece piece in pieces.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            reason = piece.Reason ?? reason;
            if (answer.Take(piece) is ChatResponseUpdate next)
            {
                yield return next;
            }
        }
        GenerationResult result = await pieces.Completion.ConfigureAwait(false);
        yield return answer.End(reason, result.Usage, result.Answers[0].ThinkingTokens);
    }

    /// <summary>The whole answer: what <see cref="GetStreamingResponseAsync"/> gives, put together.</summary>
    /// <inheritdoc cref="GetStreamingResponseAsync" path="exception"/>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (ChatResponseUpdate update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
        {
            updates.Add(update);
        }
        ChatResponse response = updates.ToChatResponse();
        response.AdditionalProperties = updates[^1].AdditionalProperties?.Clone() ?? [];
        return response;
    }

    /// <summary>This client, its metadata, or (of a client with one model, once it is loaded) the model and its engine, tokenizer and chat template; null for all else.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
        {
            return null;
        }
        object?[] services = [this, _metadata, _source.Loaded, _source.Loaded?.Engine, _source.Loaded?.Tokenizer, _source.Loaded?.Template];
        return Array.Find(services, serviceType.IsInstanceOfType);
    }

    /// <summary>Disposes the model where the client loaded it.</summary>
    public void Dispose() => _source.Dispose();
}
