using Foretell.Tensors;

namespace Foretell.Nn;

/// <summary>How rotary frequencies are stretched for contexts longer than trained on.</summary>
/// <param name="Factor">How many times longer.</param>
/// <param name="LowFrequencyFactor">Wavelengths longer than OriginalContext / this are slowed by the whole factor.</param>
/// <param name="HighFrequencyFactor">Wavelengths shorter than OriginalContext / this stay.</param>
/// <param name="OriginalContext">The context that was trained on.</param>
public readonly record struct Llama3RotaryScaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalContext)
{
    /// <summary>What pair <paramref name="pair"/>'s frequency, base^(-2 pair / headSize), is divided by: from 1 to <see cref="Factor"/>.</summary>
    public double Divisor(int headSize, double frequencyBase, int pair)
    {
        double frequency = Math.Pow(frequencyBase, -2.0 * pair / headSize);
        double wavelengths = OriginalContext * frequency / (2 * Math.PI);
        double smooth = Math.Clamp((wavelengths - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor), 0, 1);
        return 1 / ((1 - smooth) / Factor + smooth);
    }
}

/// <summary>What a pass turns by; see <see cref="RotaryTables"/>.</summary>
/// <param name="Cosines">[positions, headSize / 2].</param>
/// <param name="Sines">[positions, headSize / 2].</param>
public sealed record RotaryTable(Tensor Cosines, Tensor Sines);

/// <summary>The cosines and sines that <see cref="Foretell.Tensors.Autograd.Tape.Rotary"/> turns by: angle = position · base^(-2i / headSize) (Su et al. 2021).</summary>
public sealed class RotaryTables
{
    private const int FirstPositions = 1024;

    private readonly TensorScope _scope;
    private readonly Lock _growing = new();
    private readonly int _positions;
    private readonly double[] _frequencies;
    private RotaryTable _table;

    /// <param name="scope">Owns the tables.</param>
    /// <param name="positions">Number of positions that may be asked for.</param>
    /// <param name="headSize">Elements of a head, even.</param>
    /// <param name="frequencyBase">10,000 in the paper; larger for long contexts.</param>
    /// <param name="scaling">Llama 3.1's stretching, or null.</param>
    public RotaryTables(TensorScope scope, int positions, int headSize, double frequencyBase, Llama3RotaryScaling? scaling = null)
    {
        _scope = scope;
        _positions = positions;
        _frequencies = new double[headSize / 2];
        for (int i = 0; i < _frequencies.Length; i++)
        {
            _frequencies[i] = Math.Pow(frequencyBase, -2.0 * i / headSize) / (scaling?.Divisor(headSize, frequencyBase, i) ?? 1);
        }
        _table = Build(Math.Min(positions, FirstPositions));
    }

    /// <summary>
    /// A table that reaches <paramref name="positions"/>, for one pass: another thread's pass may ask for a longer one
    /// meanwhile. Tables grow when they have to: all positions of a context of 131,072 would take longer than mapping the
    /// model does.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">More positions than the tables were made for.</exception>
    public RotaryTable Covering(int positions)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(positions, _positions);
        lock (_growing)
        {
            int have = _table.Cosines.Shape[0];
            if (positions > have)
            {
                // The smaller tables stay until the scope ends: another thread may be reading them.
                _table = Build((int)Math.Min(_positions, Math.Max(positions, 2L * have)));
            }
            return _table;
        }
    }

    private RotaryTable Build(int positions)
    {
        int half = _frequencies.Length;
        float[] cosines = new float[(long)positions * half];
        float[] sines = new float[(long)positions * half];
        for (int position = 0; position < positions; position++)
        {
            for (int i = 0; i < half; i++)
            {
                (double sine, double cosine) = (Math.Sin(position * _frequencies[i]), Math.Cos(position * _frequencies[i]));
                cosines[(long)position * half + i] = (float)cosine;
                sines[(long)position * half + i] = (float)sine;
            }
        }
        return new RotaryTable(_scope.From(cosines, [positions, half]), _scope.From(sines, [positions, half]));
    }
}
