using System.Text.Json;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Models.Tests;

public class PublishedWeightsTests
{
    [Fact]
    public void Logits_OfStories260K_AreTheReferenceOnes()
    {
        using var device = new Device(new ReferenceBackend());
        using Transformer model = ModelFolder.Load(SharedData.Path("models/stories260K/hf"), device);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("models/stories260K/golden.json")));
        foreach (JsonElement row in golden.RootElement.GetProperty("logits").EnumerateArray())
        {
            int[] ids = [.. row.GetProperty("input_ids").EnumerateArray().Select(id => id.GetInt32())];
            int position = row.GetProperty("position").GetInt32();
            double[] expected = [.. row.GetProperty("logits_f64").EnumerateArray().Select(value => value.GetDouble())];
            float[] logits = ReferenceLogits.Of(model, ids);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], logits[position * expected.Length + i], 1e-3);
            }
        }
    }

    [Fact]
    public void GreedyIds_OfStories260K_AreThePublishedOnes()
    {
        using var device = new Device(new ReferenceBackend());
        using Transformer model = ModelFolder.Load(SharedData.Path("models/stories260K/hf"), device);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("models/stories260K/golden.json")));
        int[] expected = [.. golden.RootElement.GetProperty("golden_ids_with_bos").EnumerateArray().Select(id => id.GetInt32())];
        using Nn.KeyValueCache cache = model.NewCache();
        for (int i = 0; i + 1 < Math.Min(expected.Length, 120); i++)
        {
            using var tape = new Tensors.Autograd.Tape(device, recording: false);
            float[] logits = model.Logits(tape, model.Hidden(tape, TokenBatch.Single([expected[i]], i), cache)).ToArray();
            if (i > 0)
            {
                Assert.Equal(expected[i + 1], Array.IndexOf(logits, logits.Max()));
            }
        }
    }
}
