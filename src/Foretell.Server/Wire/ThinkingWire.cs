using System.Text.Json;
using Foretell.Assistant;
using Microsoft.Extensions.AI;

namespace Foretell.Server.Wire;

/// <summary>Reads whether, how hard and how long a model is to think.</summary>
internal static class ThinkingWire
{
    /// <summary>The request with variables for its chat template and a budget for its thoughts.</summary>
    /// <param name="effort">none, minimal, low, medium, high or xhigh; null where it is left open.</param>
    public static ChatRequest WithThinking(this ChatRequest chat, Fields request, string? effort)
    {
        var variables = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonProperty pair in request.Object("chat_template_kwargs")?.Json.EnumerateObject() ?? default)
        {
            variables[pair.Name] = pair.Value;
        }
        bool? thinks = request.Flag("enable_thinking");
        int? budget = (int?)request.Integer("thinking_budget", 0, int.MaxValue);
        ReasoningEffort? asked = effort switch
        {
            null => null,
            "none" or "minimal" => ReasoningEffort.None,
            "low" => ReasoningEffort.Low,
            "medium" => ReasoningEffort.Medium,
            "high" => ReasoningEffort.High,
            "xhigh" or "max" => ReasoningEffort.ExtraHigh,
            _ => throw ApiException.Invalid("reasoning_effort", $"Invalid value: '{effort}'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', and 'xhigh'."),
        };
        if (asked is ReasoningEffort hard)
        {
            bool asksToThink = hard != ReasoningEffort.None;
            if ((thinks is bool given && given != asksToThink) || (budget == 0 && asksToThink))
            {
                throw ApiException.Invalid("reasoning_effort", $"A reasoning effort of '{effort}' contradicts '{(budget == 0 && asksToThink ? "thinking_budget" : "enable_thinking")}'; give one of them.");
            }
            thinks = asksToThink;
            if (asksToThink)
            {
                variables.TryAdd("reasoning_effort", JsonElement.Parse($"\"{(hard == ReasoningEffort.ExtraHigh ? "high" : effort)}\""));
            }
        }
        thinks ??= budget == 0 ? false : null;
        if (thinks is bool enable)
        {
            variables["enable_thinking"] = JsonElement.Parse(enable ? "true" : "false");
        }
        if (request.Word("verbosity", "low", "medium", "high") is string verbosity)
        {
            variables.TryAdd("verbosity", JsonElement.Parse($"\"{verbosity}\""));
        }
        return chat with { TemplateVariables = variables, ThinkingBudget = thinks is false ? 0 : budget, Effort = asked };
    }
}
