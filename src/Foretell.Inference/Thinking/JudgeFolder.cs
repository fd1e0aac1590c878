using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>A judge of paths in a folder: its trunk as models are published, and beside it the head and the threshold that was chosen for it.</summary>
public sealed class JudgeFolder : IDisposable
{
    private const string Settings = "midway.json";
    private const string HeadFile = "midway_head.safetensors";

    private readonly Transformer _trunk;
    private readonly PathHead _head;

    private JudgeFolder(Transformer trunk, PathHead head, Tokenizer tokenizer, double cutBelow)
    {
        (_trunk, _head, Tokenizer, CutBelow) = (trunk, head, tokenizer, cutBelow);
        Judge = new PathJudge(trunk, head);
    }

    public PathJudge Judge { get; }

    /// <summary>The threshold under which giving a path up cost no accuracy; 0 where none was found.</summary>
    public double CutBelow { get; }

    public Tokenizer Tokenizer { get; }

    /// <summary>Loads a judge.</summary>
    /// <param name="path">Its folder, or that of the run that made it.</param>
    /// <exception cref="IOException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or another kind of model.</exception>
    public static JudgeFolder Load(string path, Device device)
    {
        string folder = PretrainedModel.Finished(path);
        string file = Path.Combine(folder, Settings);
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"{path} holds no value function: there is no {Settings} in it; make one by foretell value.");
        }
        double cutBelow;
        try
        {
            cutBelow = JsonNode.Parse(File.ReadAllBytes(file))!["cutBelow"]!.GetValue<double>();
        }
        catch (Exception error) when (error is JsonException or NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{file} is damaged: expected an object with \"cutBelow\", a number in [0, 1).");
        }
        Transformer trunk = ModelFolder.Load(folder, device);
        var head = new PathHead(trunk.Config.Channels, device, training: false);
        try
        {
            using ISafeTensors weights = SafeTensors.Open(Path.Combine(folder, HeadFile));
            foreach (Nn.Parameter parameter in head.Parameters)
            {
                ReadOnlySpan<byte> bytes = weights.Contains(parameter.Name) ? weights.Bytes(parameter.Name) : [];
                if (bytes.Length != parameter.Value.Shape.ElementCount * sizeof(float))
                {
                    throw new InvalidDataException($"{folder}: {HeadFile} does not belong to the model beside it ({parameter.Name} should be {parameter.Value.Shape}).");
                }
                parameter.Value.CopyFrom(MemoryMarshal.Cast<byte, float>(bytes));
            }
            return new JudgeFolder(trunk, head, TokenizerFiles.Load(folder), cutBelow);
        }
        catch
        {
            trunk.Dispose();
            head.Dispose();
            throw;
        }
    }

    /// <summary>Writes a judge whose parts belong to somebody else.</summary>
    public static void Save(Transformer trunk, PathHead head, Tokenizer tokenizer, double cutBelow, string folder)
    {
        Directory.CreateDirectory(folder);
        ModelFolder.Save(trunk, tokenizer, folder);
        SafeTensorsWriter.Write(Path.Combine(folder, HeadFile), head.Parameters.Select(parameter => ModelFolder.Source(parameter.Name, parameter.Value)));
        // Last, so that what a kill leaves is not taken for a judge.
        AtomicFile.Write(Path.Combine(folder, Settings), Encoding.UTF8.GetBytes(new JsonObject { ["cutBelow"] = cutBelow }.ToJsonString() + "\n"));
    }

    public void Dispose()
    {
        _trunk.Dispose();
        _head.Dispose();
    }
}
