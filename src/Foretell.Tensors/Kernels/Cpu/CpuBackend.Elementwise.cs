using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>Functions of single elements.</content>
internal sealed unsafe partial class CpuBackend
{
    public override void Map(UnaryFunction function, MatrixView x, MatrixView result)
    {
        if (!IsFast(x))
        {
            base.Map(function, x, result);
            return;
        }
        switch (function)
        {
            case UnaryFunction.Gelu:
                Map<ElementFunctions.Gelu>(x, result);
                break;
            case UnaryFunction.GeluTanh:
                Map<ElementFunctions.GeluTanh>(x, result);
                break;
            case UnaryFunction.ReluSquared:
                Map<ElementFunctions.ReluSquared>(x, result);
                break;
            case UnaryFunction.Relu:
                Map<ElementFunctions.Relu>(x, result);
                break;
            case UnaryFunction.Silu:
                Map<ElementFunctions.Silu>(x, result);
                break;
            case UnaryFunction.Sigmoid:
                Map<ElementFunctions.Sigmoid>(x, result);
                break;
            case UnaryFunction.Tanh:
                Map<ElementFunctions.Tanh>(x, result);
                break;
            case UnaryFunction.Exp:
                Map<ElementFunctions.Exp>(x, result);
                break;
            case UnaryFunction.Log:
                Map<ElementFunctions.Log>(x, result);
                break;
            case UnaryFunction.Square:
                Map<ElementFunctions.Square>(x, result);
                break;
            case UnaryFunction.Sqrt:
                Map<ElementFunctions.Sqrt>(x, result);
                break;
            case UnaryFunction.Negate:
                Map<ElementFunctions.Negate>(x, result);
                break;
            default:
                base.Map(function, x, result);
                break;
        }
    }

    public override void MapBackward(UnaryFunction function, MatrixView x, MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate)
    {
        if (!IsFast(x))
        {
            base.MapBackward(function, x, result, dResult, dX, accumulate);
            return;
        }
        switch (function)
        {
            case UnaryFunction.Gelu:
                MapBackward<ElementFunctions.Gelu>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.GeluTanh:
                MapBackward<ElementFunctions.GeluTanh>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.ReluSquared:
                MapBackward<ElementFunctions.ReluSquared>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.Relu:
                MapBackward<ElementFunctions.Relu>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.Silu:
                MapBackward<ElementFunctions.Silu>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.Sigmoid:
                MapBackward<ElementFunctions.Sigmoid>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.Tanh:
                MapBackward<ElementFunctions.Tanh>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.Exp:
                MapBackward<ElementFunctions.Exp>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.Log:
                MapBackward<ElementFunctions.Log>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.Square:
                MapBackward<ElementFunctions.Square>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.Sqrt:
                MapBackward<ElementFunctions.Sqrt>(x, result, dResult, dX, accumulate);
                break;
            case UnaryFunction.Negate:
                MapBackward<ElementFunctions.Negate>(x, result, dResult, dX, accumulate);
                break;
            default:
                base.MapBackward(function, x, result, dResult, dX, accumulate);
                break;
        }
    }

    public override void SwiGlu(MatrixView gate, MatrixView up, MatrixView result)
    {
        if (!IsFast(gate))
        {
            base.SwiGlu(gate, up, result);
            return;
        }
        ForElements(gate.Rows, gate.Columns, IsFlat(gate) && IsFlat(up) && IsFlat(result), (row, column, count) =>
            SwiGluRun(gate.FloatRow(row) + column, up.FloatRow(row) + column, result.FloatRow(row) + column, count));
    }

    public override void SwiGluBackward(MatrixView gate, MatrixView up, MatrixView dResult, MatrixView dGate, MatrixView dUp)
    {
        if (!IsFast(gate))
        {
            base.SwiGluBackward(gate, up, dResult, dGate, dUp);
            return;
        }
        bool flat = IsFlat(gate) && IsFlat(up) && IsFlat(dResult) && IsFlat(dGate) && IsFlat(dUp);
        ForElements(gate.Rows, gate.Columns, flat, (row, column, count) =>
            SwiGluBackwardRun(gate.FloatRow(row) + column, up.FloatRow(row) + column, dResult.FloatRow(row) + column, dGate.FloatRow(row) + column, dUp.FloatRow(row) + column, count));
    }

    private void Map<TFunction>(MatrixView x, MatrixView result)
        where TFunction : struct, IElementFunction =>
        ForElements(x.Rows, x.Columns, IsFlat(x) && IsFlat(result), (row, column, count) =>
            MapRun<TFunction>(x.FloatRow(row) + column, result.FloatRow(row) + column, count));

    private void MapBackward<TFunction>(MatrixView x, MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate)
        where TFunction : struct, IElementFunction =>
        ForElements(x.Rows, x.Columns, IsFlat(x) && IsFlat(result) && IsFlat(dResult) && IsFlat(dX), (row, column, count) =>
            MapBackwardRun<TFunction>(x.FloatRow(row) + column, result.FloatRow(row) + column, dResult.FloatRow(row) + column, dX.FloatRow(row) + column, count, accumulate));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MapRun<TFunction>(float* x, float* result, long count)
        where TFunction : struct, IElementFunction
    {
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            TFunction.Value(Vector512.Load(x + i)).Store(result + i);
        }
        if (i < count)
        {
            Lanes.StorePart(TFunction.Value(Lanes.LoadPart(x + i, count - i)), result + i, count - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MapBackwardRun<TFunction>(float* x, float* result, float* dResult, float* dX, long count, bool accumulate)
        where TFunction : struct, IElementFunction
    {
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            Vector512<float> gradient = Vector512.Load(dResult + i) * TFunction.Slope(Vector512.Load(x + i), Vector512.Load(result + i));
            (accumulate ? Vector512.Load(dX + i) + gradient : gradient).Store(dX + i);
        }
        if (i < count)
        {
            long rest = count - i;
            Vector512<float> gradient = Lanes.LoadPart(dResult + i, rest) * TFunction.Slope(Lanes.LoadPart(x + i, rest), Lanes.LoadPart(result + i, rest));
            Lanes.StorePart(accumulate ? Lanes.LoadPart(dX + i, rest) + gradient : gradient, dX + i, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SwiGluRun(float* gate, float* up, float* result, long count)
    {
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            (ElementFunctions.Silu.Value(Vector512.Load(gate + i)) * Vector512.Load(up + i)).Store(result + i);
        }
        if (i < count)
        {
            long rest = count - i;
            Lanes.StorePart(ElementFunctions.Silu.Value(Lanes.LoadPart(gate + i, rest)) * Lanes.LoadPart(up + i, rest), result + i, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SwiGluBackwardRun(float* gate, float* up, float* dResult, float* dGate, float* dUp, long count)
    {
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            SwiGluGradients(Vector512.Load(gate + i), Vector512.Load(up + i), Vector512.Load(dResult + i), out Vector512<float> gateGradient, out Vector512<float> upGradient);
            gateGradient.Store(dGate + i);
            upGradient.Store(dUp + i);
        }
        if (i < count)
        {
            long rest = count - i;
            SwiGluGradients(Lanes.LoadPart(gate + i, rest), Lanes.LoadPart(up + i, rest), Lanes.LoadPart(dResult + i, rest), out Vector512<float> gateGradient, out Vector512<float> upGradient);
            Lanes.StorePart(gateGradient, dGate + i, rest);
            Lanes.StorePart(upGradient, dUp + i, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SwiGluGradients(Vector512<float> gate, Vector512<float> up, Vector512<float> dResult, out Vector512<float> dGate, out Vector512<float> dUp)
    {
        Vector512<float> sigmoid = VectorMath.Sigmoid(gate);
        dGate = ElementFunctions.Silu.Slope(gate, sigmoid, dResult * up);
        dUp = dResult * (gate * sigmoid);
    }
}
