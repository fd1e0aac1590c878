using System.Runtime.InteropServices;
using System.Text;
using Foretell.Models.Files;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Models;

/// <summary>A model as a Hugging Face folder: config.json, model.safetensors, and beside them tokenizer.json.</summary>
public static class ModelFolder
{
    /// <summary>Maps a model's weights for inference, in the type in which they were published (<see cref="PretrainedModel"/> adds what lies beside them).</summary>
    /// <param name="key">For weights that are encrypted.</param>
    /// <exception cref="IOException">The folder has no weights.</exception>
    /// <exception cref="InvalidDataException">A file is missing or does not fit; the message says which and why.</exception>
    public static Transformer Load(string folder, Device device, WeightKey? key = null) => Load(folder, device, checks: true, key);

    internal static Transformer Load(string folder, Device device, bool checks, WeightKey? key)
    {
        TransformerConfig config = ReadConfig(folder);
        return PretrainedModel.Build(config, device, new HuggingFaceWeights(SafeTensors.Open(folder, key), config), checks);
    }

    internal static TransformerConfig ReadConfig(string folder)
    {
        string path = Path.Combine(folder, ConfigJson.FileName);
        return File.Exists(path) ? ConfigJson.Read(path) : throw new InvalidDataException($"{folder} is not a model folder: it has no {ConfigJson.FileName}.");
    }

    /// <summary>Writes a model so that other tools can load it; each file appears whole or not at all, config.json last.</summary>
    public static void Save(Transformer model, Tokenizer? tokenizer, string folder)
    {
        Directory.CreateDirectory(folder);
        tokenizer?.Save(folder);
        SaveWeights(model, Path.Combine(folder, SafeTensors.FileName));
        AtomicFile.Write(Path.Combine(folder, ConfigJson.FileName), ConfigJson.Write(model.Config, tokenizer?.EndOfTextId, tokenizer?.EndOfTextId is int end ? [end] : []));
    }

    /// <summary>Writes a model with all that stands beside its weights: generation_config.json, tokenizer_config.json and the chat template.</summary>
    /// <param name="generation">Its first end id is what tokenizer_config.json calls eos_token.</param>
    /// <param name="template">Null for a model that knows none.</param>
    public static void Save(Transformer model, Tokenizer tokenizer, GenerationDefaults generation, ChatTemplate? template, string folder)
    {
        Directory.CreateDirectory(folder);
        tokenizer.Save(folder);
        SaveWeights(model, Path.Combine(folder, SafeTensors.FileName));
        PublishedDefaults.Write(folder, generation, tokenizer, template?.Source, model.Config.ContextLength);
        if (template?.SourceWithTools is string withTools)
        {
            string more = Path.Combine(folder, "additional_chat_templates");
            Directory.CreateDirectory(more);
            AtomicFile.Write(Path.Combine(folder, PublishedDefaults.TemplateName), Encoding.UTF8.GetBytes(template.Source));
            AtomicFile.Write(Path.Combine(more, "tool_use.jinja"), Encoding.UTF8.GetBytes(withTools));
        }
        AtomicFile.Write(Path.Combine(folder, ConfigJson.FileName), ConfigJson.Write(model.Config, generation.BeginId, generation.EndIds));
    }

    /// <summary>Writes the weights alone, in the family's published names and layout.</summary>
    public static void SaveWeights(Transformer model, string path)
    {
        SafeTensorsWriter.Write(path, PublishedTensors.HuggingFace(model, _ => DType.Float32), new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>Fills a model's parameters from the folder's safetensors.</summary>
    public static void LoadWeights(Transformer model, string folder, WeightKey? key = null)
    {
        using ISafeTensors file = SafeTensors.Open(folder, key);
        foreach (Parameter parameter in model.Parameters.All)
        {
            if (model.Config.Architecture == "gpt2" && Gpt2Layout.TryLoad(model.Config, file, parameter))
            {
                continue;
            }
            SafeTensorInfo info = Require(file, parameter.Name);
            if (!info.Shape.SequenceEqual(Lengths(parameter.Value)))
            {
                throw new InvalidDataException($"{parameter.Name} is [{string.Join(", ", info.Shape)}] in the file; the configuration wants {parameter.Value.Shape}.");
            }
            Read(file, info, parameter.Value);
        }
    }

    /// <summary>A tensor as a safetensors entry in single precision.</summary>
    public static SafeTensorSource Source(string name, Tensor value) => new(name, "F32", Lengths(value), stream =>
    {
        const int Piece = 1 << 20;
        ReadOnlySpan<float> values = value.Type == DType.Float32 ? value.Span<float>() : value.ToArray();
        for (int start = 0; start < values.Length; start += Piece)
        {
            stream.Write(MemoryMarshal.AsBytes(values.Slice(start, Math.Min(Piece, values.Length - start))));
        }
    });

    internal static long[] Lengths(Tensor tensor)
    {
        long[] lengths = new long[tensor.Shape.Rank];
        for (int axis = 0; axis < lengths.Length; axis++)
        {
            lengths[axis] = tensor.Shape[axis];
        }
        return lengths;
    }

    internal static SafeTensorInfo Require(ISafeTensors file, string name) => file.Contains(name)
        ? file.Info(name)
        : throw new InvalidDataException($"the weights lack {name}, which the configuration wants.");

    /// <summary>Copies an entry's numbers, converting their type.</summary>
    internal static void Read(ISafeTensors file, SafeTensorInfo info, Tensor destination)
    {
        if (info.DType == "F32" && destination.Type == DType.Float32)
        {
            MemoryMarshal.Cast<byte, float>(file.Bytes(info.Name)).CopyTo(destination.Span<float>());
            destination.Storage.Touch();
            return;
        }
        destination.CopyFrom(Floats(file, info));
    }

    /// <summary>An entry's numbers in single precision.</summary>
    internal static float[] Floats(ISafeTensors file, SafeTensorInfo info)
    {
        ReadOnlySpan<byte> bytes = file.Bytes(info.Name);
        switch (info.DType)
        {
            case "F32":
                return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
            case "F16":
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes);
                float[] fromHalves = new float[halves.Length];
                for (int i = 0; i < halves.Length; i++)
                {
                    fromHalves[i] = (float)halves[i];
                }
                return fromHalves;
            case "BF16":
                ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<byte, ushort>(bytes);
                float[] fromBits = new float[bits.Length];
                for (int i = 0; i < bits.Length; i++)
                {
                    fromBits[i] = BFloat16Bits.ToSingle(bits[i]);
                }
                return fromBits;
            default:
                throw new InvalidDataException($"{info.Name} is of type {info.DType}; wanted F32, F16 or BF16.");
        }
    }
}
