using System.Text.Json;
using System.Text.Json.Serialization;

namespace Foretell.Training;

/// <summary>
/// Everything that decides the result of <see cref="GroupRelativePolicy"/>. The defaults are GRPO's; three settings make the
/// published variants: <see cref="Advantage"/>, <see cref="LossScale"/> and <see cref="KlCoefficient"/>.
/// </summary>
public sealed record GroupRelativeRecipe : ReinforcementRecipe
{
    /// <summary>What an answer's reward is measured against.</summary>
    public AdvantageKind Advantage { get; init; } = AdvantageKind.Normalized;

    /// <summary>How tokens' losses add up.</summary>
    public LossScale LossScale { get; init; } = LossScale.Sequence;

    /// <summary>β, what each nat of divergence from the reference costs; 0 for none.</summary>
    public double KlCoefficient { get; init; } = 0.04;

    /// <summary>DAPO's dynamic sampling: so many more rounds of prompts, at most, to take the place of groups whose answers all have the same reward; 0 for none.</summary>
    public int DynamicSamplingRounds { get; init; }

    /// <summary>The names of all settings, as they stand in JSON.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. GroupRelativeJson.Default.GroupRelativeRecipe.Properties.Select(property => property.Name)];

    /// <summary>Reads a recipe and applies settings over it.</summary>
    /// <inheritdoc cref="PretrainingRecipe.Parse"/>
    public static GroupRelativeRecipe Parse(string? json, IEnumerable<string> settings)
    {
        GroupRelativeRecipe recipe = RecipeReader.Parse(json, settings, new GroupRelativeRecipe(), GroupRelativeJson.Default.GroupRelativeRecipe, "foretell grpo", Wanted);
        recipe.Validate();
        return recipe;
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(Samples >= 2, $"samples must be at least 2, since answers are measured against the others of their group; they are {Samples}");
        Require(PromptsPerStep >= Minibatches, $"promptsPerStep ({PromptsPerStep}) must be at least minibatches ({Minibatches}), since groups stay whole");
        Require(KlCoefficient >= 0 && double.IsFinite(KlCoefficient), $"klCoefficient must be at least 0; it is {KlCoefficient}");
        Require(DynamicSamplingRounds >= 0, $"dynamicSamplingRounds must be at least 0; they are {DynamicSamplingRounds}");
    }

    public string ToJson() => JsonSerializer.Serialize(this, GroupRelativeJson.Default.GroupRelativeRecipe);

    private static string Wanted(string key) => key switch
    {
        "advantage" => $"; wanted {string.Join(" or ", Enum.GetNames<AdvantageKind>())}",
        "lossScale" => $"; wanted {string.Join(" or ", Enum.GetNames<LossScale>())}",
        "environments" or "heldOutEnvironments" => "; wanted a list such as [\"arithmetic:2\"]",
        _ => "",
    };
}

[JsonSerializable(typeof(GroupRelativeRecipe))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
internal sealed partial class GroupRelativeJson : JsonSerializerContext;
