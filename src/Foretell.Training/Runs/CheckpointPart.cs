using System.Runtime.InteropServices;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Training;

/// <summary>One file of a checkpoint: how it is written, and how what it holds comes back.</summary>
/// <param name="File">Its name within the checkpoint's folder.</param>
/// <param name="Write">Writes it to a path.</param>
/// <param name="Read">Fills the same tensors from a path.</param>
public sealed record CheckpointPart(string File, Action<string> Write, Action<string> Read)
{
    /// <summary>A model's weights, in the form in which models are published.</summary>
    public static CheckpointPart Of(Transformer model) => new(
        SafeTensors.FileName,
        path => ModelFolder.SaveWeights(model, path),
        path => ModelFolder.LoadWeights(model, Path.GetDirectoryName(path)!));

    /// <summary>Tensors by name, in single precision: an optimizer's state, a head's or an adapter's weights.</summary>
    /// <param name="file">A name that ends in .safetensors.</param>
    public static CheckpointPart Of(string file, IReadOnlyList<(string Name, Tensor Value)> tensors) => new(
        file,
        path => SafeTensorsWriter.Write(path, tensors.Select(entry => ModelFolder.Source(entry.Name, entry.Value))),
        path => Fill(path, tensors));

    private static void Fill(string path, IReadOnlyList<(string Name, Tensor Value)> tensors)
    {
        using ISafeTensors file = SafeTensors.Open(path);
        foreach ((string name, Tensor value) in tensors)
        {
            ReadOnlySpan<byte> bytes = file.Contains(name) ? file.Bytes(name) : throw new InvalidDataException($"{path} lacks {name}.");
            if (bytes.Length != value.Shape.ElementCount * sizeof(float))
            {
                throw new InvalidDataException($"{path}: {name} has {bytes.Length / sizeof(float)} numbers; {value.Shape} were expected.");
            }
            value.CopyFrom(MemoryMarshal.Cast<byte, float>(bytes));
        }
    }
}
