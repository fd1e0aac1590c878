using System.Security.Cryptography;
using System.Text.Json;
using Foretell.Data;
using Foretell.Tokenizers;
using Foretell.Training;

namespace Foretell.Server.FineTuning.Graders;

/// <summary>A file's conversations to be answered, each epoch in an order of its own, and the grader's opinion of the answers.</summary>
internal sealed class GradedPrompts : IPromptSource, IReward
{
    private readonly StringCheckGrader _grader;
    private readonly ulong _seed;
    private readonly RolloutPrompt[] _prompts;
    private readonly Dictionary<RolloutPrompt, JsonElement> _examples = new(ReferenceEqualityComparer.Instance);

    /// <param name="path">JSON lines, checked; each has messages to be answered and the fields that the grader reads.</param>
    /// <exception cref="FormatException">An example does not fit the template, or leaves no room for an answer.</exception>
    public GradedPrompts(string path, StringCheckGrader grader, ChatTemplate template, Tokenizer tokenizer, int longest, ulong seed)
    {
        (_grader, _seed) = (grader, seed);
        var prompts = new List<RolloutPrompt>();
        foreach (JsonRow row in JsonRow.Read([path]))
        {
            RolloutPrompt prompt = RolloutPrompt.Of(MessagesForm.Messages(row, "messages").Messages, template, tokenizer);
            if (prompt.Ids.Length > longest)
            {
                throw row.Wrong(FormattableString.Invariant($"has {prompt.Ids.Length} tokens, and the model's context leaves room for {longest}; shorten it."));
            }
            prompts.Add(prompt);
            _examples.Add(prompt, row.Fields);
        }
        _prompts = [.. prompts];
        Identity = FormattableString.Invariant($"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))} seed {seed}");
    }

    public int Count => _prompts.Length;

    /// <inheritdoc/>
    public string Identity { get; }

    /// <inheritdoc/>
    public string Name => "grader";

    /// <inheritdoc/>
    public RolloutPrompt At(long index)
    {
        (long epoch, long place) = Math.DivRem(index, _prompts.Length);
        return _prompts[new FeistelPermutation(_prompts.Length, SplitMix64.Mix(_seed, (ulong)epoch))[place]];
    }

    /// <inheritdoc/>
    public double[] Score(IReadOnlyList<Rollout> rollouts) => [.. rollouts.Select(rollout => _grader.Grade(_examples[rollout.Prompt], rollout.Reply))];

    /// <summary>Checks one example: messages that end with something to answer, and the fields that the grader reads.</summary>
    /// <exception cref="FormatException">What is wrong.</exception>
    public static void Check(JsonElement example, StringCheckGrader grader)
    {
        Trainers.ExampleRow.Check(example, row =>
        {
            if (MessagesForm.Messages(row, "messages").Messages[^1].Role == "assistant")
            {
                throw row.Wrong("ends with a message of the assistant; reinforcement lets the model answer, so end with what is to be answered.");
            }
        });
        grader.Grade(example, "");
    }
}
