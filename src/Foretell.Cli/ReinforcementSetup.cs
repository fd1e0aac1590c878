using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Training;

namespace Foretell.Cli;

/// <summary>The models and the task of a run that learns from rewards, owned together.</summary>
internal sealed class ReinforcementSetup : IDisposable
{
    /// <summary>The name of the verifiers' reward.</summary>
    public const string Verdict = "verdict";

    private readonly List<IDisposable> _owned = [];

    private ReinforcementSetup(TrainedModel policy, TrainedModel reference)
    {
        (Policy, Reference) = (policy, reference);
        _owned.AddRange([policy, reference]);
    }

    public TrainedModel Policy { get; }

    public TrainedModel Reference { get; }

    /// <summary>The first reward model, from which a value function may begin; null where there is none.</summary>
    public RewardModel? RewardModel { get; private set; }

    public ReinforcementTask Task { get; private set; } = null!;

    /// <summary>Loads what the inputs name.</summary>
    /// <exception cref="FormatException">They do not go together.</exception>
    public static ReinforcementSetup Load(ReinforcementRecipe recipe, ReinforcementArguments.Inputs inputs, Device device)
    {
        TrainedModel policy = TrainedModel.Load(inputs.Model, device);
        var setup = new ReinforcementSetup(policy, TrainedModel.Load(inputs.Model, device, training: false));
        try
        {
            // Says at once what a template lacks, rather than when the model is saved.
            _ = policy.Chat.EndOfTurnId;
            setup.Task = setup.Build(recipe, inputs, device);
            return setup;
        }
        catch
        {
            setup.Dispose();
            throw;
        }
    }

    /// <summary>What the report says below its title.</summary>
    public string Subtitle(ReinforcementArguments.Inputs inputs) => FormattableString.Invariant($"{Policy.Transformer.Config.ParameterCount:N0} parameters, from {Path.GetFileName(inputs.Model.TrimEnd('/'))}; rewards: {string.Join(", ", Task.Reward.Names)}; {Policy.Device.Description}");

    public void Dispose()
    {
        _owned.Reverse();
        _owned.ForEach(one => one.Dispose());
        _owned.Clear();
    }

    private ReinforcementTask Build(ReinforcementRecipe recipe, ReinforcementArguments.Inputs inputs, Device device)
    {
        IReadOnlyList<EnvironmentLevel> levels = EnvironmentLevels.Parse(recipe.Environments, forTraining: true);
        if (levels.Count > 0 == inputs.Prompts.Length > 0)
        {
            throw new FormatException("Say what is asked: either environments (--environment, or environments in the recipe) or --prompts.");
        }
        string[] names = inputs.Rewards.Length > 0 ? inputs.Rewards : levels.Count > 0 ? [Verdict] : throw new FormatException("--prompts have no verifier; give a reward model with --reward.");
        IReadOnlyList<EnvironmentLevel> heldOut = EnvironmentLevels.Parse(recipe.HeldOutEnvironments.Count == 0 && levels.Count > 0 ? ["heldout:1"] : recipe.HeldOutEnvironments, forTraining: false);
        int room = Policy.Transformer.Config.ContextLength - recipe.MaximumTokens;
        IPromptSource prompts = levels.Count > 0
            ? new EnvironmentPrompts(levels, Policy.Template, Policy.Tokenizer, recipe.Seed)
            : PromptFile.Read(inputs.Prompts, Policy.Template, Policy.Tokenizer, room, recipe.Seed);
        var identity = new List<string> { ModelFingerprint.Of(Reference.Transformer) };
        var rewards = new List<(IReward, double)>();
        foreach (string name in names)
        {
            if (name == Verdict)
            {
                if (levels.Count == 0)
                {
                    throw new FormatException("--reward verdict judges environments' problems, and --prompts have none; give a reward model.");
                }
                rewards.Add((new VerdictReward(levels.Select(level => level.Environment).Distinct()), recipe.VerdictWeight));
                continue;
            }
            RewardModel model = LoadReward(name, device);
            RewardModel ??= model;
            identity.Add(ModelFingerprint.Of(model.Transformer));
            identity.Add(Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(model.Head.Parameters.All.SelectMany(parameter => parameter.Value.ToArray()).ToArray().AsSpan()))));
            rewards.Add((new RewardModelReward(Path.GetFileName(name), model, Policy), recipe.RewardModelWeight));
        }
        if (recipe.FormatWeight != 0)
        {
            rewards.Add((new FormatReward(recipe.Thoughts), recipe.FormatWeight));
        }
        if (recipe.LengthWeight != 0)
        {
            rewards.Add((new LengthReward(recipe.MaximumTokens, Math.Min(recipe.LengthMargin, recipe.MaximumTokens)), recipe.LengthWeight));
        }
        RewardModel? judge = inputs.Judge is string path ? LoadReward(path, device) : inputs.EvaluationPrompts.Length > 0 ? RewardModel : null;
        return new ReinforcementTask(prompts, new RewardSum([.. rewards]))
        {
            Evaluation = new HeldOutEvaluation
            {
                Trained = levels,
                HeldOut = heldOut,
                Problems = recipe.EvaluationProblems,
                Prompts = inputs.EvaluationPrompts.Length > 0 ? PromptFile.Read(inputs.EvaluationPrompts, Policy.Template, Policy.Tokenizer, room, recipe.Seed) : null,
                Judge = judge is null ? null : new RewardModelReward("judge", judge, Policy),
                Reference = Reference,
                Seed = recipe.Seed,
            },
            Inputs = string.Join(' ', identity),
            Notes = new JsonObject { ["paths"] = inputs.ToJson() },
        };
    }

    private RewardModel LoadReward(string path, Device device)
    {
        RewardModel model = RewardModel.Load(path, device);
        _owned.Add(model);
        return model;
    }
}
