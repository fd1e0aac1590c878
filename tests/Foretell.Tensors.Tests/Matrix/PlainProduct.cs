using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Tests.Matrix;

/// <summary>
/// What a product should be, in plain loops: for engines that multiply singles the exact bits, for the others the value in
/// double precision and how far from it single-precision sums may be.
/// </summary>
internal sealed class PlainProduct
{
    private readonly float[,] _singles;
    private readonly double[,] _exact;
    private readonly double[,] _tolerance;
    private readonly bool _bitForBit;

    public PlainProduct(MatrixEngine engine, TestMatrix left, bool leftTransposed, TestMatrix right, bool rightTransposed, TestMatrix? old, TestMatrix? bias)
    {
        _bitForBit = engine.DepthStep == 1;
        int rows = leftTransposed ? left.Columns : left.Rows;
        int depth = leftTransposed ? left.Rows : left.Columns;
        int columns = rightTransposed ? right.Rows : right.Columns;
        _singles = new float[rows, columns];
        _exact = new double[rows, columns];
        _tolerance = new double[rows, columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                float sum = old?[row, column] ?? 0;
                double exact = sum;
                double magnitude = Math.Abs(sum);
                for (int k = 0; k < depth; k++)
                {
                    float a = Operand(engine, leftTransposed ? left[k, row] : left[row, k]);
                    float b = Operand(engine, rightTransposed ? right[column, k] : right[k, column]);
                    sum = MathF.FusedMultiplyAdd(a, b, sum);
                    exact += (double)a * b;
                    magnitude += Math.Abs((double)a * b);
                }
                float added = bias?[0, column] ?? 0;
                _singles[row, column] = bias is null ? sum : sum + added;
                _exact[row, column] = exact + added;
                // Each of the depth + 2 additions rounds by at most half a unit of a partial sum.
                _tolerance[row, column] = (depth + 2) * Math.ScaleB(magnitude + Math.Abs(added), -24);
            }
        }
    }

    public void AssertEqual(TestMatrix result, string what)
    {
        for (int row = 0; row < result.Rows; row++)
        {
            for (int column = 0; column < result.Columns; column++)
            {
                float actual = result[row, column];
                if (_bitForBit)
                {
                    float expected = result.Type == DType.BFloat16
                        ? BFloat16Conversion.Widen(BFloat16Conversion.Round(_singles[row, column]))
                        : _singles[row, column];
                    if (BitConverter.SingleToUInt32Bits(expected) != BitConverter.SingleToUInt32Bits(actual))
                    {
                        Assert.Fail($"{what}: [{row}, {column}] is {actual:R}, not {expected:R}");
                    }
                    continue;
                }
                double tolerance = _tolerance[row, column] + (result.Type == DType.BFloat16 ? Math.Abs(_exact[row, column]) / 256 : 0);
                if (!(Math.Abs(actual - _exact[row, column]) <= tolerance))
                {
                    Assert.Fail($"{what}: [{row}, {column}] is {actual:R}, not {_exact[row, column]:R} within {tolerance:E1}");
                }
            }
        }
    }

    private static float Operand(MatrixEngine engine, float value) => engine.OperandType == DType.BFloat16
        ? BFloat16Conversion.Widen(BFloat16Conversion.Round(value))
        : value;
}
