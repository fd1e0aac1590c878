using System.Text.Json;

namespace Foretell.Training.Tests;

/// <summary>Losses and gradients against PyTorch's: golden/preferences/losses.json.</summary>
public sealed class PreferenceLossTests
{
    private const double Tolerance = 1e-10;

    private readonly JsonElement _golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFile())).RootElement;

    [Fact]
    public void Loss_OfEveryGoldenCase_EqualsPyTorchsLossAndGradients()
    {
        var seen = new HashSet<string>();
        foreach (JsonElement golden in _golden.GetProperty("cases").EnumerateArray())
        {
            string name = golden.GetProperty("name").GetString()!;
            seen.Add(name);
            JsonElement options = golden.GetProperty("options");
            double total = 0;
            int index = 0;
            foreach (JsonElement pair in _golden.GetProperty("pairs").EnumerateArray())
            {
                (double loss, double[] chosen, double[] rejected) = name switch
                {
                    "dpo" or "ipo" => Direct(name, options, pair),
                    "kto" => Labelled(options, pair),
                    _ => Odds(options, pair),
                };
                total += loss / 4;
                JsonElement gradients = golden.GetProperty("gradients")[index++];
                Equal(Numbers(gradients.GetProperty("chosen")), chosen, $"{name} {options}");
                Equal(Numbers(gradients.GetProperty("rejected")), rejected, $"{name} {options}");
            }
            Assert.Equal(golden.GetProperty("loss").GetDouble(), total, Tolerance);
        }
        Assert.Equal(["dpo", "ipo", "kto", "orpo"], seen.Order());
    }

    private static (double, double[], double[]) Direct(string name, JsonElement options, JsonElement pair)
    {
        var recipe = new DirectPreferenceRecipe
        {
            Loss = name == "ipo" ? PreferenceLoss.Ipo : PreferenceLoss.Dpo,
            Beta = options.GetProperty("beta").GetDouble(),
            AverageTokens = options.GetProperty("averageTokens").GetBoolean(),
            LabelSmoothing = name == "dpo" ? options.GetProperty("labelSmoothing").GetDouble() : 0,
            ChosenWeight = name == "dpo" ? options.GetProperty("chosenWeight").GetDouble() : 0,
        };
        double[] chosen = Numbers(pair.GetProperty("chosen"));
        double[] rejected = Numbers(pair.GetProperty("rejected"));
        (double loss, double chosenSlope, double rejectedSlope) = DirectPreference.Loss(
            recipe,
            new AnswerSums(chosen.Sum() - Numbers(pair.GetProperty("chosenReference")).Sum(), chosen.Sum(), chosen.Length),
            new AnswerSums(rejected.Sum() - Numbers(pair.GetProperty("rejectedReference")).Sum(), rejected.Sum(), rejected.Length));
        return (loss, Spread(chosenSlope / 4, chosen), Spread(rejectedSlope / 4, rejected));
    }

    private static (double, double[], double[]) Labelled(JsonElement options, JsonElement pair)
    {
        double beta = options.GetProperty("beta").GetDouble();
        double point = options.GetProperty("point").GetDouble();
        double[] chosen = Numbers(pair.GetProperty("chosen"));
        double[] rejected = Numbers(pair.GetProperty("rejected"));
        (double good, double goodSlope) = KahnemanTversky.Loss(beta, options.GetProperty("desirableWeight").GetDouble(), chosen.Sum() - Numbers(pair.GetProperty("chosenReference")).Sum(), point, isDesirable: true);
        (double bad, double badSlope) = KahnemanTversky.Loss(beta, options.GetProperty("undesirableWeight").GetDouble(), rejected.Sum() - Numbers(pair.GetProperty("rejectedReference")).Sum(), point, isDesirable: false);
        return ((good + bad) / 2, Spread(goodSlope / 8, chosen), Spread(badSlope / 8, rejected));
    }

    private static (double, double[], double[]) Odds(JsonElement options, JsonElement pair)
    {
        double[] chosen = Numbers(pair.GetProperty("chosen"));
        double[] rejected = Numbers(pair.GetProperty("rejected"));
        (double loss, double chosenSlope, double rejectedSlope) = OddsRatio.Loss(options.GetProperty("oddsWeight").GetDouble(), chosen.Average(), rejected.Average());
        return (loss, Spread(chosenSlope / chosen.Length / 4, chosen), Spread(rejectedSlope / rejected.Length / 4, rejected));
    }

    private static double[] Spread(double slope, double[] tokens) => [.. tokens.Select(_ => slope)];

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetDouble())];

    private static void Equal(double[] expected, double[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) < Tolerance, $"{what}: {actual[i]} against {expected[i]}");
        }
    }

    private static string GoldenFile()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Foretell.slnx")))
        {
            folder = folder.Parent;
        }
        return Path.Combine(folder!.FullName, "golden", "preferences", "losses.json");
    }
}
