using System.Numerics;

namespace Foretell.Tensors.Kernels.Reference;

/// <summary>Functions of single elements and of positions, in plain loops.</summary>
internal static class ReferenceElementwise
{
    /// <summary>sqrt(2 / π), the constant of the tanh form of GELU.</summary>
    private const double GeluSlope = 0.7978845608028654;

    private const double GeluCubic = 0.044715;

    public static void Map<T>(UnaryFunction function, Rows<T> x, Rows<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int r = 0; r < x.Count; r++)
        {
            for (int c = 0; c < x.Columns; c++)
            {
                result[r, c] = T.CreateTruncating(Value(function, double.CreateTruncating(x[r, c])));
            }
        }
    }

    public static void MapBackward<T>(UnaryFunction function, Rows<T> x, Rows<T> dResult, Rows<T> dX, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int r = 0; r < x.Count; r++)
        {
            for (int c = 0; c < x.Columns; c++)
            {
                T gradient = dResult[r, c] * T.CreateTruncating(Slope(function, double.CreateTruncating(x[r, c])));
                dX[r, c] = accumulate ? dX[r, c] + gradient : gradient;
            }
        }
    }

    public static void SwiGlu<T>(Rows<T> gate, Rows<T> up, Rows<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int r = 0; r < gate.Count; r++)
        {
            for (int c = 0; c < gate.Columns; c++)
            {
                result[r, c] = T.CreateTruncating(Value(UnaryFunction.Silu, double.CreateTruncating(gate[r, c]))) * up[r, c];
            }
        }
    }

    public static void SwiGluBackward<T>(Rows<T> gate, Rows<T> up, Rows<T> dResult, Rows<T> dGate, Rows<T> dUp)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int r = 0; r < gate.Count; r++)
        {
            for (int c = 0; c < gate.Columns; c++)
            {
                double g = double.CreateTruncating(gate[r, c]);
                T d = dResult[r, c];
                dGate[r, c] = d * up[r, c] * T.CreateTruncating(Slope(UnaryFunction.Silu, g));
                dUp[r, c] = d * T.CreateTruncating(Value(UnaryFunction.Silu, g));
            }
        }
    }

    public static void Rotary<T>(Rows<T> x, Rows<int> positions, Rows<float> cosines, Rows<float> sines, bool interleaved, bool inverse, Rows<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int half = cosines.Columns;
        for (int r = 0; r < x.Count; r++)
        {
            int position = positions[r, 0];
            for (int head = 0; head < x.Columns; head += 2 * half)
            {
                for (int i = 0; i < half; i++)
                {
                    (int first, int second) = interleaved ? (head + 2 * i, head + 2 * i + 1) : (head + i, head + i + half);
                    T cosine = T.CreateTruncating(cosines[position, i]);
                    T sine = T.CreateTruncating(inverse ? -sines[position, i] : sines[position, i]);
                    T a = x[r, first];
                    T b = x[r, second];
                    result[r, first] = a * cosine - b * sine;
                    result[r, second] = b * cosine + a * sine;
                }
            }
        }
    }

    public static void LstmCell<T>(Rows<T> gates, Rows<T> cell, Rows<T> newCell, Rows<T> hidden)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int size = cell.Columns;
        for (int r = 0; r < cell.Count; r++)
        {
            for (int c = 0; c < size; c++)
            {
                T state = Sigmoid(gates[r, size + c]) * cell[r, c] + Sigmoid(gates[r, c]) * T.Tanh(gates[r, 2 * size + c]);
                newCell[r, c] = state;
                hidden[r, c] = Sigmoid(gates[r, 3 * size + c]) * T.Tanh(state);
            }
        }
    }

    public static void LstmCellBackward<T>(Rows<T> gates, Rows<T> cell, Rows<T> newCell, Rows<T> dNewCell, Rows<T> dHidden, Rows<T> dGates, Rows<T> dCell)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int size = cell.Columns;
        for (int r = 0; r < cell.Count; r++)
        {
            for (int c = 0; c < size; c++)
            {
                T input = Sigmoid(gates[r, c]);
                T forget = Sigmoid(gates[r, size + c]);
                T candidate = T.Tanh(gates[r, 2 * size + c]);
                T output = Sigmoid(gates[r, 3 * size + c]);
                T squashed = T.Tanh(newCell[r, c]);
                T dH = dHidden.IsNone ? T.Zero : dHidden[r, c];
                T dState = (dNewCell.IsNone ? T.Zero : dNewCell[r, c]) + dH * output * (T.One - squashed * squashed);
                dGates[r, c] = dState * candidate * input * (T.One - input);
                dGates[r, size + c] = dState * cell[r, c] * forget * (T.One - forget);
                dGates[r, 2 * size + c] = dState * input * (T.One - candidate * candidate);
                dGates[r, 3 * size + c] = dH * squashed * output * (T.One - output);
                dCell[r, c] = dState * forget;
            }
        }
    }

    /// <summary>Whether dropout keeps the element at a position: the top 24 bits of the mixed seed and position against the probability.</summary>
    public static bool Keeps(ulong seed, long position, float probability) =>
        (SeededRandom.Mix(seed ^ SeededRandom.Mix((ulong)position)) >> 40) >= (ulong)(probability * (1 << 24));

    public static double Value(UnaryFunction function, double x) => function switch
    {
        UnaryFunction.Gelu => 0.5 * x * (1 + ErrorFunction(x / Math.Sqrt(2))),
        UnaryFunction.GeluTanh => 0.5 * x * (1 + Math.Tanh(GeluSlope * (x + GeluCubic * x * x * x))),
        UnaryFunction.ReluSquared => x > 0 ? x * x : 0,
        UnaryFunction.Relu => Math.Max(x, 0),
        UnaryFunction.Silu => x / (1 + Math.Exp(-x)),
        UnaryFunction.Sigmoid => 1 / (1 + Math.Exp(-x)),
        UnaryFunction.Tanh => Math.Tanh(x),
        UnaryFunction.Exp => Math.Exp(x),
        UnaryFunction.Log => Math.Log(x),
        UnaryFunction.Square => x * x,
        UnaryFunction.Sqrt => Math.Sqrt(x),
        UnaryFunction.Negate => -x,
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    public static double Slope(UnaryFunction function, double x)
    {
        switch (function)
        {
            case UnaryFunction.Gelu:
                return 0.5 * (1 + ErrorFunction(x / Math.Sqrt(2))) + x * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI);
            case UnaryFunction.GeluTanh:
                double tanh = Math.Tanh(GeluSlope * (x + GeluCubic * x * x * x));
                return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * GeluSlope * (1 + 3 * GeluCubic * x * x);
            case UnaryFunction.ReluSquared:
                return x > 0 ? 2 * x : 0;
            case UnaryFunction.Relu:
                return x > 0 ? 1 : 0;
            case UnaryFunction.Silu:
                double gate = 1 / (1 + Math.Exp(-x));
                return gate * (1 + x * (1 - gate));
            case UnaryFunction.Sigmoid:
                double sigmoid = 1 / (1 + Math.Exp(-x));
                return sigmoid * (1 - sigmoid);
            case UnaryFunction.Tanh:
                return 1 - Math.Tanh(x) * Math.Tanh(x);
            case UnaryFunction.Exp:
                return Math.Exp(x);
            case UnaryFunction.Log:
                return 1 / x;
            case UnaryFunction.Square:
                return 2 * x;
            case UnaryFunction.Sqrt:
                return 0.5 / Math.Sqrt(x);
            case UnaryFunction.Negate:
                return -1;
            default:
                throw new ArgumentOutOfRangeException(nameof(function));
        }
    }

    /// <summary>erf(x) within 1e-14: its Maclaurin series where that converges fast, else the continued fraction of erfc (Abramowitz and Stegun 7.1.5, 7.1.14).</summary>
    public static double ErrorFunction(double x)
    {
        double magnitude = Math.Abs(x);
        if (magnitude < 2)
        {
            double term = x;
            double sum = x;
            for (int n = 1; n < 100 && Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
            {
                term *= -x * x / n;
                sum += term / (2 * n + 1);
            }
            return 2 / Math.Sqrt(Math.PI) * sum;
        }
        double fraction = 0;
        for (int n = 60; n >= 1; n--)
        {
            fraction = n / 2.0 / (magnitude + fraction);
        }
        double complement = Math.Exp(-magnitude * magnitude) / Math.Sqrt(Math.PI) / (magnitude + fraction);
        return Math.CopySign(1 - complement, x);
    }

    private static T Sigmoid<T>(T x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => T.One / (T.One + T.Exp(-x));
}
