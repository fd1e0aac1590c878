namespace Foretell.Evaluation;

/// <summary>Receives the logits of one position.</summary>
/// <param name="position">Index into the tokens that were given.</param>
/// <param name="logits">[vocabulary]; unnormalised log-probabilities of the token after <paramref name="position"/>. Valid during the call only.</param>
public delegate void LogitsConsumer(int position, ReadOnlySpan<float> logits);

/// <summary>
/// A model that foretells the next token: all that compression and bits per byte need of it. The logits after a token
/// must have the same bits whether they come from <see cref="PredictAll"/> or from a stepper, whatever follows the token, and in
/// every process with the same <see cref="Identity"/> and <see cref="Numerics"/>.
/// </summary>
public interface ITokenPredictor
{
    /// <summary>Number of logits; token ids are in [0, VocabularySize).</summary>
    int VocabularySize { get; }

    /// <summary>Most tokens that a prediction can look back on, the latest included; at least 1.</summary>
    int ContextLength { get; }

    /// <summary>64 hexadecimal digits: SHA-256 of everything that decides the predictions (weights, configuration, tokenizer).</summary>
    string Identity { get; }

    /// <summary>
    /// The arithmetic that decides the last bits of the logits, for example "avx512/bfloat16": logits are the same bits only
    /// under the same name. At most 255 bytes of UTF-8.
    /// </summary>
    string Numerics { get; }

    /// <summary>Runs over a whole sequence at once and hands out logits in ascending order of position, from the calling thread.</summary>
    /// <param name="tokens">1 to <see cref="ContextLength"/> tokens; the first has position 0.</param>
    /// <param name="firstPosition">Logits are wanted from this position on; those before it need not be computed.</param>
    /// <param name="receive">Called once for each position from <paramref name="firstPosition"/> to the last, so that only some logits are held at a time.</param>
    void PredictAll(ReadOnlySpan<int> tokens, int firstPosition, LogitsConsumer receive);

    /// <summary>A fresh sequence at position 0, to be fed step by step.</summary>
    ITokenStepper Begin();
}

/// <summary>A sequence that grows, with what the model remembers of it.</summary>
public interface ITokenStepper : IDisposable
{
    /// <summary>Appends tokens and gives the logits after the last of them.</summary>
    /// <param name="tokens">At least one; together with those before, at most the predictor's ContextLength.</param>
    /// <returns>[vocabulary]; valid until the next call.</returns>
    ReadOnlySpan<float> Append(scoped ReadOnlySpan<int> tokens);
}
