using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Tests.Matrix;

public class KernelSetTests
{
    private static readonly KernelSet[] s_withoutAmx = [KernelSet.Portable, KernelSet.Avx512];

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Choose_NothingAsked_IsTheFastest(string? text) => Assert.Equal(KernelSet.Avx512, KernelSets.Choose(text, s_withoutAmx));

    [Theory]
    [InlineData("portable")]
    [InlineData("Portable")]
    public void Choose_ByName_IsThatSet(string text) => Assert.Equal(KernelSet.Portable, KernelSets.Choose(text, s_withoutAmx));

    [Theory]
    [InlineData("amx", "cannot run")]
    [InlineData("sse9", "names no kernels")]
    [InlineData("1", "names no kernels")]
    public void Choose_WhatIsNotThere_NamesWhatIs(string text, string why)
    {
        string message = Assert.Throws<ArgumentException>(() => KernelSets.Choose(text, s_withoutAmx)).Message;
        Assert.Contains($"FORETELL_KERNELS={text}", message, StringComparison.Ordinal);
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Contains("portable, avx512", message, StringComparison.Ordinal);
    }

    [Fact]
    public void CreateEngine_EverySetOfThisMachine_TakesBothTypes()
    {
        foreach (KernelSet set in KernelSets.Available)
        {
            Assert.Equal(DType.Float32, set.CreateEngine(DType.Float32).OperandType);
            Assert.Equal(DType.BFloat16, set.CreateEngine(DType.BFloat16).OperandType);
        }
        Assert.Contains(KernelSet.Portable, KernelSets.Available);
    }
}
