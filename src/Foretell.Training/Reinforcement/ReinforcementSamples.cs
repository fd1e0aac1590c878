using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foretell.Training;

/// <summary>Answers as they stand in metrics.jsonl: a JSON array of question and answer.</summary>
internal static class ReinforcementSamples
{
    public static string Write(IReadOnlyList<Rollout> rollouts) => new JsonArray([.. rollouts.Select(rollout => (JsonNode)new JsonObject
    {
        ["question"] = rollout.Prompt.Messages.Count > 0 ? rollout.Prompt.Messages[^1].Content : "",
        ["answer"] = rollout.Text,
        ["ended"] = rollout.EndedByItself,
    })]).ToJsonString();

    public static IReadOnlyList<(string Question, string Answer)> Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(item => (item.GetProperty("question").GetString() ?? "", (item.GetProperty("answer").GetString() ?? "") + (item.GetProperty("ended").GetBoolean() ? "" : " [cut at the limit]")))];
    }
}
