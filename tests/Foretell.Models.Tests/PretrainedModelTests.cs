using System.Text.Json;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Models.Tests;

public class PretrainedModelTests
{
    public static TheoryData<string, string> FormsAndKernels
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string form in new[] { "hf", "F32", "F16" })
            {
                foreach (string kernels in new[] { "portable", "avx512", "amx" })
                {
                    data.Add(form, kernels);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(FormsAndKernels))]
    public void Load_OfStories260K_SpeaksThePublishedTextOnEveryKernelSet(string form, string kernels)
    {
        if (!CpuDevice.AvailableKernels.Contains(kernels))
        {
            Assert.Skip($"this machine has no {kernels} kernels");
        }
        using Device device = CpuDevice.Create(kernels, threads: 2, precision: DType.Float32);
        using PretrainedModel model = PretrainedModel.Load(Stories.Path(form), device);
        int[] expected = Stories.GoldenIds;
        int[] ids = Stories.Continue(model.Transformer, model.Prompt("").Take(1), expected.Length);
        Assert.Equal(expected, ids);
        Assert.Equal(Stories.Golden.GetProperty("golden_text").GetString(), model.Tokenizer.Decode(ids));
        foreach (JsonElement item in Stories.Golden.GetProperty("cases").EnumerateArray())
        {
            int[] prompt = model.Prompt(item.GetProperty("prompt").GetString()!);
            int[] total = [.. item.GetProperty("greedy_ids_total").EnumerateArray().Select(id => id.GetInt32())];
            Assert.Equal(total, Stories.Continue(model.Transformer, prompt, total.Length));
        }
    }

    /// <summary>
    /// Activations are rounded to eight bits where weights are quantized, as llama.cpp does: what it differs by from the
    /// reference, which does not round them, is the measure.
    /// </summary>
    [Theory]
    [InlineData("F32", 1e-3, 1e-6)]
    [InlineData("F16", 1e-3, 1e-6)]
    [InlineData("Q8_0", 0.34, 2e-3)]
    [InlineData("Q4_0", 0.34, 2e-3)]
    public void Logits_OfGgufFiles_AreThoseOfTheReferenceOnTheGoldenText(string form, double largest, double lossDifference)
    {
        foreach (string kernels in CpuDevice.AvailableKernels)
        {
            using Device device = CpuDevice.Create(kernels, threads: 2, precision: DType.Float32);
            using PretrainedModel model = PretrainedModel.Load(Stories.Path(form), device);
            int[] ids = Stories.GoldenIds[..^1];
            float[] logits = ReferenceLogits.Of(model.Transformer, ids);
            int vocabulary = model.Transformer.Config.VocabularySize;
            JsonElement reference = Stories.Reference(form);
            double worst = 0;
            foreach (JsonProperty at in reference.GetProperty("dequant_f64_logits_at").EnumerateObject())
            {
                int position = int.Parse(at.Name, System.Globalization.CultureInfo.InvariantCulture);
                foreach ((double expected, int id) in at.Value.EnumerateArray().Select((value, id) => (value.GetDouble(), id)))
                {
                    worst = Math.Max(worst, Math.Abs(expected - logits[position * vocabulary + id]));
                }
            }
            Assert.InRange(worst, 0, largest);
            double nats = 0;
            for (int position = 0; position < ids.Length; position++)
            {
                ReadOnlySpan<float> row = logits.AsSpan(position * vocabulary, vocabulary);
                double sum = 0;
                foreach (float logit in row)
                {
                    sum += Math.Exp(logit);
                }
                nats += Math.Log(sum) - row[Stories.GoldenIds[position + 1]];
            }
            Assert.Equal(reference.GetProperty("dequant_f64_nll_on_golden").GetDouble(), nats / ids.Length, lossDifference);
        }
    }

    [Theory]
    [InlineData("hf")]
    [InlineData("F32")]
    public void Load_OfStories260K_KnowsItsTokensAndItsTemplate(string form)
    {
        using Device device = CpuDevice.Create(threads: 1);
        using PretrainedModel model = PretrainedModel.Load(Stories.Path(form), device);
        Assert.Equal([2], model.Generation.EndIds);
        Assert.Equal(1, model.Generation.BeginId);
        Assert.True(model.Generation.AddsBegin);
        using JsonDocument names = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Stories.Path("hf"), "tokenizer_config.json")));
        Assert.Equal(names.RootElement.GetProperty("chat_template").GetString(), model.ChatTemplate);
    }

    [Theory]
    [InlineData("hf")]
    [InlineData("F32")]
    public void Tokenizer_OfStories260K_GivesTheIdsOfTheReferences(string form)
    {
        using Device device = CpuDevice.Create(threads: 1);
        using PretrainedModel model = PretrainedModel.Load(Stories.Path(form), device);
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("models/stories260K/tokenizer_cases.json")));
        foreach (JsonElement item in cases.RootElement.GetProperty("tok512").EnumerateArray())
        {
            string text = item.GetProperty("text").GetString()!;
            byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(text);
            var trusted = new List<int> { model.Tokenizer.BeginOfTextId!.Value };
            model.Tokenizer.Encode(utf8, trusted, allowSpecial: true);
            Assert.Equal(item.GetProperty("hf_rust_ids").EnumerateArray().Select(id => id.GetInt32()), trusted);
            Assert.Equal(item.GetProperty("hf_rust_decoded").GetString(), model.Tokenizer.Decode(trusted.ToArray()));
            var plain = new List<int> { model.Tokenizer.BeginOfTextId!.Value };
            model.Tokenizer.Encode(utf8, plain, allowSpecial: false);
            Assert.Equal(item.GetProperty("llamacpp_ids").EnumerateArray().Select(id => id.GetInt32()), plain);
        }
    }
}
