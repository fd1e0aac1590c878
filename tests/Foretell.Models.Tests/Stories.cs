using System.Text.Json;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Models.Tests;

/// <summary>The real trained model of shared/data/models/stories260K with its reference results.</summary>
internal static class Stories
{
    /// <summary>The Hugging Face folder, or the GGUF file of an element type.</summary>
    public static string Path(string form) => SharedData.Path(form == "hf" ? "models/stories260K/hf" : $"models/stories260K/gguf/stories260K.{form}.gguf");

    public static JsonElement Golden => JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("models/stories260K/golden.json"))).RootElement;

    public static int[] GoldenIds => [.. Golden.GetProperty("golden_ids_with_bos").EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>The reference for the weights as they are in a GGUF file.</summary>
    public static JsonElement Reference(string form) =>
        JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("models/stories260K/golden_gguf.json"))).RootElement.GetProperty($"stories260K.{form}.gguf");

    /// <summary>As many greedy tokens behind the ids as are missing to <paramref name="count"/>, one at a time.</summary>
    public static int[] Continue(Transformer model, IEnumerable<int> ids, int count)
    {
        List<int> all = [.. ids];
        using KeyValueCache cache = model.NewCache();
        int done = 0;
        while (all.Count < count)
        {
            using var tape = new Tape(model.Device, recording: false);
            int[] input = [.. all.Skip(done)];
            Tensor hidden = model.Hidden(tape, TokenBatch.Single(input, done), cache);
            float[] logits = model.Logits(tape, tape.Slice(hidden, 0, input.Length - 1, 1)).ToArray();
            done = all.Count;
            all.Add(Array.IndexOf(logits, logits.Max()));
        }
        return [.. all];
    }
}
