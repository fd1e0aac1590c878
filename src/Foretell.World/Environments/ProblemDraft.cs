namespace Foretell.World.Environments;

/// <summary>A problem as an environment drew it, before the split has taken it or sent it back.</summary>
/// <param name="Question">What is asked.</param>
/// <param name="Thoughts">The worked way to the answer.</param>
/// <param name="Answer">A right answer.</param>
/// <param name="IsWithheld">Whether training never asks it; a function of what is asked alone, never of the seed.</param>
internal readonly record struct ProblemDraft(string Question, string Thoughts, string Answer, bool IsWithheld);
