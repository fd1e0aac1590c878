using Foretell.Tensors;

namespace Foretell.Training;

/// <summary>Weights for a vocabulary that got more tokens.</summary>
internal static class VocabularyGrowth
{
    /// <summary>
    /// Copies a parameter. Rows that the source lacks become the mean of the rows that had a token: a new token is then at first
    /// as likely as tokens are on average, and disturbs nothing (Hewitt 2021, <see href="https://nlp.stanford.edu/~johnhew/vocab-expansion.html"/>).
    /// </summary>
    /// <param name="source">[rows, ...] in any type.</param>
    /// <param name="destination">Of the same lengths, or with more rows.</param>
    /// <param name="used">Rows that had a token.</param>
    public static void Copy(Tensor source, Tensor destination, int used)
    {
        float[] values = source.ToArray();
        if (destination.Shape.ElementCount == values.Length)
        {
            destination.CopyFrom(values);
            return;
        }
        int width = destination.Shape.Last;
        double[] sum = new double[width];
        for (int i = 0; i < used * width; i++)
        {
            sum[i % width] += values[i];
        }
        float[] grown = new float[destination.Shape.ElementCount];
        values.CopyTo(grown, 0);
        for (int i = values.Length; i < grown.Length; i++)
        {
            grown[i] = (float)(sum[i % width] / used);
        }
        destination.CopyFrom(grown);
    }
}
