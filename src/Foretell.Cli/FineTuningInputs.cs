using System.Text.Json.Nodes;

namespace Foretell.Cli;

/// <summary>What a fine-tuning run is made from, beside its recipe.</summary>
/// <param name="Model">Path of the model.</param>
/// <param name="Data">Files of conversations to learn.</param>
/// <param name="HeldOut">Files to judge by; empty to hold out a share of the others.</param>
/// <param name="AddMarkers">Whether the vocabulary is grown first.</param>
/// <param name="Template">The text of a chat template in the place of the model's own, or null.</param>
internal sealed record FineTuningInputs(string Model, IReadOnlyList<string> Data, IReadOnlyList<string> HeldOut, bool AddMarkers, string? Template)
{
    /// <summary>As it stands in config.json, for a resume.</summary>
    public JsonObject ToJson() => new()
    {
        ["modelPath"] = Path.GetFullPath(Model),
        ["data"] = Paths(Data),
        ["heldOutData"] = Paths(HeldOut),
        ["addMarkers"] = AddMarkers,
        ["template"] = Template,
    };

    public static string? Text(JsonObject? config, string name) => config?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    public static IReadOnlyList<string>? Texts(JsonObject? config, string name) => config?[name] is JsonArray list ? [.. list.Select(node => node!.GetValue<string>())] : null;

    private static JsonArray Paths(IReadOnlyList<string> paths) => new([.. paths.Select(path => (JsonNode)JsonValue.Create(Path.GetFullPath(path)))]);
}
