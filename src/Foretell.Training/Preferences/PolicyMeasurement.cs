namespace Foretell.Training;

/// <summary>What an objective needs to know of an answer.</summary>
/// <param name="LogRatio">log π(y|x) - log π_ref(y|x), in nats.</param>
/// <param name="LogProbability">log π(y|x), in nats.</param>
/// <param name="Tokens">Its tokens, the end of its turn included.</param>
internal readonly record struct AnswerSums(double LogRatio, double LogProbability, int Tokens);

/// <summary>An answer's log-probabilities under the policy and the reference.</summary>
/// <param name="Policy">[tokens of the answer], in nats.</param>
/// <param name="Reference">[tokens of the answer], in nats.</param>
internal readonly record struct AnswerLogRatio(float[] Policy, float[] Reference)
{
    /// <summary>log π(y|x) - log π_ref(y|x), in nats.</summary>
    public double Sum
    {
        get
        {
            double sum = 0;
            for (int token = 0; token < Policy.Length; token++)
            {
                sum += (double)Policy[token] - Reference[token];
            }
            return sum;
        }
    }

    public AnswerSums Sums => new(Sum, Policy.Sum(value => (double)value), Policy.Length);

    /// <summary><see cref="Sum"/>, a token.</summary>
    public double Mean => Sum / Policy.Length;

    /// <summary>
    /// Mean over the answer's tokens of d²/2 with d = log π - log π_ref, in nats a token: never negative, and near the KL
    /// divergence where the two are near each other (Schulman 2020, <see href="http://joschu.net/blog/kl-approx.html"/>). The
    /// exact kind of estimate, e^d - 1 - d, holds for tokens drawn from the reference; on given answers, some of which the
    /// reference finds all but impossible, one token can outweigh all others.
    /// </summary>
    public double Kl
    {
        get
        {
            double sum = 0;
            for (int token = 0; token < Policy.Length; token++)
            {
                double difference = (double)Policy[token] - Reference[token];
                sum += difference * difference / 2;
            }
            return sum / Policy.Length;
        }
    }
}

/// <summary>Numbers of a policy on comparisons, added up one by one and averaged.</summary>
/// <param name="beta">What makes a log-ratio a reward.</param>
internal sealed class PolicyMeasurement(double beta)
{
    private int _pairs;
    private double _accuracy;
    private double _margin;
    private double _chosen;
    private double _rejected;
    private double _kl;
    private double _likelier;
    private int _truths;
    private double _trueAccuracy;

    /// <summary>Adds a comparison.</summary>
    /// <param name="isTrue">Whether the choice is right in truth, where that is known.</param>
    public void Add(AnswerLogRatio chosen, AnswerLogRatio rejected, bool? isTrue)
    {
        _pairs++;
        double margin = beta * (chosen.Sum - rejected.Sum);
        _accuracy += margin > 0 ? 1 : margin == 0 ? 0.5 : 0;
        _margin += margin;
        _chosen += chosen.Mean;
        _rejected += rejected.Mean;
        _kl += (chosen.Kl + rejected.Kl) / 2;
        double likelier = Mean(chosen.Policy) - Mean(rejected.Policy);
        _likelier += likelier > 0 ? 1 : likelier == 0 ? 0.5 : 0;
        if (isTrue is bool truth)
        {
            _truths++;
            _trueAccuracy += margin == 0 ? 0.5 : margin > 0 == truth ? 1 : 0;
        }
    }

    /// <summary>The means by name: Accuracy (of the implied rewards), LikelierAccuracy (of log-probability a token), Margin, ChosenLogRatio and RejectedLogRatio (nats a token), Kl, Pairs.</summary>
    /// <param name="prefix">What names begin with, such as "heldOut"; without one they begin in lower case.</param>
    public Dictionary<string, double> Values(string prefix)
    {
        string Name(string name) => prefix.Length > 0 ? prefix + name : char.ToLowerInvariant(name[0]) + name[1..];
        if (_pairs == 0)
        {
            return [];
        }
        var values = new Dictionary<string, double>
        {
            [Name("Accuracy")] = _accuracy / _pairs,
            [Name("LikelierAccuracy")] = _likelier / _pairs,
            [Name("Margin")] = _margin / _pairs,
            [Name("ChosenLogRatio")] = _chosen / _pairs,
            [Name("RejectedLogRatio")] = _rejected / _pairs,
            [Name("Kl")] = _kl / _pairs,
            [Name("Pairs")] = _pairs,
        };
        if (_truths == _pairs)
        {
            values[Name("TrueAccuracy")] = _trueAccuracy / _pairs;
        }
        return values;
    }

    private static double Mean(float[] values) => values.Average(value => (double)value);
}
