using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Autograd;

/// <content>Recurrent cells, convolution and pooling.</content>
public sealed partial class Tape
{
    /// <summary>One step of a long short-term memory (Hochreiter and Schmidhuber 1997, with forget gates).</summary>
    /// <param name="gates">[rows, 4 × hidden], before their functions, in the order input, forget, candidate, output.</param>
    /// <param name="cell">[rows, hidden], the old state.</param>
    /// <returns>The new hidden output and cell state, [rows, hidden] each.</returns>
    public (Tensor Hidden, Tensor Cell) LstmCell(Tensor gates, Tensor cell)
    {
        NeedAlike("lstm cell", gates, cell);
        if (gates.Shape.Last != 4 * cell.Shape.Last || gates.Shape.RowCount != cell.Shape.RowCount)
        {
            throw new ArgumentException($"lstm cell: gates {gates.Shape} and cell {cell.Shape} do not fit; wanted [rows, 4 × hidden] and [rows, hidden].");
        }
        Tensor newCell = New(cell.Shape, gates.Type);
        Tensor hidden = New(cell.Shape, gates.Type);
        Backend.LstmCell(Rows(gates), Rows(cell), Rows(newCell), Rows(hidden));
        Record([hidden, newCell], [gates, cell], () => Derivatives.LstmCell(this, gates, cell, newCell, hidden));
        return (hidden, newCell);
    }

    /// <summary>Cross-correlation of images with kernels, as a matrix product over unfolded windows.</summary>
    /// <param name="images">[batch, height, width, channels].</param>
    /// <param name="weight">[out channels, kernel height × kernel width × channels].</param>
    /// <param name="bias">[out channels], or null.</param>
    /// <returns>[batch, out height, out width, out channels].</returns>
    public Tensor Convolution(Tensor images, Tensor weight, Tensor? bias, int kernelHeight, int kernelWidth, int stride = 1, int padding = 0)
    {
        WindowGeometry geometry = Geometry("convolution", images, kernelHeight, kernelWidth, stride, padding);
        int inputs = kernelHeight * kernelWidth * geometry.Channels;
        if (weight.Shape.Rank != 2 || weight.Shape[1] != inputs || (bias is not null && bias.Shape != [weight.Shape[0]]))
        {
            throw new ArgumentException($"convolution: images {images.Shape}, weight {weight.Shape}, bias {bias?.Shape.ToString() ?? "none"} do not fit; wanted weight [out channels, {inputs}], bias [out channels].");
        }
        Tensor windows = New([geometry.OutputRows, inputs], images.Type);
        Backend.Unfold(geometry, Rows(images), Rows(windows));
        Record(windows, [images], () => Derivatives.Unfold(this, geometry, images, windows));
        return Reshape(Linear(windows, weight, bias), [geometry.Batch, geometry.OutputHeight, geometry.OutputWidth, weight.Shape[0]]);
    }

    /// <summary>The largest of each window by channel; padding never wins.</summary>
    /// <returns>[batch, out height, out width, channels].</returns>
    public Tensor MaximumPool(Tensor images, int size, int stride, int padding = 0)
    {
        WindowGeometry geometry = Geometry("maximum pool", images, size, size, stride, padding);
        if (padding >= size)
        {
            throw new ArgumentException($"maximum pool: a padding of {padding} leaves windows of {size} with no pixel in them; it must be smaller than the window.");
        }
        Tensor result = New([geometry.Batch, geometry.OutputHeight, geometry.OutputWidth, geometry.Channels], images.Type);
        Tensor where = New(result.Shape, DType.Int32);
        Backend.MaximumPool(geometry, Rows(images), Rows(result), Rows(where));
        return Record(result, [images], () => Derivatives.MaximumPool(this, images, where, result));
    }

    /// <summary>The mean of each window by channel, padding counted as zeros.</summary>
    /// <returns>[batch, out height, out width, channels].</returns>
    public Tensor AveragePool(Tensor images, int size, int stride, int padding = 0)
    {
        WindowGeometry geometry = Geometry("average pool", images, size, size, stride, padding);
        Tensor windows = New([geometry.OutputRows, size * size * geometry.Channels], images.Type);
        Backend.Unfold(geometry, Rows(images), Rows(windows));
        Record(windows, [images], () => Derivatives.Unfold(this, geometry, images, windows));
        Tensor sums = ReduceTo(Reshape(windows, [geometry.OutputRows, size * size, geometry.Channels]), [geometry.OutputRows, 1, geometry.Channels]);
        return Reshape(Scale(sums, 1f / (size * size)), [geometry.Batch, geometry.OutputHeight, geometry.OutputWidth, geometry.Channels]);
    }

    private static WindowGeometry Geometry(string operation, Tensor images, int kernelHeight, int kernelWidth, int stride, int padding)
    {
        NeedAlike(operation, images);
        if (images.Shape.Rank != 4)
        {
            throw new ArgumentException($"{operation}: images must be [batch, height, width, channels]; they were {images.Shape}.");
        }
        var geometry = new WindowGeometry(images.Shape[0], images.Shape[1], images.Shape[2], images.Shape[3], kernelHeight, kernelWidth, stride, padding);
        if (stride < 1 || padding < 0 || kernelHeight < 1 || kernelWidth < 1 || geometry.Height < 1 || geometry.Width < 1 || geometry.Height + 2 * padding < kernelHeight || geometry.Width + 2 * padding < kernelWidth)
        {
            throw new ArgumentException($"{operation}: a {kernelHeight} × {kernelWidth} window with stride {stride} and padding {padding} does not fit {images.Shape}.");
        }
        return geometry;
    }
}
