using System.Runtime.InteropServices;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Models.Tests;

/// <summary>A token's logits have the same bits whatever stands around it, however it was reached, on any number of threads.</summary>
public class CircumstanceTests
{
    private const int Length = 150;

    public static TheoryData<string, DType> Kernels => TinyModels.Kernels;

    public static TheoryData<string> Families => ["qwen3", "qwen2", "llama", "gpt2"];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Logits_OnTwoAndThreeThreads_AreThoseOfOne(string kernels, DType precision)
    {
        float[] one = OnThreads(1);
        AssertSameBits(one, OnThreads(2), "two threads");
        AssertSameBits(one, OnThreads(3), "three threads");

        float[] OnThreads(int threads)
        {
            using Device device = CpuDevice.Create(kernels, threads, precision);
            using Transformer model = TinyModels.Random(TinyModels.Config("qwen3") with { Channels = 96, HeadSize = 32, HiddenChannels = 200 }, device);
            return TinyModels.Logits(model, TokenBatch.Single(TinyModels.Ids(Length, 1)));
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Logits_AsTheLastOfItsPrefix_AreThoseInALongSequence(string kernels, DType precision) => With(kernels, precision, (model, ids, whole) =>
    {
        foreach (int end in (int[])[1, 2, 15, 16, 17, 31, 33, 64, 65, 97, 128, 129, Length])
        {
            float[] prefix = TinyModels.Logits(model, TokenBatch.Single(ids.AsSpan(0, end)));
            AssertSameBits(whole.AsSpan(0, prefix.Length), prefix, $"a prefix of {end}");
        }
    });

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Logits_InABatchOrPackedBetweenDocuments_AreThoseAlone(string kernels, DType precision) => With(kernels, precision, (model, ids, whole) =>
    {
        foreach (int before in (int[])[1, 16, 43])
        {
            int[] first = TinyModels.Ids(before, 2);
            int[] last = TinyModels.Ids(29, 3);
            var batch = new TokenBatch(
                [.. first, .. ids, .. last],
                [.. Enumerable.Range(0, before), .. Enumerable.Range(0, Length), .. Enumerable.Range(0, last.Length)],
                [(0, before), (before, Length), (before + Length, last.Length)]);
            int vocabulary = model.Config.VocabularySize;
            float[] packed = TinyModels.Logits(model, batch);
            AssertSameBits(whole, packed.AsSpan(before * vocabulary, whole.Length), $"packed behind {before} tokens");
            AssertSameBits(TinyModels.Logits(model, TokenBatch.Single(last)), packed.AsSpan((before + Length) * vocabulary), "the packed last document");
        }
    });

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Logits_StepByStepAndInChunksWithACache_AreThoseOfTheWhole(string kernels, DType precision) => With(kernels, precision, (model, ids, whole) =>
    {
        foreach (int[] chunks in (int[][])[[.. Enumerable.Repeat(1, Length)], [5, 1, 17, 64, 1, 1, Length - 89], [128, 1, Length - 129], [Length - 1, 1]])
        {
            using KeyValueCache cache = model.NewCache();
            int vocabulary = model.Config.VocabularySize;
            foreach (int chunk in chunks)
            {
                int start = cache.Length;
                float[] logits = TinyModels.Logits(model, TokenBatch.Single(ids.AsSpan(start, chunk), start), cache);
                AssertSameBits(whole.AsSpan(start * vocabulary, chunk * vocabulary), logits, $"{chunk} tokens from a cache of {start}, chunks of {chunks[0]}, ...");
            }
        }
    });

    [Theory]
    [MemberData(nameof(Families))]
    public void Logits_OfEachFamily_DoNotDependOnCircumstance(string family)
    {
        using Device device = CpuDevice.Create(threads: 2);
        using Transformer model = TinyModels.Random(TinyModels.Config(family, tied: family != "llama"), device);
        int[] ids = TinyModels.Ids(70, 4);
        float[] whole = TinyModels.Logits(model, TokenBatch.Single(ids));
        using KeyValueCache cache = model.NewCache();
        foreach ((int start, int count) in (ReadOnlySpan<(int, int)>)[(0, 30), (30, 1), (31, 1), (32, 38)])
        {
            float[] logits = TinyModels.Logits(model, TokenBatch.Single(ids.AsSpan(start, count), start), cache);
            AssertSameBits(whole.AsSpan(start * model.Config.VocabularySize, logits.Length), logits, $"{family} from {start}");
        }
        float[] prefix = TinyModels.Logits(model, TokenBatch.Single(ids.AsSpan(0, 33)));
        AssertSameBits(whole.AsSpan(0, prefix.Length), prefix, $"{family}, a prefix");
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Logits_OfTheLastRowAlone_AreThoseOfAllRows(string kernels, DType precision) => With(kernels, precision, (model, ids, whole) =>
    {
        using var tape = new Tape(model.Device, recording: false);
        float[] last = model.Logits(tape, tape.Slice(model.Hidden(tape, TokenBatch.Single(ids)), 0, Length - 1, 1)).ToArray();
        AssertSameBits(whole.AsSpan(whole.Length - last.Length), last, "the head of one row");
    });

    /// <summary>Training records and serving does not; what they compute is the same.</summary>
    [Theory]
    [MemberData(nameof(Kernels))]
    public void Loss_WhileTraining_HasTheNatsOfEvaluation(string kernels, DType precision)
    {
        using Device device = CpuDevice.Create(kernels, 2, precision);
        using Transformer model = TinyModels.Random(TinyModels.Config("qwen3"), device, training: true);
        int[] ids = TinyModels.Ids(Length + 1, 5);
        float[] weights = Enumerable.Repeat(1f, Length).ToArray();
        float[] Nats(bool recording)
        {
            using var tape = new Tape(device, recording);
            return model.Loss(tape, TokenBatch.Single(ids.AsSpan(0, Length)), ids[1..], weights, 1f / Length).Nats.ToArray();
        }
        float[] evaluated = Nats(recording: false);
        AssertSameBits(evaluated, Nats(recording: true), "recording");
        using var alone = new Tape(device, recording: false);
        float[] shorter = model.Loss(alone, TokenBatch.Single(ids.AsSpan(0, 40)), ids[1..41], weights[..40], 1f / 40).Nats.ToArray();
        AssertSameBits(evaluated.AsSpan(0, 40), shorter, "a prefix");
    }

    [Fact]
    public void Truncate_ThenOtherTokens_IsAsIfTheFirstHadNeverBeen()
    {
        using Device device = CpuDevice.Create(threads: 1);
        using Transformer model = TinyModels.Random(TinyModels.Config("qwen3"), device);
        int[] ids = TinyModels.Ids(20, 6);
        using KeyValueCache cache = model.NewCache(24);
        TinyModels.Logits(model, TokenBatch.Single(ids), cache);
        cache.Truncate(7);
        float[] again = TinyModels.Logits(model, TokenBatch.Single([3, 1, 4], 7), cache);
        float[] fresh = TinyModels.Logits(model, TokenBatch.Single([.. ids[..7], 3, 1, 4]));
        AssertSameBits(fresh.AsSpan(7 * model.Config.VocabularySize), again, "after truncation");
        Assert.Equal(10, cache.Length);
    }

    private static void With(string kernels, DType precision, Action<Transformer, int[], float[]> check)
    {
        using Device device = CpuDevice.Create(kernels, 2, precision);
        using Transformer model = TinyModels.Random(TinyModels.Config("qwen3"), device);
        int[] ids = TinyModels.Ids(Length, 1);
        float[] whole = TinyModels.Logits(model, TokenBatch.Single(ids));
        Assert.All(whole, value => Assert.True(float.IsFinite(value)));
        check(model, ids, whole);
    }

    private static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        ReadOnlySpan<int> expectedBits = MemoryMarshal.Cast<float, int>(expected);
        ReadOnlySpan<int> actualBits = MemoryMarshal.Cast<float, int>(actual);
        int same = expectedBits.CommonPrefixLength(actualBits);
        Assert.True(same == expected.Length, same == expected.Length ? "" : $"{what}: element {same} is {actual[same]:R} instead of {expected[same]:R}");
    }
}
