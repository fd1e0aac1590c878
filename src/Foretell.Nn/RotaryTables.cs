using Foretell.Tensors;

namespace Foretell.Nn;

/// <summary>How rotary frequencies are stretched for contexts longer than trained on.</summary>
/// <param name="Factor">How many times longer.</param>
/// <param name="LowFrequencyFactor">Wavelengths longer than OriginalContext / this are slowed by the whole factor.</param>
/// <param name="HighFrequencyFactor">Wavelengths shorter than OriginalContext / this stay.</param>
/// <param name="OriginalContext">The context that was trained on.</param>
public readonly record struct Llama3RotaryScaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalContext);

/// <summary>The cosines and sines that <see cref="Foretell.Tensors.Autograd.Tape.Rotary"/> turns by: angle = position · base^(-2i / headSize) (Su et al. 2021).</summary>
public sealed class RotaryTables
{
    /// <param name="scope">Owns the tables.</param>
    /// <param name="positions">Number of positions.</param>
    /// <param name="headSize">Elements of a head, even.</param>
    /// <param name="frequencyBase">10,000 in the paper; larger for long contexts.</param>
    /// <param name="scaling">Llama 3.1's stretching, or null.</param>
    public RotaryTables(TensorScope scope, int positions, int headSize, double frequencyBase, Llama3RotaryScaling? scaling = null)
    {
        int half = headSize / 2;
        float[] cosines = new float[(long)positions * half];
        float[] sines = new float[(long)positions * half];
        for (int i = 0; i < half; i++)
        {
            double frequency = Math.Pow(frequencyBase, -2.0 * i / headSize);
            if (scaling is Llama3RotaryScaling stretch)
            {
                frequency = Stretch(frequency, stretch);
            }
            for (int position = 0; position < positions; position++)
            {
                cosines[position * half + i] = (float)Math.Cos(position * frequency);
                sines[position * half + i] = (float)Math.Sin(position * frequency);
            }
        }
        Cosines = scope.From(cosines, [positions, half]);
        Sines = scope.From(sines, [positions, half]);
    }

    /// <summary>[positions, headSize / 2].</summary>
    public Tensor Cosines { get; }

    /// <summary>[positions, headSize / 2].</summary>
    public Tensor Sines { get; }

    private static double Stretch(double frequency, Llama3RotaryScaling scaling)
    {
        double wavelengths = scaling.OriginalContext * frequency / (2 * Math.PI);
        double smooth = Math.Clamp((wavelengths - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor), 0, 1);
        return (1 - smooth) * frequency / scaling.Factor + smooth * frequency;
    }
}
