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
    };

    public static TheoryData<string> Names => [.. s_engines.Keys];

    public static MatrixEngine Create(string name) => s_engines[name]();
}
