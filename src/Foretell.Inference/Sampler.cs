using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Inference;

/// <summary>
/// Draws one answer's tokens. The draw at a position is a pure function of the seed, the position, the scores and the
/// tokens before. It goes over the vocabulary a few times, sixteen scores at once, and never sorts it.
/// The order: penalties and biases, the mask, the temperature, then min-p, top-k and top-p (measured on the whole
/// distribution), each of which may only take tokens away; of equally likely tokens the smaller id comes first.
/// </summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly int _vocabulary;
    private readonly HashSet<int> _seen = [];
    private readonly Dictionary<int, int> _written = [];
    private SamplerScratch? _scratch;

    /// <param name="vocabularySize">The most scores that a draw is given.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or a bias names an id outside the vocabulary.</exception>
    public Sampler(SamplingOptions options, int vocabularySize)
    {
        options.Validate();
        foreach (int id in options.LogitBias.Keys)
        {
            if (id >= vocabularySize)
            {
                throw new ArgumentException(FormattableString.Invariant($"sampling: a logit bias is given for token {id}; the model's ids end at {vocabularySize - 1}."));
            }
        }
        _options = options;
        _vocabulary = vocabularySize;
    }

    /// <summary>Says that a token is part of the prompt: the repetition penalty counts it.</summary>
    public void ObservePrompt(int id)
    {
        if (_options.RepetitionPenalty != 1)
        {
            _seen.Add(id);
        }
    }

    /// <summary>Says that a token is part of the answer: all penalties count it.</summary>
    public void Observe(int id)
    {
        ObservePrompt(id);
        if (_options.PresencePenalty != 0 || _options.FrequencyPenalty != 0)
        {
            _written[id] = _written.GetValueOrDefault(id) + 1;
        }
    }

    /// <summary>The next token.</summary>
    /// <param name="logits">[vocabulary], the model's scores.</param>
    /// <param name="position">Tokens generated before.</param>
    /// <param name="allowed">A bit a token that may be drawn; empty allows all.</param>
    /// <exception cref="InvalidDataException">A score is not a number or infinitely large, or no token may be drawn.</exception>
    public int Next(ReadOnlySpan<float> logits, int position, ReadOnlySpan<ulong> allowed = default) =>
        Next(logits, position, allowed, _scratch ??= new SamplerScratch(_vocabulary));

    internal int Next(ReadOnlySpan<float> logits, int position, ReadOnlySpan<ulong> allowed, SamplerScratch scratch)
    {
        if (_seen.Count > 0 || _written.Count > 0 || _options.LogitBias.Count > 0 || !allowed.IsEmpty)
        {
            Span<float> adjusted = scratch.Scores.AsSpan(0, logits.Length);
            logits.CopyTo(adjusted);
            Adjust(adjusted);
            Mask(adjusted, allowed);
            logits = adjusted;
        }
        int best = TokenScores.Largest(logits);
        if (best < 0)
        {
            throw new InvalidDataException(FormattableString.Invariant($"The model's score of token {~best} is not a number: its weights are damaged, or its training failed."));
        }
        if (!float.IsFinite(logits[best]))
        {
            throw new InvalidDataException(float.IsPositiveInfinity(logits[best])
                ? FormattableString.Invariant($"The model's score of token {best} is infinite: its weights are damaged, or its training failed.")
                : "No token may be drawn: the mask, or the model's scores, rule all of them out.");
        }
        return _options.Temperature == 0 ? best : Draw(logits, logits[best], position, scratch);
    }

    private void Adjust(Span<float> scores)
    {
        foreach (int id in _seen)
        {
            if (id < scores.Length)
            {
                scores[id] = (float)(scores[id] > 0 ? scores[id] / _options.RepetitionPenalty : scores[id] * _options.RepetitionPenalty);
            }
        }
        foreach ((int id, int times) in _written)
        {
            if (id < scores.Length)
            {
                scores[id] = (float)(scores[id] - times * _options.FrequencyPenalty - _options.PresencePenalty);
            }
        }
        foreach ((int id, double bias) in _options.LogitBias)
        {
            if (id < scores.Length)
            {
                scores[id] = (float)(scores[id] + bias);
            }
        }
    }

    private static void Mask(Span<float> scores, ReadOnlySpan<ulong> allowed)
    {
        if (allowed.IsEmpty)
        {
            return;
        }
        for (int start = 0; start < scores.Length; start += 64)
        {
            ulong bits = start / 64 < allowed.Length ? allowed[start / 64] : 0;
            Span<float> part = scores.Slice(start, Math.Min(64, scores.Length - start));
            if (bits == 0)
            {
                part.Fill(float.NegativeInfinity);
            }
            else if (bits != ulong.MaxValue)
            {
                for (int bit = 0; bit < part.Length; bit++)
                {
                    if ((bits >> bit & 1) == 0)
                    {
                        part[bit] = float.NegativeInfinity;
                    }
                }
            }
        }
    }

    private int Draw(ReadOnlySpan<float> scores, float largest, int position, SamplerScratch scratch)
    {
        // Below this a division could give 0 / 0; the distribution is on the likeliest tokens alone long before.
        float temperature = MathF.Max((float)_options.Temperature, 1e-30f);
        Span<float> weights = scratch.Weights.AsSpan(0, scores.Length);
        Span<float> sums = scratch.Sums.AsSpan(0, TokenScores.BlockCount(scores.Length));
        Span<float> maxima = scratch.Maxima.AsSpan(0, sums.Length);
        TokenScores.Weights(scores, largest, temperature, weights, sums, maxima);
        double total = 0;
        foreach (float sum in sums)
        {
            total += sum;
        }
        double uniform = new SeededRandom(_options.Seed).Fork("token", position).NextDouble();
        if (_options.TopK == 0 && _options.TopP >= 1 && _options.MinP == 0)
        {
            return FromAll(weights, sums, uniform * total);
        }
        ReadOnlySpan<int> kept = Keep(weights, maxima, total, scratch);
        double mass = 0;
        foreach (int id in kept)
        {
            mass += weights[id];
        }
        return FromKept(weights, kept, uniform * mass);
    }

    /// <summary>The ids that all filters keep, ascending.</summary>
    private ReadOnlySpan<int> Keep(ReadOnlySpan<float> weights, Span<float> maxima, double total, SamplerScratch scratch)
    {
        // The likeliest token weighs 1. What weighs less than every vocabulary's share of 1 - p holds, all together, less
        // than 1 - p, so no nucleus reaches it (a percent covers the rounding of the sums).
        double threshold = Math.Max((float)_options.MinP, _options.TopP < 1 ? 0.99 * (1 - _options.TopP) * total / weights.Length : 0);
        if (_options.TopK > 0 && _options.TopK <= maxima.Length)
        {
            // As many tokens as there are blocks above it weigh at least the k-th largest of the blocks' maxima.
            maxima.Sort();
            threshold = Math.Max(threshold, maxima[^_options.TopK]);
        }
        Span<int> candidates = scratch.Candidates.AsSpan(0, TokenScores.AtLeast(weights, (float)threshold, scratch.Candidates));
        var order = new LikeliestFirst(weights);
        if (_options.TopK > 0 && candidates.Length > _options.TopK)
        {
            candidates = order.Through(candidates, order.AtRank(Copy(candidates, scratch), _options.TopK));
        }
        if (_options.TopP < 1)
        {
            candidates = order.Through(candidates, order.AtMass(Copy(candidates, scratch), _options.TopP * total));
        }
        return candidates;
    }

    private static Span<int> Copy(ReadOnlySpan<int> candidates, SamplerScratch scratch)
    {
        candidates.CopyTo(scratch.Partitioned);
        return scratch.Partitioned.AsSpan(0, candidates.Length);
    }

    /// <summary>The token in whose share of the sum a place falls, ids ascending.</summary>
    private static int FromAll(ReadOnlySpan<float> weights, ReadOnlySpan<float> sums, double place)
    {
        int block = 0;
        int lastWithWeight = 0;
        for (; block < sums.Length; block++)
        {
            if (sums[block] > 0)
            {
                lastWithWeight = block;
                if (place < sums[block])
                {
                    break;
                }
                place -= sums[block];
            }
        }
        int start = lastWithWeight * TokenScores.BlockLength;
        int chosen = start;
        for (int id = start; id < Math.Min(weights.Length, start + TokenScores.BlockLength); id++)
        {
            if (weights[id] > 0)
            {
                chosen = id;
                if (place < weights[id])
                {
                    break;
                }
                place -= weights[id];
            }
        }
        return chosen;
    }

    private static int FromKept(ReadOnlySpan<float> weights, ReadOnlySpan<int> kept, double place)
    {
        foreach (int id in kept)
        {
            place -= weights[id];
            if (place < 0)
            {
                return id;
            }
        }
        return kept[^1];
    }
}
