namespace Foretell.World.Environments;

/// <summary>
/// What the environments share: a seed's randomness, the split (drafts are drawn until one belongs to it), and the bounds
/// within which a verifier reads an answer.
/// </summary>
public abstract class ProblemEnvironment : IEnvironment
{
    /// <summary>Answers of more characters are wrong without being read.</summary>
    public const int LongestAnswer = 1000;

    // A rule that withholds one in eight fails as often once in 10^58 problems; more means that a level lacks one of the splits.
    private const int MostDrafts = 1000;

    private protected ProblemEnvironment()
    {
    }

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract string Description { get; }

    /// <inheritdoc/>
    public abstract int Levels { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">There is no such level.</exception>
    public Problem Generate(ulong seed, int level, WorldSplit split)
    {
        if (level < 1 || level > Levels)
        {
            throw new ArgumentOutOfRangeException(nameof(level), level, FormattableString.Invariant($"The environment {Name} has the levels 1 to {Levels}."));
        }
        ulong purpose = SeededRandom.Combine(ProblemDraw.Hash(Name), ((ulong)level * 16) + (ulong)split);
        var draw = new ProblemDraw(new SeededRandom(SeededRandom.Combine(seed, purpose)), split);
        for (int i = 0; i < MostDrafts; i++)
        {
            ProblemDraft draft = Draft(draw, level);
            if (draft.IsWithheld == (split != WorldSplit.Training))
            {
                return new Problem(Name, level, draft.Question, draft.Thoughts, draft.Answer);
            }
        }
        throw new InvalidOperationException(FormattableString.Invariant($"The environment {Name} finds no problem of level {level} for the split {split}."));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The problem is another environment's.</exception>
    public Verdict Verify(Problem problem, string answer)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (problem.Environment != Name)
        {
            throw new ArgumentException($"The environment {Name} was asked to judge a problem of {problem.Environment}; take that one.", nameof(problem));
        }
        if (answer is { Length: > LongestAnswer })
        {
            return new Verdict(false, FormattableString.Invariant($"The answer is longer than {LongestAnswer} characters."));
        }
        string core = AnswerForm.Core(answer ?? "");
        return core.Length == 0 ? new Verdict(false, "The answer is empty.") : Judge(problem, core);
    }

    private protected abstract ProblemDraft Draft(ProblemDraw draw, int level);

    /// <param name="problem">One of this environment's.</param>
    /// <param name="answer">Not empty, without what <see cref="AnswerForm.Core"/> takes off.</param>
    private protected abstract Verdict Judge(Problem problem, string answer);
}
