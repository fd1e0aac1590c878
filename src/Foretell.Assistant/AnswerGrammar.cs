using Foretell.Inference;

namespace Foretell.Assistant;

/// <summary>What an answer must be, reasoning and calls of tools included.</summary>
internal static class AnswerGrammar
{
    /// <param name="reasoning">What the answer may begin with.</param>
    /// <returns>Null when anything may be said.</returns>
    /// <exception cref="GrammarException">A schema or pattern is not supported.</exception>
    public static Grammar? Of(ChatRequest request, ToolCallFormat format, ReasoningStart reasoning, GrammarCache cache)
    {
        IReadOnlyList<ToolDefinition> tools = request.Callable.Tools;
        if (request.Form is null && tools.Count == 0)
        {
            return null;
        }
        string toolsKey = string.Concat(tools.Select(tool => $"{tool.Name.Length}:{tool.Name}{tool.Parameters?.GetRawText()};"));
        return cache.GetOrCompile(
            $"answer {reasoning} {format} {request.Callable.IsRequired} {request.Callable.AllowsSeveral} {toolsKey} {request.Form?.Key}",
            () => Compile(request, tools, format, reasoning));
    }

    private static Grammar Compile(ChatRequest request, IReadOnlyList<ToolDefinition> tools, ToolCallFormat format, ReasoningStart reasoning)
    {
        Grammar answer = request.Form is not AnswerForm form ? Calls(request.Callable.IsRequired)
            : tools.Count == 0 ? form.Compile()
            : request.Callable.IsRequired ? Calls(required: true)
            : form.Compile().Or(Calls(required: true));
        return reasoning switch
        {
            ReasoningStart.Open => answer.AfterReasoning(null, AnswerReader.ThinkClosing),
            ReasoningStart.Possible => answer.AfterReasoning(AnswerReader.ThinkOpening, AnswerReader.ThinkClosing),
            _ => answer,
        };

        Grammar Calls(bool required) => ToolCallGrammar.Compile(tools, format.Envelope, new ToolCallOptions
        {
            Choice = required ? ToolChoice.Required : ToolChoice.Auto,
            AllowParallel = request.Callable.AllowsSeveral,
        });
    }
}
