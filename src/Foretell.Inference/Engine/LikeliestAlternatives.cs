namespace Foretell.Inference;

/// <summary>The few likeliest tokens of a distribution.</summary>
public static class LikeliestAlternatives
{
    /// <summary>The <paramref name="count"/> likeliest, likeliest first; of equal ones the smaller id first.</summary>
    public static IReadOnlyList<TokenAlternative> Of(ReadOnlySpan<float> logProbabilities, int count)
    {
        count = Math.Min(count, logProbabilities.Length);
        if (count == 0)
        {
            return [];
        }
        var likeliest = new TokenAlternative[count];
        int found = 0;
        float last = float.NegativeInfinity;
        for (int id = 0; id < logProbabilities.Length; id++)
        {
            float value = logProbabilities[id];
            if (found == count && !(value > last))
            {
                continue;
            }
            int at = found < count ? found++ : count - 1;
            for (; at > 0 && likeliest[at - 1].LogProbability < value; at--)
            {
                likeliest[at] = likeliest[at - 1];
            }
            likeliest[at] = new TokenAlternative(id, value);
            last = likeliest[found - 1].LogProbability;
        }
        return likeliest;
    }
}
