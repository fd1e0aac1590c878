using System.Text.Json;

namespace Foretell.Server.Wire;

/// <summary>Reads whether and how hard a model is to think, as variables of its chat template.</summary>
internal static class ThinkingWire
{
    /// <param name="effort">none, minimal, low, medium, high or xhigh; null where it is left open.</param>
    public static IReadOnlyDictionary<string, JsonElement> Read(Fields request, string? effort)
    {
        var variables = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonProperty pair in request.Object("chat_template_kwargs")?.Json.EnumerateObject() ?? default)
        {
            variables[pair.Name] = pair.Value;
        }
        bool? thinks = request.Flag("enable_thinking");
        if (effort is not null)
        {
            if (effort is not ("none" or "minimal" or "low" or "medium" or "high" or "xhigh" or "max"))
            {
                throw ApiException.Invalid("reasoning_effort", $"Invalid value: '{effort}'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', and 'xhigh'.");
            }
            bool asksToThink = effort is not ("none" or "minimal");
            if (thinks is bool given && given != asksToThink)
            {
                throw ApiException.Invalid("enable_thinking", $"'enable_thinking' and a reasoning effort of '{effort}' contradict each other; give one of them.");
            }
            thinks = asksToThink;
            variables.TryAdd("reasoning_effort", JsonElement.Parse($"\"{(effort is "xhigh" or "max" ? "high" : effort)}\""));
        }
        if (thinks is bool enable)
        {
            variables["enable_thinking"] = JsonElement.Parse(enable ? "true" : "false");
        }
        if (request.Word("verbosity", "low", "medium", "high") is string verbosity)
        {
            variables.TryAdd("verbosity", JsonElement.Parse($"\"{verbosity}\""));
        }
        return variables;
    }
}
