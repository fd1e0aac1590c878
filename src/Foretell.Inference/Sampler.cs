using Foretell.Tensors;

namespace Foretell.Inference;

/// <summary>Draws one request's tokens. The draw at a position is a pure function of the seed, the position and the scores.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly int[] _order;
    private readonly double[] _probabilities;
    private readonly HashSet<int> _seen = [];

    public Sampler(SamplingOptions options, int vocabularySize)
    {
        options.Validate();
        _options = options;
        _order = new int[vocabularySize];
        _probabilities = new double[vocabularySize];
    }

    /// <summary>Says that a token is part of the text, for the repetition penalty.</summary>
    public void Observe(int id) => _seen.Add(id);

    /// <summary>The next token.</summary>
    /// <param name="logits">[vocabulary], the model's scores.</param>
    /// <param name="position">Tokens generated before.</param>
    /// <exception cref="InvalidDataException">A score is not a number.</exception>
    public int Next(ReadOnlySpan<float> logits, int position)
    {
        bool greedy = _options.Temperature == 0;
        double temperature = greedy ? 1 : _options.Temperature;
        double maximum = double.NegativeInfinity;
        int best = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            double score = logits[id];
            if (double.IsNaN(score))
            {
                throw new InvalidDataException($"The model's score of token {id} is not a number: its weights are damaged, or its training failed.");
            }
            if (_options.RepetitionPenalty != 1 && _seen.Contains(id))
            {
                score = score > 0 ? score / _options.RepetitionPenalty : score * _options.RepetitionPenalty;
            }
            _probabilities[id] = score /= temperature;
            if (score > maximum)
            {
                maximum = score;
                best = id;
            }
        }
        if (greedy)
        {
            return best;
        }
        int count = Keep(logits.Length, maximum);
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += _probabilities[_order[i]];
        }
        double place = new SeededRandom(_options.Seed).Fork("token", position).NextDouble() * sum;
        for (int i = 0; i < count; i++)
        {
            place -= _probabilities[_order[i]];
            if (place < 0)
            {
                return _order[i];
            }
        }
        return _order[0];
    }

    /// <summary>Turns scores into probabilities (up to a factor) and puts the ids that may be drawn in front of the order, likeliest first where a filter needs that.</summary>
    private int Keep(int vocabulary, double maximum)
    {
        double total = 0;
        int count = 0;
        for (int id = 0; id < vocabulary; id++)
        {
            double probability = Math.Exp(_probabilities[id] - maximum);
            _probabilities[id] = probability;
            total += probability;
            if (probability >= _options.MinP && probability > 0)
            {
                _order[count++] = id;
            }
        }
        if (_options.TopK == 0 && _options.TopP >= 1)
        {
            return count;
        }
        double[] probabilities = _probabilities;
        _order.AsSpan(0, count).Sort((a, b) =>
        {
            int byProbability = probabilities[b].CompareTo(probabilities[a]);
            return byProbability != 0 ? byProbability : a.CompareTo(b);
        });
        if (_options.TopK > 0)
        {
            count = Math.Min(count, _options.TopK);
        }
        double held = 0;
        for (int i = 0; i < count; i++)
        {
            held += _probabilities[_order[i]];
            if (held >= _options.TopP * total)
            {
                return i + 1;
            }
        }
        return count;
    }
}
