using System.Text.Json;
using System.Text.Json.Serialization;

namespace Foretell.Training;

/// <summary>Everything that decides the result of <see cref="ProximalPolicy"/>.</summary>
public sealed record ProximalRecipe : ReinforcementRecipe
{
    /// <summary>64 prompts with one answer each, 2 epochs of 2 minibatches.</summary>
    public ProximalRecipe()
    {
        (PromptsPerStep, Samples, Epochs, Minibatches) = (64, 1, 2, 2);
    }

    /// <summary>β, what each nat of divergence from the reference costs, token by token; where <see cref="KlTarget"/> is set, what it begins with.</summary>
    public double KlCoefficient { get; init; } = 0.05;

    /// <summary>Nats of an answer that β is moved to keep (Ziegler et al. 2019); 0 leaves β as it is.</summary>
    public double KlTarget { get; init; }

    /// <summary>How quickly β moves: at most 0.2 of this share a step.</summary>
    public double KlGain { get; init; } = 0.1;

    /// <summary>γ in [0, 1].</summary>
    public double Discount { get; init; } = 1;

    /// <summary>λ in [0, 1]: 0 trusts the values, 1 the rewards.</summary>
    public double AdvantageDecay { get; init; } = 0.95;

    /// <summary>Whether tokens' rewards are brought to deviation 1, their mean kept.</summary>
    public bool WhitenRewards { get; init; }

    /// <summary>Whether a step's advantages are brought to mean 0 and deviation 1.</summary>
    public bool WhitenAdvantages { get; init; } = true;

    /// <summary>How far a value may move from what it was at the rollout before it no longer counts; 0 for as far as it likes.</summary>
    public double ValueClip { get; init; }

    /// <summary>Peak learning rate of the value function.</summary>
    public double ValueLearningRate { get; init; } = 1e-5;

    /// <summary>First steps in which only the value function learns.</summary>
    public long ValueWarmUpSteps { get; init; }

    /// <summary>The reward of an answer that the limit cut, in the place of its own; null judges it as it stands.</summary>
    public double? MissingEndReward { get; init; }

    /// <summary>The names of all settings, as they stand in JSON.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. ProximalJson.Default.ProximalRecipe.Properties.Select(property => property.Name)];

    /// <summary>Reads a recipe and applies settings over it.</summary>
    /// <inheritdoc cref="PretrainingRecipe.Parse"/>
    public static ProximalRecipe Parse(string? json, IEnumerable<string> settings)
    {
        ProximalRecipe recipe = RecipeReader.Parse(json, settings, new ProximalRecipe(), ProximalJson.Default.ProximalRecipe, "foretell ppo", key => key is "environments" or "heldOutEnvironments" ? "; wanted a list such as [\"arithmetic:2\"]" : "");
        recipe.Validate();
        return recipe;
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require((long)PromptsPerStep * Samples >= Minibatches, $"promptsPerStep ({PromptsPerStep}) times samples ({Samples}) must be at least minibatches ({Minibatches})");
        Require(KlCoefficient >= 0 && double.IsFinite(KlCoefficient) && KlTarget >= 0 && KlGain > 0, $"klCoefficient and klTarget must be at least 0 and klGain above 0; they are {KlCoefficient}, {KlTarget} and {KlGain}");
        Require(KlTarget == 0 || KlCoefficient > 0, $"klTarget moves klCoefficient, which must then begin above 0");
        Require(Discount is >= 0 and <= 1 && AdvantageDecay is >= 0 and <= 1, $"discount and advantageDecay must be in [0, 1]; they are {Discount} and {AdvantageDecay}");
        Require(ValueClip >= 0 && ValueLearningRate > 0 && ValueWarmUpSteps >= 0, $"valueClip and valueWarmUpSteps must be at least 0 and valueLearningRate above 0; they are {ValueClip}, {ValueWarmUpSteps} and {ValueLearningRate}");
        Require(MissingEndReward is null || double.IsFinite(MissingEndReward.Value), $"missingEndReward must be a finite number");
    }

    public string ToJson() => JsonSerializer.Serialize(this, ProximalJson.Default.ProximalRecipe);
}

[JsonSerializable(typeof(ProximalRecipe))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
internal sealed partial class ProximalJson : JsonSerializerContext;
