using Foretell.Tensors;

namespace Foretell.Nn;

/// <summary>First values of parameters. Each parameter draws from its own stream, named after it, so that adding one changes no other.</summary>
public static class Initialization
{
    /// <summary>Normal with mean 0.</summary>
    /// <param name="deviation">Standard deviation; 0 leaves zeros.</param>
    public static void Normal(Parameter parameter, double deviation, ulong seed)
    {
        SeededRandom random = new SeededRandom(seed).Fork(parameter.Name);
        float[] values = new float[parameter.Value.Shape.ElementCount];
        for (int i = 0; deviation > 0 && i < values.Length; i++)
        {
            values[i] = (float)(deviation * random.NextNormal());
        }
        parameter.Value.CopyFrom(values);
    }

    /// <summary>The same number everywhere: 1 for gains, 0 for biases.</summary>
    public static void Constant(Parameter parameter, float value)
    {
        float[] values = new float[parameter.Value.Shape.ElementCount];
        Array.Fill(values, value);
        parameter.Value.CopyFrom(values);
    }
}
