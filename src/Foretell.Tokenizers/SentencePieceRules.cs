using System.Text.Json.Nodes;

namespace Foretell.Tokenizers;

/// <summary>Where a space is put before the text.</summary>
internal enum SpacePrefix
{
    Never,

    /// <summary>Before the text, unless it begins with one.</summary>
    BeforeFirst,

    /// <summary>Before every stretch of ordinary text, whatever it begins with.</summary>
    Always,
}

/// <summary>Everything about such a tokenizer beside its pieces and merges.</summary>
internal sealed record SentencePieceRules(SpacePrefix Prefix)
{
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    public int? BeginOfTextId { get; init; }

    /// <summary>The id that ends a text, where none of the added tokens has a name that says so.</summary>
    public int? EndOfTextId { get; init; }

    /// <summary>The scores of the pieces that the merges were made from, by id; null where they were given as merges.</summary>
    public IReadOnlyList<float>? Scores { get; init; }

    /// <summary>The rules, or null where the file is not of this kind: spaces replaced by the normalizer or by Metaspace.</summary>
    /// <exception cref="FormatException">It is of this kind, but with a step that is not known.</exception>
    public static SentencePieceRules? Read(BytePairModel model, JsonNode? normalizer, JsonNode? preTokenizer)
    {
        if (!model.FallsBackToBytes)
        {
            return null;
        }
        model.RefuseUnknownRules();
        var prefix = SpacePrefix.Never;
        bool replaces = false;
        JsonArray? sequence = normalizer?["normalizers"] as JsonArray;
        foreach (JsonNode? step in sequence ?? (normalizer is null ? [] : [normalizer.DeepClone()]))
        {
            switch (Text(step?["type"]))
            {
                case "Prepend" when Text(step!["prepend"]) == "▁":
                    prefix = SpacePrefix.Always;
                    break;
                case "Replace" when Text(step!["pattern"]?["String"]) == " " && Text(step["content"]) == "▁":
                    replaces = true;
                    break;
                default:
                    throw new FormatException($"The normalizer step {step?.ToJsonString() ?? "null"} is not supported; expected ▁ put before the text or in the place of spaces.");
            }
        }
        switch (Text(preTokenizer?["type"]))
        {
            case null:
            case "Split" when replaces && Text(preTokenizer!["pattern"]?["String"]) == " ":
                break;
            case "Metaspace" when Text(preTokenizer!["replacement"]) == "▁" && preTokenizer["split"] is JsonValue split && !split.GetValue<bool>():
                replaces = true;
                prefix = Text(preTokenizer["prepend_scheme"]) == "never" ? SpacePrefix.Never : SpacePrefix.BeforeFirst;
                break;
            default:
                throw new FormatException($"The pre_tokenizer {preTokenizer!.ToJsonString()} is not supported for byte fallback; expected none, or Metaspace with \"split\": false.");
        }
        return replaces ? new SentencePieceRules(prefix) : throw new FormatException("The tokenizer falls back to bytes but does not write spaces as ▁, which is not supported.");
    }

    private static string? Text(JsonNode? node) => node?.GetValue<string>();
}
