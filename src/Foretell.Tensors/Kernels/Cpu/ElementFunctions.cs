using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Lane = System.Runtime.Intrinsics.Vector512<float>;

namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>A function of one number and its derivative, sixteen at a time.</summary>
internal interface IElementFunction
{
    static abstract Lane Value(Lane x);

    /// <summary>f'(x), given y = f(x) too.</summary>
    static abstract Lane Slope(Lane x, Lane y);
}

/// <summary>A function of two numbers, sixteen at a time.</summary>
internal interface IPairFunction
{
    static abstract Lane Value(Lane a, Lane b);
}

/// <summary>The operator structs of <see cref="UnaryFunction"/> and <see cref="BinaryFunction"/>.</summary>
internal static class ElementFunctions
{
    private static Lane One => Lane.One;

    private static Lane Half => Vector512.Create(0.5f);

    internal readonly struct Gelu : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => x * VectorMath.NormalDistribution(x, out _);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y)
        {
            Lane distribution = VectorMath.NormalDistribution(x, out Lane density);
            return Vector512.FusedMultiplyAdd(x, density, distribution);
        }
    }

    internal readonly struct GeluTanh : IElementFunction
    {
        /// <summary>sqrt(2 / π).</summary>
        private const float Steepness = 0.797884561f;

        private const float Cubic = 0.044715f;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => x * Gate(x, x * x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y)
        {
            // x σ(2u): the derivative is σ(2u) + x σ(2u) (1 - σ(2u)) 2u'.
            Lane square = x * x;
            Lane gate = Gate(x, square);
            Lane inner = Vector512.FusedMultiplyAdd(square, Vector512.Create(6 * Cubic * Steepness), Vector512.Create(2 * Steepness));
            return Vector512.FusedMultiplyAdd(x * gate * (One - gate), inner, gate);
        }

        /// <summary>(1 + tanh u) / 2 = σ(2u), u = sqrt(2 / π) (x + 0.044715 x³), without cancellation where it is small.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Lane Gate(Lane x, Lane square) =>
            VectorMath.Sigmoid(x * Vector512.FusedMultiplyAdd(square, Vector512.Create(2 * Cubic * Steepness), Vector512.Create(2 * Steepness)));
    }

    internal readonly struct ReluSquared : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => Positive(x, x * x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y) => Positive(x, x + x);
    }

    internal readonly struct Relu : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => Vector512.ConditionalSelect(Vector512.LessThanOrEqual(x, Lane.Zero), Lane.Zero, x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y) => Positive(x, One);
    }

    internal readonly struct Silu : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => x / (One + VectorMath.Exp(-x));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y) => Slope(x, VectorMath.Sigmoid(x), One);

        /// <summary>scale · gate (1 + x (1 - gate)), gate = σ(x).</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane gate, Lane scale) => scale * gate * Vector512.FusedMultiplyAdd(x, One - gate, One);
    }

    internal readonly struct Sigmoid : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => VectorMath.Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y) => y * (One - y);
    }

    internal readonly struct Tanh : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => VectorMath.Tanh(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y) => Vector512.FusedMultiplyAdd(-y, y, One);
    }

    internal readonly struct Exp : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => VectorMath.Exp(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y) => y;
    }

    internal readonly struct Log : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => VectorMath.Log(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y) => One / x;
    }

    internal readonly struct Square : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => x * x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y) => x + x;
    }

    internal readonly struct Sqrt : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => Vector512.Sqrt(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y) => Half / y;
    }

    internal readonly struct Negate : IElementFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane x) => -x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Slope(Lane x, Lane y) => -One;
    }

    internal readonly struct Add : IPairFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane a, Lane b) => a + b;
    }

    internal readonly struct Subtract : IPairFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane a, Lane b) => a - b;
    }

    internal readonly struct Multiply : IPairFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane a, Lane b) => a * b;
    }

    internal readonly struct Divide : IPairFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Value(Lane a, Lane b) => a / b;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Lane Positive(Lane x, Lane value) => value & Vector512.GreaterThan(x, Lane.Zero);
}
