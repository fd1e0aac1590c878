namespace Foretell.World;

/// <summary>The shares of the kinds in a corpus, as weights of 0 or more, not all 0.</summary>
public sealed record WorldMixture
{
    private readonly int[] _weights;

    /// <exception cref="ArgumentException">A weight is negative, or all are 0.</exception>
    public WorldMixture(int stories, int dialogues, int questions, int sums, int detectives)
    {
        _weights = [stories, dialogues, questions, sums, detectives];
        if (_weights.Any(weight => weight < 0) || _weights.Sum() == 0)
        {
            throw new ArgumentException("The weights of a mixture must be 0 or more, and one of them above 0.");
        }
        (Stories, Dialogues, Questions, Sums, Detectives) = (stories, dialogues, questions, sums, detectives);
    }

    public int Stories { get; }
    public int Dialogues { get; }
    public int Questions { get; }
    public int Sums { get; }
    public int Detectives { get; }

    /// <summary>Stories the most, then detective stories and questions.</summary>
    public static WorldMixture Default { get; } = new(stories: 36, dialogues: 12, questions: 18, sums: 10, detectives: 24);

    public bool Equals(WorldMixture? other) => other is not null && _weights.AsSpan().SequenceEqual(other._weights);

    public override int GetHashCode() => HashCode.Combine(Stories, Dialogues, Questions, Sums, Detectives);

    internal DocumentKind KindOf(SeededRandom random)
    {
        int point = random.Below(_weights.Sum());
        int kind = 0;
        while (point >= _weights[kind])
        {
            point -= _weights[kind++];
        }
        return (DocumentKind)kind;
    }
}
