using System.Globalization;
using System.Text.Json;
using Foretell.Inference;
using Foretell.Models;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant;

/// <summary>Reads <see cref="ChatOptions"/>. What is left open comes from what the model was published with; what cannot be done is an error that names it, and nothing is dropped in silence.</summary>
internal static class ChatOptionsReader
{
    /// <param name="seed">Gives a seed where the options have none.</param>
    /// <exception cref="ArgumentException">An option is unknown, contradictory or out of its range.</exception>
    public static ChatRequest Read(ChatOptions? options, GenerationDefaults defaults, ToolCallFormat format, Func<ulong> seed)
    {
        options ??= new ChatOptions();
        RefuseWhatIsNotSupported(options);
        var additional = new AdditionalOptions(options.AdditionalProperties);
        var sampling = new SamplingOptions
        {
            Temperature = Exactly(options.Temperature) ?? defaults.Temperature ?? 1,
            TopK = options.TopK ?? defaults.TopK ?? 0,
            TopP = Exactly(options.TopP) ?? defaults.TopP ?? 1,
            MinP = additional.Number("min_p") ?? defaults.MinP ?? 0,
            RepetitionPenalty = additional.Number("repetition_penalty") ?? defaults.RepetitionPenalty ?? 1,
            PresencePenalty = Exactly(options.PresencePenalty) ?? 0,
            FrequencyPenalty = Exactly(options.FrequencyPenalty) ?? 0,
            LogitBias = additional.NumbersById("logit_bias") ?? [],
            Seed = options.Seed is long given ? unchecked((ulong)given) : seed(),
            MaximumTokens = options.MaxOutputTokens ?? int.MaxValue,
            StopStrings = [.. options.StopSequences ?? []],
        };
        sampling.Validate();
        (IReadOnlyList<AIFunctionDeclaration> shown, CallableTools callable) = Tools(options, format);
        int alternatives = additional.Integer("top_logprobs") ?? 0;
        int? budget = additional.Integer("thinking_budget");
        int minimum = additional.Integer("thinking_minimum") ?? 0;
        Dictionary<string, JsonElement> variables = TemplateVariables(options, additional, budget, out bool? thinks);
        if (budget < 0 || minimum < 0 || minimum > (thinks is false ? 0 : budget ?? int.MaxValue))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"options: \"thinking_budget\" and \"thinking_minimum\" are tokens, at least 0, and the minimum is at most the budget; they are {(thinks is false ? 0 : budget)?.ToString(CultureInfo.InvariantCulture) ?? "open"} and {minimum}."), nameof(options));
        }
        var request = new ChatRequest
        {
            Sampling = sampling,
            ShownTools = [.. shown.Select(ToolJson.Of)],
            Callable = callable,
            Form = Form(options, additional),
            TemplateVariables = variables,
            ThinkingBudget = thinks is false ? 0 : budget,
            ThinkingMinimum = minimum,
            Effort = options.Reasoning?.Effort,
            ReturnsReasoning = options.Reasoning?.Output is not ReasoningOutput.None,
            LogProbabilities = additional.Flag("logprobs") ?? false,
            Alternatives = alternatives,
            FairnessKey = additional.Text("fairness_key") ?? "",
        };
        additional.RequireAllRead();
        return alternatives == 0 || request.LogProbabilities ? request : throw new ArgumentException("options: \"top_logprobs\" needs \"logprobs\" to be true.");
    }

    private static void RefuseWhatIsNotSupported(ChatOptions options)
    {
        (bool Given, string Name, string Remedy)[] unsupported =
        [
            (options.ConversationId is not null, nameof(options.ConversationId), "this client keeps no conversations; send all messages each time"),
            (options.AllowBackgroundResponses is true, nameof(options.AllowBackgroundResponses), "answers are computed while they are awaited"),
            (options.ContinuationToken is not null, nameof(options.ContinuationToken), "answers are computed while they are awaited"),
            (options.RawRepresentationFactory is not null, nameof(options.RawRepresentationFactory), "there is no other representation of the options; use AdditionalProperties"),
            (options.Reasoning?.Output is ReasoningOutput.Summary, "Reasoning.Output Summary", "ask for Full or None"),
        ];
        foreach ((bool given, string name, string remedy) in unsupported)
        {
            if (given)
            {
                throw new ArgumentException($"options: {name} is not supported: {remedy}.", nameof(options));
            }
        }
    }

    private static (IReadOnlyList<AIFunctionDeclaration> Shown, CallableTools Callable) Tools(ChatOptions options, ToolCallFormat format)
    {
        var tools = new List<AIFunctionDeclaration>();
        foreach (AITool tool in options.Tools ?? [])
        {
            AIFunctionDeclaration function = tool as AIFunctionDeclaration
                ?? throw new ArgumentException($"options: the tool \"{tool.Name}\" is a {tool.GetType().Name}, which needs a service; only functions are supported.", nameof(options));
            if (tools.Exists(other => other.Name == function.Name))
            {
                throw new ArgumentException($"options: two tools are called \"{function.Name}\"; names must differ.", nameof(options));
            }
            tools.Add(function);
        }
        if (options.AllowMultipleToolCalls is true && !format.AllowsSeveral)
        {
            throw new ArgumentException($"options: AllowMultipleToolCalls is true, and the model's tool format \"{format.Name}\" has one call an answer; leave it null or false.", nameof(options));
        }
        bool several = options.AllowMultipleToolCalls ?? format.AllowsSeveral;
        switch (options.ToolMode)
        {
            case NoneChatToolMode:
                return ([], CallableTools.None);
            case RequiredChatToolMode when tools.Count == 0:
                throw new ArgumentException("options: ToolMode requires a call, and there are no tools; give Tools.", nameof(options));
            case RequiredChatToolMode { RequiredFunctionName: string name }:
                return (tools, new CallableTools([Definition(tools.Find(tool => tool.Name == name)
                    ?? throw new ArgumentException($"options: ToolMode requires \"{name}\", and the tools are {string.Join(", ", tools.Select(tool => tool.Name))}.", nameof(options)))], true, several));
            case RequiredChatToolMode:
                return (tools, new CallableTools([.. tools.Select(Definition)], true, several));
            case null or AutoChatToolMode:
                return (tools, tools.Count == 0 ? CallableTools.None : new CallableTools([.. tools.Select(Definition)], false, several));
            default:
                throw new ArgumentException($"options: ToolMode {options.ToolMode.GetType().Name} is not known.", nameof(options));
        }
    }

    private static ToolDefinition Definition(AIFunctionDeclaration tool) => new(tool.Name, tool.JsonSchema);

    private static AnswerForm? Form(ChatOptions options, AdditionalOptions additional)
    {
        string? pattern = additional.Text("regex");
        IReadOnlyList<string>? choices = additional.Texts("choices");
        var json = options.ResponseFormat as ChatResponseFormatJson;
        if ((pattern is null ? 0 : 1) + (choices is null ? 0 : 1) + (json is null ? 0 : 1) > 1)
        {
            throw new ArgumentException("options: of a JSON ResponseFormat, \"regex\" and \"choices\" only one can be asked for.", nameof(options));
        }
        return pattern is not null ? AnswerForm.Regex(pattern)
            : choices is not null ? AnswerForm.Choice([.. choices])
            : json is { Schema: JsonElement schema } ? AnswerForm.JsonSchema(schema)
            : json is not null ? AnswerForm.JsonObject
            : options.ResponseFormat is null or ChatResponseFormatText ? null
            : throw new ArgumentException($"options: ResponseFormat {options.ResponseFormat.GetType().Name} is not known.", nameof(options));
    }

    /// <summary>What the chat template is given beside the messages: whether to think (Qwen 3's enable_thinking), how hard (reasoning_effort), and what else the caller sets.</summary>
    /// <param name="thinks">Whether to think; null where the request does not say.</param>
    private static Dictionary<string, JsonElement> TemplateVariables(ChatOptions options, AdditionalOptions additional, int? budget, out bool? thinks)
    {
        Dictionary<string, JsonElement> variables = additional.Object("chat_template_kwargs") ?? [];
        (string Said, bool? Thinks)[] said =
        [
            ($"Reasoning.Effort is {options.Reasoning?.Effort}", options.Reasoning?.Effort is ReasoningEffort effort ? effort != ReasoningEffort.None : null),
            ("\"thinking_budget\" is 0", budget == 0 ? false : null),
            ("\"enable_thinking\" is {0}", additional.Flag("enable_thinking")),
        ];
        (string Said, bool? Thinks)[] given = [.. said.Where(entry => entry.Thinks is not null)];
        thinks = given.Length > 0 ? given[0].Thinks : null;
        foreach ((string words, bool? other) in given)
        {
            if (other != thinks)
            {
                throw new ArgumentException($"options: {given[0].Said} and {words.Replace("{0}", other is true ? "true" : "false", StringComparison.Ordinal)}; they contradict each other.", nameof(options));
            }
        }
        if (thinks is true && options.Reasoning?.Effort is ReasoningEffort asked)
        {
            variables.TryAdd("reasoning_effort", MessageReader.ToJson(Name(asked)));
        }
        if (thinks is bool enable)
        {
            variables["enable_thinking"] = MessageReader.ToJson(enable);
        }
        return variables;
    }

    private static string Name(ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        _ => "high",
    };

    private static double? Exactly(float? value) => value is float number ? AdditionalOptions.Exactly(number) : null;
}
