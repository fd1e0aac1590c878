namespace Foretell.Training;

/// <summary>The logistic function and its logarithm, without overflow.</summary>
internal static class Logistic
{
    /// <summary>σ(x) = 1 / (1 + e^-x).</summary>
    public static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));

    /// <summary>log σ(x) = -log(1 + e^-x).</summary>
    public static double LogSigmoid(double x) => Math.Min(x, 0) - double.LogP1(Math.Exp(-Math.Abs(x)));
}
