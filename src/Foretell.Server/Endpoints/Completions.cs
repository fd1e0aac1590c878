using System.Threading.Channels;
using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Server.Storage;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Endpoints;

/// <summary>POST /v1/completions, as <see href="https://platform.openai.com/docs/api-reference/completions"/> defines it: texts continued, without turns.</summary>
internal static class Completions
{
    /// <summary>Prompts of one request that are in the engine together; more would fill its queue for everyone.</summary>
    private const int TogetherInEngine = 32;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/completions", AnswerAsync);

    private static async Task AnswerAsync(HttpContext context)
    {
        using ModelRequest request = await ModelRequest.ReadAsync(context, "text_completion").ConfigureAwait(false);
        CompletionRequest asked = CompletionRequest.Read(request.Body, request.Model);
        var answer = new Answer(request, asked);
        await answer.EchoAsync().ConfigureAwait(false);
        await (asked.Streams ? answer.StreamAsync() : answer.WriteAsync()).ConfigureAwait(false);
    }

    /// <summary>One completion, of one or several prompts, on its way out.</summary>
    private sealed class Answer
    {
        private readonly ModelRequest _request;
        private readonly CompletionRequest _asked;
        private readonly CompletionChoice[] _choices;
        private readonly string _id;
        private readonly long _created;
        private readonly GenerationUsage[] _usages;

        public Answer(ModelRequest request, CompletionRequest asked)
        {
            _request = request;
            _asked = asked;
            _id = request.Context.RequestServices.GetRequiredService<IdentifierSource>().Next("cmpl-");
            _created = request.Time.GetUtcNow().ToUnixTimeSeconds();
            _choices = [.. Enumerable.Range(0, asked.Prompts.Count * asked.Choices).Select(_ => new CompletionChoice(asked.Alternatives))];
            _usages = new GenerationUsage[asked.Prompts.Count];
            request.Record.PromptTokens = asked.Prompts.Sum(prompt => (long)prompt.Length);
        }

        /// <summary>Begins each answer with its prompt, where that is wanted.</summary>
        public async Task EchoAsync()
        {
            if (!_asked.Echoes)
            {
                return;
            }
            for (int prompt = 0; prompt < _asked.Prompts.Count; prompt++)
            {
                int[] ids = _asked.Prompts[prompt];
                string text = _request.Model.Tokenizer.Decode(ids.AsSpan(_asked.Leading), withSpecial: true);
                IReadOnlyList<GeneratedToken> likelihoods = _asked.Alternatives is int alternatives
                    ? await PromptLogProbabilities.ComputeAsync(_request.Model, ids, alternatives, _request.Aborted).ConfigureAwait(false)
                    : [];
                foreach (CompletionChoice choice in _choices.AsSpan(prompt * _asked.Choices, _asked.Choices))
                {
                    choice.Add(text);
                    for (int i = _asked.Leading; i < likelihoods.Count; i++)
                    {
                        GeneratedToken token = likelihoods[i];
                        TokenLogProbability described = _request.Model.Describe(token with { LogProbability = token.LogProbability ?? 0 });
                        // Some tokenizers begin a text's first word with a space that is not part of it.
                        choice.Add(i > _asked.Leading ? described : described with { Bytes = _request.Model.Tokenizer.DecodeBytes([token.Id], withSpecial: true) }, isFirst: token.LogProbability is null);
                    }
                }
            }
        }

        public async Task WriteAsync()
        {
            await foreach ((int prompt, GenerationUpdate update) in GenerateAsync(Submit(0)).ConfigureAwait(false))
            {
                Take(prompt, update);
            }
            UsageWire usage = Usage();
            await JsonAnswer.WriteAsync(_request.Context.Response, writer =>
            {
                Begin(writer);
                for (int index = 0; index < _choices.Length; index++)
                {
                    _choices[index].Write(writer, index);
                }
                writer.WriteEndArray();
                usage.Write(writer);
                writer.WriteEndObject();
            }, _request.Aborted).ConfigureAwait(false);
        }

        public async Task StreamAsync()
        {
            // Begun before the answer is: what is refused has a status of its own.
            GenerationStream first = Submit(0);
            using var events = new EventStream(_request.Context);
            try
            {
                if (_asked.Echoes)
                {
                    for (int index = 0; index < _choices.Length; index++)
                    {
                        Write(events, index);
                    }
                }
                await events.WriteAllAsync(GenerateAsync(first), item =>
                {
                    int index = Take(item.Prompt, item.Update);
                    if (item.Update.Text.Length > 0 || item.Update.Reason is not null || _asked.Alternatives is not null)
                    {
                        Write(events, index);
                    }
                }).ConfigureAwait(false);
                UsageWire usage = Usage();
                if (_asked.IncludesUsage)
                {
                    System.Text.Json.Utf8JsonWriter writer = events.Begin();
                    Begin(writer);
                    writer.WriteEndArray();
                    usage.Write(writer);
                    writer.WriteEndObject();
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

        private void Write(EventStream events, int index)
        {
            System.Text.Json.Utf8JsonWriter writer = events.Begin();
            Begin(writer);
            _choices[index].Write(writer, index);
            writer.WriteEndArray();
            if (_asked.IncludesUsage)
            {
                writer.WriteNull("usage");
            }
            writer.WriteEndObject();
            events.End();
        }

        private void Begin(System.Text.Json.Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("id", _id);
            writer.WriteString("object", "text_completion");
            writer.WriteNumber("created", _created);
            writer.WriteString("model", _request.Model.Id);
            writer.WriteString("system_fingerprint", ChatCompletionWriter.Fingerprint);
            writer.WriteStartArray("choices");
        }

        /// <summary>Adds a step to its choice, and says which that is.</summary>
        private int Take(int prompt, GenerationUpdate update)
        {
            int index = (prompt * _asked.Choices) + update.Choice;
            CompletionChoice choice = _choices[index];
            choice.Add(update.Text);
            choice.Reason = update.Reason ?? choice.Reason;
            if (update.Token is GeneratedToken token)
            {
                _request.CountToken();
                if (_asked.Alternatives is not null)
                {
                    choice.Add(_request.Model.Describe(token));
                }
            }
            return index;
        }

        private UsageWire Usage()
        {
            _request.Record.CachedPromptTokens = _usages.Sum(usage => (long)usage.CachedPromptTokens);
            return new UsageWire(_usages.Sum(usage => (long)usage.PromptTokens), _request.Record.CachedPromptTokens, _usages.Sum(usage => (long)usage.GeneratedTokens), 0);
        }

        private GenerationStream Submit(int prompt) => ModelRequest.Begin("prompt", () => _request.Model.Engine.Submit(
            new GenerationRequest
            {
                // Nothing is to be written: the prompt's last token need not be read either, which leaves room in a full context.
                Prompt = _asked.Sampling.MaximumTokens == 0 ? _asked.Prompts[prompt].AsMemory(0, 1) : _asked.Prompts[prompt],
                Sampling = _asked.Sampling,
                StopIds = _request.Model.EndIds,
                Choices = _asked.Choices,
                LogProbabilities = _asked.Alternatives is not null,
                Alternatives = _asked.Alternatives ?? 0,
                IgnoresEndOfText = _asked.IgnoresEndOfText,
                FairnessKey = _request.Record.Caller ?? "",
            },
            _request.Aborted));

        /// <summary>The steps of all prompts as they come; a few prompts are in the engine at a time.</summary>
        private async IAsyncEnumerable<(int Prompt, GenerationUpdate Update)> GenerateAsync(GenerationStream first)
        {
            var steps = Channel.CreateUnbounded<(int, GenerationUpdate)>(new UnboundedChannelOptions { SingleReader = true });
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(_request.Aborted);
            Task pumping = PumpAsync(first, steps.Writer, ending.Token);
            try
            {
                await foreach ((int, GenerationUpdate) step in steps.Reader.ReadAllAsync(_request.Aborted).ConfigureAwait(false))
                {
                    yield return step;
                }
            }
            finally
            {
                await ending.CancelAsync().ConfigureAwait(false);
                await pumping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        private async Task PumpAsync(GenerationStream first, ChannelWriter<(int, GenerationUpdate)> steps, CancellationToken cancellation)
        {
            try
            {
                await Parallel.ForEachAsync(Enumerable.Range(0, _asked.Prompts.Count), new ParallelOptions { MaxDegreeOfParallelism = TogetherInEngine, CancellationToken = cancellation }, async (prompt, ending) =>
                {
                    GenerationStream stream = prompt == 0 ? first : Submit(prompt);
                    await foreach (GenerationUpdate update in stream.WithCancellation(ending).ConfigureAwait(false))
                    {
                        await steps.WriteAsync((prompt, update), ending).ConfigureAwait(false);
                    }
                    GenerationUsage usage = (await stream.Completion.ConfigureAwait(false)).Usage;
                    _usages[prompt] = usage with { PromptTokens = _asked.Prompts[prompt].Length };
                }).ConfigureAwait(false);
                steps.Complete();
            }
            catch (Exception error)
            {
                first.Cancel();
                steps.Complete(error);
            }
        }
    }
}
