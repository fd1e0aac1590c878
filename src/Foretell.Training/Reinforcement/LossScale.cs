namespace Foretell.Training;

/// <summary>How the losses of a minibatch's tokens add up: what each token's is multiplied by.</summary>
public enum LossScale
{
    /// <summary>1 / (answers × the answer's own length): every answer weighs the same, so a long wrong one is punished less by the token (GRPO).</summary>
    Sequence,

    /// <summary>1 / (tokens of all answers): every token weighs the same (DAPO, Yu et al. 2025, <see href="https://arxiv.org/abs/2503.14476"/>).</summary>
    Token,

    /// <summary>1 / (answers × the most tokens of an answer): every token weighs the same in every minibatch (Dr. GRPO, Liu et al. 2025).</summary>
    Constant,
}
