namespace Foretell.Data;

/// <summary>A conversation as a model learns it.</summary>
/// <param name="Ids">[tokens].</param>
/// <param name="Weights">[tokens]: how much it counts that the token is foretold from those before it; 0 for the first one and for all that the assistant does not say.</param>
/// <param name="Place">Where it came from: "FILE, line 7".</param>
public sealed record ChatExample(int[] Ids, float[] Weights, string Place)
{
    /// <summary>Rows of a pass that it takes: a token is foretold from each but the last.</summary>
    public int Length => Ids.Length - 1;

    /// <summary>The number of tokens that count.</summary>
    public int TargetCount => Weights.Count(weight => weight > 0);
}
