using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors.Autograd;

namespace Foretell.Inference;

/// <summary>
/// A value function over paths of thought: the probability that a path's answer will be right, given the question, what has
/// been written so far, and how surely (<see cref="PathHead"/>). Safe to use from many threads; they read one after another.
/// </summary>
/// <param name="trunk">Its hidden states are what is read; stays the caller's. Of the policy's vocabulary.</param>
/// <param name="head">Stays the caller's.</param>
public sealed class PathJudge(Transformer trunk, PathHead head)
{
    private readonly Lock _reading = new();

    /// <summary>Begins to read a path.</summary>
    /// <param name="capacity">The most tokens that it will have, the prompt's among them; no more than the trunk's context are read.</param>
    public PathReading Begin(int capacity) => new(this, trunk.NewCache(capacity));

    internal double Read(ReadOnlySpan<int> tokens, KeyValueCache cache, PathConfidence confidence)
    {
        lock (_reading)
        {
            using var tape = new Tape(trunk.Device, recording: false);
            // [tokens, channels], of which the last row alone is scored.
            Foretell.Tensors.Tensor hidden = trunk.Hidden(tape, TokenBatch.Single(tokens, cache.Length), cache);
            float score = head.State.Forward(tape, tape.Slice(hidden, 0, tokens.Length - 1, 1)).ToArray()[0];
            return 1 / (1 + Math.Exp(-(score + head.Score(confidence))));
        }
    }
}

/// <summary>A path as far as its judge has read it. One thread at a time.</summary>
public sealed class PathReading : IDisposable
{
    private readonly PathJudge _judge;
    private readonly KeyValueCache _cache;

    internal PathReading(PathJudge judge, KeyValueCache cache) => (_judge, _cache) = (judge, cache);

    private PathConfidence _confidence;

    /// <summary>Reads on, and judges what has been read.</summary>
    /// <param name="tokens">At least one: the prompt's first, then what was written since.</param>
    /// <param name="logProbabilities">Of those that the policy drew, in nats; forced ones are left out.</param>
    /// <returns>The probability that the path will end in a right answer, in (0, 1).</returns>
    /// <exception cref="InvalidOperationException">The path is longer than the trunk's context.</exception>
    public double Read(ReadOnlySpan<int> tokens, ReadOnlySpan<float> logProbabilities)
    {
        foreach (float logProbability in logProbabilities)
        {
            _confidence = _confidence.With(logProbability);
        }
        return _judge.Read(tokens, _cache, _confidence);
    }

    public void Dispose() => _cache.Dispose();
}
