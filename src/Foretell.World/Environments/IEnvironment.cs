namespace Foretell.World.Environments;

/// <summary>
/// A kind of problem whose answers can be checked: a generator, a verifier and levels of difficulty.
/// </summary>
public interface IEnvironment
{
    /// <summary>A short name in lower case, such as <c>arithmetic</c>.</summary>
    string Name { get; }

    /// <summary>One sentence: what is asked, and what makes a level harder than the one before.</summary>
    string Description { get; }

    /// <summary>Levels are 1 to this.</summary>
    int Levels { get; }

    /// <summary>Generates a problem.</summary>
    /// <param name="seed">All of the problem's randomness: the same seed gives the same problem.</param>
    /// <param name="level">In [1, <see cref="Levels"/>].</param>
    /// <param name="split">Held-out splits ask what training never asks.</param>
    Problem Generate(ulong seed, int level, WorldSplit split);

    /// <summary>Judges an answer. Never throws, whatever the answer is.</summary>
    /// <param name="problem">One that this environment generated.</param>
    /// <param name="answer">What the model answered, without its thoughts.</param>
    Verdict Verify(Problem problem, string answer);
}

/// <summary>A problem with everything that is needed to judge an answer, so that it can be written to a file and read again.</summary>
/// <param name="Environment">The name of the environment that made it.</param>
/// <param name="Level">Its difficulty.</param>
/// <param name="Question">What is asked, as a user would.</param>
/// <param name="Thoughts">A way to the answer, step by step, as a model may think it aloud: what fine-tuning shows.</param>
/// <param name="Answer">A right answer, as short as one would give it. Others may be right too; <see cref="IEnvironment.Verify"/> says.</param>
public sealed record Problem(string Environment, int Level, string Question, string Thoughts, string Answer);

/// <summary>What a verifier says of an answer.</summary>
/// <param name="IsRight">Whether the answer is right.</param>
/// <param name="Reason">Why not, in a few words; empty where it is right.</param>
public readonly record struct Verdict(bool IsRight, string Reason = "");
