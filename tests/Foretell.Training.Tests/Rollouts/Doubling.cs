using System.Globalization;
using Foretell.Tensors;
using Foretell.World;
using Foretell.World.Environments;

namespace Foretell.Training.Tests;

/// <summary>Twice a number, modulo ten so that the answer is one digit: level 1 below 10, level 2 below 100. Held out: what leaves 3 modulo 7.</summary>
internal sealed class Doubling(string name = "doubling") : IEnvironment
{
    public string Name => name;

    public string Description => "Twice a number, its last digit.";

    public int Levels => 2;

    public Problem Generate(ulong seed, int level, WorldSplit split)
    {
        var random = new SeededRandom(seed);
        int number;
        do
        {
            number = random.NextInt(level == 1 ? 10 : 100);
        }
        while (number % 7 == 3 != (split != WorldSplit.Training));
        return new Problem(Name, level, number.ToString(CultureInfo.InvariantCulture), "", (2 * number % 10).ToString(CultureInfo.InvariantCulture));
    }

    public Verdict Verify(Problem problem, string answer) => answer == problem.Answer ? new Verdict(true) : new Verdict(false, "wrong");
}
