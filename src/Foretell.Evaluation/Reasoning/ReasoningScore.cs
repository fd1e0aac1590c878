namespace Foretell.Evaluation;

/// <summary>How an answer is made of several.</summary>
public enum AnswerChoice
{
    /// <summary>By vote (self-consistency); of one answer, that one.</summary>
    Vote,

    /// <summary>By vote, each weighing as much as its judge's value.</summary>
    WeightedVote,

    /// <summary>The one with the highest value.</summary>
    BestValue,

    /// <summary>By vote among the paths that were not given up midway.</summary>
    VoteAfterCutting,

    /// <summary>By weighted vote among those.</summary>
    WeightedVoteAfterCutting,
}

/// <summary>A model's score at one budget and one number of samples.</summary>
/// <param name="Environment">Name and level, such as <c>arithmetic:2</c>.</param>
/// <param name="Budget">Tokens of thought; null for no limit.</param>
/// <param name="Samples">Answers begun for each problem.</param>
/// <param name="Choice">How one was made of them.</param>
/// <param name="Right">Problems answered right.</param>
/// <param name="Tokens">Mean tokens drawn a problem, all samples together, given-up ones included.</param>
/// <param name="ThinkingTokens">Of them, mean tokens of thought a problem.</param>
/// <param name="Agreement">Mean share of the votes that the chosen answer had.</param>
public sealed record ReasoningScore(string Environment, int? Budget, int Samples, AnswerChoice Choice, Proportion Right, double Tokens, double ThinkingTokens, double Agreement);
