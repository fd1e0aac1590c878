namespace Foretell.World.Environments;

/// <summary>What an environment draws from: randomness, and the names that the split allows.</summary>
internal sealed class ProblemDraw(SeededRandom random, WorldSplit split)
{
    // One problem in eight is withheld where an environment has no rule of its own.
    private const int WithheldShare = 8;

    public SeededRandom Random { get; } = random;

    public WorldSplit Split { get; } = split;

    /// <summary>So many different people, girls and boys mixed.</summary>
    public Person[] People(int count)
    {
        var draw = new WorldDraw(Random, Split);
        var people = new Person[count];
        for (int i = 0; i < count; i++)
        {
            people[i] = draw.Person(i);
        }
        return people;
    }

    /// <summary>So many different items, in a random order.</summary>
    public T[] Several<T>(IReadOnlyList<T> from, int count)
    {
        T[] items = [.. from];
        Random.Shuffle<T>(items);
        return items[..count];
    }

    /// <summary>So many different numbers from low to high, in a random order.</summary>
    public int[] Numbers(int count, int low, int high)
    {
        var numbers = new List<int>(count);
        while (numbers.Count < count)
        {
            int number = Random.Between(low, high);
            if (!numbers.Contains(number))
            {
                numbers.Add(number);
            }
        }
        return [.. numbers];
    }

    /// <summary>Whether training never asks what the numbers stand for. The order counts.</summary>
    public static bool IsWithheld(string environment, params ReadOnlySpan<int> numbers)
    {
        ulong hash = Hash(environment);
        foreach (int number in numbers)
        {
            hash = SeededRandom.Combine(hash, (ulong)(uint)number);
        }
        return hash % WithheldShare == 0;
    }

    /// <summary>Whether training never asks what the words stand for.</summary>
    public static bool IsWithheld(string environment, string words) =>
        SeededRandom.Combine(Hash(environment), Hash(words)) % WithheldShare == 0;

    /// <summary>A hash that is the same on every machine (FNV-1a, 64 bits, over UTF-16 units), mixed.</summary>
    public static ulong Hash(string words)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in words)
        {
            hash = (hash ^ c) * 0x100000001B3;
        }
        return SeededRandom.Combine(hash, (ulong)words.Length);
    }
}
