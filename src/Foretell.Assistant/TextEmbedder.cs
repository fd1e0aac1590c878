using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Assistant;

/// <summary>
/// Texts as vectors: the mean of a text's last hidden states (after the final norm), scaled to length 1. Texts run through
/// the model side by side, and a text's vector has the same bits whichever stand beside it.
/// </summary>
/// <param name="batchTokens">About how many tokens one pass of the model reads; a longer text has a pass of its own.</param>
internal sealed class TextEmbedder(Transformer model, int batchTokens)
{
    /// <summary>One vector a text.</summary>
    /// <param name="texts">Each at least one token beyond <paramref name="leading"/> and at most the context length.</param>
    /// <param name="leading">Tokens at the beginning of each text that are read and not part of the mean: what texts of the vocabulary begin with.</param>
    /// <param name="dimensions">Only the first so many numbers of the mean, in [1, channels], scaled to length 1 after the cut.</param>
    public float[][] Embed(IReadOnlyList<int[]> texts, int leading, int dimensions, CancellationToken cancellation)
    {
        float[][] vectors = new float[texts.Count][];
        for (int first = 0; first < texts.Count;)
        {
            cancellation.ThrowIfCancellationRequested();
            int end = first + 1;
            for (int tokens = texts[first].Length; end < texts.Count && tokens + texts[end].Length <= batchTokens; end++)
            {
                tokens += texts[end].Length;
            }
            EmbedTogether(texts, first, end, leading, dimensions, vectors);
            first = end;
        }
        return vectors;
    }

    private void EmbedTogether(IReadOnlyList<int[]> texts, int first, int end, int leading, int dimensions, float[][] vectors)
    {
        var ids = new List<int>();
        var positions = new List<int>();
        var segments = new List<(int Start, int Length)>();
        for (int text = first; text < end; text++)
        {
            segments.Add((ids.Count, texts[text].Length));
            ids.AddRange(texts[text]);
            positions.AddRange(Enumerable.Range(0, texts[text].Length));
        }
        using var tape = new Tape(model.Device, recording: false);
        Tensor hidden = model.Hidden(tape, new TokenBatch([.. ids], [.. positions], segments)); // [tokens, channels]
        float[] states = hidden.ToArray();
        for (int text = first; text < end; text++)
        {
            (int start, int length) = segments[text - first];
            vectors[text] = UnitMean(states, start + leading, length - leading, dimensions);
        }
    }

    private float[] UnitMean(float[] states, int start, int tokens, int dimensions)
    {
        int channels = model.Config.Channels;
        double[] sums = new double[dimensions];
        for (int token = start; token < start + tokens; token++)
        {
            ReadOnlySpan<float> state = states.AsSpan(token * channels, dimensions);
            for (int i = 0; i < dimensions; i++)
            {
                sums[i] += state[i];
            }
        }
        // The division by the number of tokens would not survive the scaling to length 1.
        double length = 0;
        foreach (double sum in sums)
        {
            length += sum * sum;
        }
        length = Math.Sqrt(length);
        if (!double.IsFinite(length) || length == 0)
        {
            throw new InvalidDataException("The model's hidden states for a text are zero or not finite, so they have no direction; its weights are damaged.");
        }
        float[] unit = new float[dimensions];
        for (int i = 0; i < dimensions; i++)
        {
            unit[i] = (float)(sums[i] / length);
        }
        return unit;
    }
}
