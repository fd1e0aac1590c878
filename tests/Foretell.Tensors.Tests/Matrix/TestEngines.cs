using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Tests.Matrix;

/// <summary>Every engine, by a name that a test can carry.</summary>
internal static class TestEngines
{
    private static readonly Dictionary<string, Func<MatrixEngine>> s_engines = new()
    {
        ["portable512 float32"] = () => new PortableEngine(DType.Float32, 512),
        ["portable256 float32"] = () => new PortableEngine(DType.Float32, 256),
        ["portable128 float32"] = () => new PortableEngine(DType.Float32, 128),
        ["portable512 bfloat16"] = () => new PortableEngine(DType.BFloat16, 512),
        ["portable256 bfloat16"] = () => new PortableEngine(DType.BFloat16, 256),
        ["avx512 float32"] = () => Needs(CpuFeatures.Avx512, "AVX-512", () => new Avx512FloatEngine(DType.Float32)),
        ["avx512 rounded bfloat16"] = () => Needs(CpuFeatures.Avx512, "AVX-512", () => new Avx512FloatEngine(DType.BFloat16)),
        ["avx512 bfloat16"] = () => Needs(CpuFeatures.Avx512BFloat16, "AVX512_BF16", () => new Avx512BFloat16Engine()),
        ["interpreted amx bfloat16"] = () => Needs(CpuFeatures.CanAssemble, "Linux on x64", () => new InterpretedAmxEngine()),
        ["amx bfloat16"] = () => Needs(CpuFeatures.Amx, "AMX (tiles, bfloat16) and permission to use it", () => new AmxEngine()),
    };

    public static TheoryData<string> Names => [.. s_engines.Keys];

    public static MatrixEngine Create(string name) => s_engines[name]();

    private static MatrixEngine Needs(bool present, string what, Func<MatrixEngine> create)
    {
        Assert.SkipUnless(present, $"this machine lacks {what}");
        return create();
    }
}
