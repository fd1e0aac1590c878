using System.Text.Json.Nodes;

namespace Foretell.Training.Tests;

/// <summary>Formulas against golden/reinforcement/losses.json, which PyTorch made.</summary>
public sealed class LossTests
{
    private static readonly JsonNode s_golden = Read();

    public static TheoryData<int> Four => [0, 1, 2, 3];

    public static TheoryData<int> Two => [0, 1];

    [Theory]
    [MemberData(nameof(Four))]
    public void GroupRelative_OfEachVariant_HasThePapersLossAndGradient(int index)
    {
        JsonNode expected = s_golden["grpo"]![index]!;
        var recipe = new GroupRelativeRecipe
        {
            Advantage = Enum.Parse<AdvantageKind>((string)expected["advantage"]!),
            LossScale = Enum.Parse<LossScale>((string)expected["lossScale"]!),
            ClipLow = (double)expected["clipLow"]!,
            ClipHigh = (double)expected["clipHigh"]!,
            KlCoefficient = (double)expected["klCoefficient"]!,
            MaximumTokens = (int)s_golden["limit"]!,
        };
        JsonArray groups = s_golden["now"]!.AsArray();
        int answers = groups.Sum(group => group!.AsArray().Count);
        double tokens = groups.Sum(group => group!.AsArray().Sum(answer => answer!.AsArray().Count));
        double loss = 0;
        bool sawClipped = false;
        int leaf = 0;
        for (int group = 0; group < groups.Count; group++)
        {
            double[] advantages = GroupAdvantages.Of(Numbers(s_golden["rewards"]![group]!), recipe.Advantage);
            Equal(Numbers(expected["advantages"]![group]!), advantages);
            for (int answer = 0; answer < advantages.Length; answer++)
            {
                (double[] now, double[] old, double[] reference) = (Answer("now"), Answer("old"), Answer("reference"));
                double weight = GroupRelativePolicy.Weight(recipe, now.Length, answers, tokens);
                double[] slopes = new double[now.Length];
                for (int token = 0; token < now.Length; token++)
                {
                    (double nats, double slope, bool isClipped) = GroupRelativePolicy.TokenLoss(recipe, now[token], old[token], advantages[answer], reference[token]);
                    loss += weight * nats;
                    slopes[token] = weight * slope;
                    sawClipped |= isClipped;
                }
                Equal(Numbers(expected["gradients"]![leaf++]!), slopes);

                double[] Answer(string name) => Numbers(s_golden[name]![group]![answer]!);
            }
        }
        Assert.Equal((double)expected["loss"]!, loss, 1e-12);
        Assert.True(sawClipped);
    }

    [Theory]
    [MemberData(nameof(Two))]
    public void Proximal_OfPolicyAndValues_HasThePapersLossesAndGradients(int index)
    {
        JsonNode expected = s_golden["ppo"]![index]!;
        var recipe = new ProximalRecipe { ClipLow = (double)expected["clipLow"]!, ClipHigh = (double)expected["clipHigh"]!, ValueClip = (double)expected["valueClip"]! };
        double[] now = Flat("now");
        double[] old = Flat("old");
        (double[] advantages, double[] values, double[] before, double[] returns) = (Numbers(expected["advantages"]!), Numbers(expected["values"]!), Numbers(expected["oldValues"]!), Numbers(expected["returns"]!));
        double loss = 0;
        double valueLoss = 0;
        double[] slopes = new double[now.Length];
        double[] valueSlopes = new double[now.Length];
        for (int token = 0; token < now.Length; token++)
        {
            (double nats, double slope, _) = ProximalPolicy.TokenLoss(recipe, now[token], old[token], advantages[token]);
            (double error, double valueSlope) = ProximalPolicy.ValueLoss(recipe, values[token], before[token], returns[token]);
            loss += nats / now.Length;
            slopes[token] = slope / now.Length;
            valueLoss += error / now.Length;
            valueSlopes[token] = valueSlope / now.Length;
        }
        Assert.Equal((double)expected["loss"]!, loss, 1e-12);
        Assert.Equal((double)expected["valueLoss"]!, valueLoss, 1e-12);
        Equal(Numbers(expected["gradients"]!), slopes);
        Equal(Numbers(expected["valueGradients"]!), valueSlopes);

        static double[] Flat(string name) => [.. s_golden[name]!.AsArray().SelectMany(group => group!.AsArray()).SelectMany(answer => Numbers(answer!))];
    }

    [Theory]
    [MemberData(nameof(Four))]
    public void GeneralizedAdvantages_OfAnEpisode_AreTheDirectSum(int index)
    {
        JsonNode expected = s_golden["gae"]![index]!;
        float[] values = Array.ConvertAll(Numbers(expected["values"]!), value => (float)value);
        (double[] advantages, double[] returns) = GeneralizedAdvantages.Of(Numbers(expected["rewards"]!), values, (double)expected["discount"]!, (double)expected["decay"]!);
        double[] wanted = Numbers(expected["advantages"]!);
        for (int token = 0; token < wanted.Length; token++)
        {
            Assert.Equal(wanted[token], advantages[token], 1e-6);
            Assert.Equal(advantages[token] + values[token], returns[token], 1e-12);
        }
    }

    [Fact]
    public void GroupAdvantages_OfEqualRewards_AreZero()
    {
        foreach (AdvantageKind kind in Enum.GetValues<AdvantageKind>())
        {
            Assert.Equal([0, 0, 0], GroupAdvantages.Of([0.1 + 0.2, 0.3, 0.3], kind));
            Assert.Contains(GroupAdvantages.Of([0.3, 0.31, 0.3], kind), advantage => advantage > 0);
        }
    }

    [Fact]
    public void Divergence_InTheMean_IsTheDistributionsOwn()
    {
        double[] policy = [0.5, 0.3, 0.2];
        double[] reference = [0.2, 0.3, 0.5];
        double exact = policy.Zip(reference, (p, q) => p * Math.Log(p / q)).Sum();
        Assert.Equal(exact, Mean(Divergence.Plain), 1e-12);
        Assert.Equal(exact, Mean(Divergence.Positive), 1e-12);
        Assert.Equal((Divergence.Positive(-1 + 1e-6, -2) - Divergence.Positive(-1 - 1e-6, -2)) / 2e-6, Divergence.PositiveSlope(-1, -2), 1e-6);

        double Mean(Func<double, double, double> estimate) => policy.Zip(reference, (p, q) => p * estimate(Math.Log(p), Math.Log(q))).Sum();
    }

    [Theory]
    [InlineData(12, 1.02)]
    [InlineData(6.3, 1.005)]
    [InlineData(0, 0.98)]
    public void KlController_AfterAStep_MovesBetaAsZieglerDoes(double divergence, double factor) =>
        Assert.Equal(0.3 * factor, new KlController(target: 6, gain: 0.1).Next(0.3, divergence), 1e-12);

    [Fact]
    public void Whitening_OfRows_GivesDeviationOne()
    {
        double[][] rows = [[1, 2, 3], [10]];
        Whitening.Apply(rows, keepMean: true);
        double[] all = [.. rows.SelectMany(row => row)];
        Assert.Equal(4, all.Average(), 1e-6);
        Assert.Equal(1, all.Average(value => (value - 4) * (value - 4)), 1e-6);
        Whitening.Apply(rows, keepMean: false);
        Assert.Equal(0, rows.SelectMany(row => row).Average(), 1e-6);
        Assert.Equal(1, Whitening.ExplainedVariance([1, 2, 3], [1, 2, 3]), 1e-12);
        Assert.Equal(0, Whitening.ExplainedVariance([1, 2, 3], [7, 7, 7]), 1e-12);
        Assert.Equal(-3, Whitening.ExplainedVariance([1, 2, 3], [3, 2, 1]), 1e-12);
    }

    private static void Equal(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-12);
        }
    }

    private static double[] Numbers(JsonNode node) => [.. node.AsArray().Select(value => (double)value!)];

    private static JsonNode Read()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Foretell.slnx")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("not run from inside a checkout");
        }
        return JsonNode.Parse(File.ReadAllText(Path.Combine(folder.FullName, "golden", "reinforcement", "losses.json")))!;
    }
}
