namespace Foretell.World;

/// <summary>
/// Draws names, coloured things and numbers for one document, and keeps the split: training never draws what is held out,
/// held-out documents draw it first.
/// </summary>
internal sealed class WorldDraw(SeededRandom random, WorldSplit split)
{
    private readonly List<string> _names = [];
    private readonly List<ThingKind> _kinds = [];

    public SeededRandom Random { get; } = random;
    public WorldSplit Split { get; } = split;

    /// <summary>True until a held-out document has drawn its first held-out combination.</summary>
    public bool OwesHeldOut { get; private set; } = split == WorldSplit.HeldOut;

    /// <summary>Someone not yet drawn.</summary>
    public Person Person(int index) => Person(index, Random.OneIn(2));

    public Person Person(int index, bool female)
    {
        string[] names = (Split == WorldSplit.HeldOutNames, female) switch
        {
            (false, false) => People.Boys,
            (false, true) => People.Girls,
            (true, false) => People.HeldOutBoys,
            (true, true) => People.HeldOutGirls,
        };
        string name;
        do
        {
            name = Random.Pick(names);
        }
        while (_names.Contains(name));
        _names.Add(name);
        return new Person(index, name, female);
    }

    /// <summary>A thing of a kind that the document does not have yet, with a colour.</summary>
    public Thing Coloured(ThingKind[] kinds)
    {
        ThingKind kind = Fresh(kinds);
        return new Thing(kind, Colour(kind));
    }

    /// <summary>A thing of a kind that the document does not have yet, whose colour the world leaves open.</summary>
    public Thing Colourless(ThingKind[] kinds) => new(Fresh(kinds), null);

    /// <summary>A thing that has a colour four times out of five.</summary>
    public Thing Some(ThingKind[] kinds) => OwesHeldOut || !Random.OneIn(5) ? Coloured(kinds) : Colourless(kinds);

    /// <summary>A colour for the kind, other than <paramref name="except"/>.</summary>
    public string Colour(ThingKind kind, string? except = null)
    {
        if (OwesHeldOut && HeldOut.ColourOf(kind) != except)
        {
            OwesHeldOut = false;
            return HeldOut.ColourOf(kind);
        }
        string colour;
        do
        {
            colour = Random.Pick(HeldOut.ColourNames);
        }
        while (colour == except || (Split != WorldSplit.HeldOut && colour == HeldOut.ColourOf(kind)));
        return colour;
    }

    /// <summary>A number from low to high that the split allows.</summary>
    public int Number(int low, int high)
    {
        int number;
        do
        {
            number = Random.Between(low, high);
        }
        while (Split != WorldSplit.HeldOut && HeldOut.IsNumber(number));
        return number;
    }

    /// <summary>
    /// Two numbers of at least <paramref name="least"/> whose sum is at most <paramref name="greatest"/>: neither they, their
    /// sum nor their pair is held out, unless the split is.
    /// </summary>
    public (int Left, int Right) Addends(int least, int greatest)
    {
        while (true)
        {
            int sum = Random.Between(2 * least, greatest);
            int left = Random.Between(least, sum - least);
            if (AllowsAddition(left, sum - left))
            {
                return (left, sum - left);
            }
        }
    }

    /// <summary>A number r with low &lt;= r &lt;= high such that whole - r = rest is an allowed subtraction; at worst, low.</summary>
    public int? PartOf(int whole, int low, int high)
    {
        for (int attempt = 0; attempt < 20 && low <= high; attempt++)
        {
            int part = Random.Between(low, high);
            if (AllowsAddition(whole - part, part))
            {
                return part;
            }
        }
        return null;
    }

    public bool AllowsAddition(int left, int right) =>
        Split == WorldSplit.HeldOut
        || !(HeldOut.IsNumber(left) || HeldOut.IsNumber(right) || HeldOut.IsNumber(left + right) || HeldOut.IsAddition(left, right));

    private ThingKind Fresh(ThingKind[] kinds)
    {
        ThingKind kind;
        do
        {
            kind = Random.Pick(kinds);
        }
        while (_kinds.Contains(kind));
        _kinds.Add(kind);
        return kind;
    }
}
