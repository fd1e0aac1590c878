using System.CommandLine;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Cli;

/// <summary>The options that choose where and how numbers are computed.</summary>
/// <param name="usualPrecision">What --precision is where it is not given; null for the fastest that the kernels have.</param>
internal sealed class DeviceOptions(DType? usualPrecision = null)
{
    private readonly Option<int> _threads = new("--threads") { Description = "Threads to compute on; 0 is one a core. Results do not depend on it.", DefaultValueFactory = _ => 0 };
    private readonly Option<string?> _precision = new("--precision") { Description = $"What products are rounded to: float32 or bfloat16 (default: {(usualPrecision == DType.Float32 ? "float32, as published weights are meant" : "bfloat16 where the kernels have it")})." };

    public void AddTo(Command command)
    {
        command.Options.Add(_threads);
        command.Options.Add(_precision);
    }

    public int Threads(ParseResult result) => Threads(result.GetValue(_threads));

    /// <summary>The number of threads that a --threads option means.</summary>
    public static int Threads(int given) => given switch
    {
        < 0 => throw new FormatException(FormattableString.Invariant($"--threads {given}: wanted 0 (one a core) or more.")),
        0 => Environment.ProcessorCount,
        _ => given,
    };

    public Device Create(ParseResult result)
    {
        DType? precision = result.GetValue(_precision) switch
        {
            null => usualPrecision,
            "float32" => DType.Float32,
            "bfloat16" => DType.BFloat16,
            string other => throw new FormatException($"--precision {other}: wanted float32 or bfloat16."),
        };
        return CpuDevice.Create(Environment.GetEnvironmentVariable(CpuDevice.KernelsVariable), Threads(result), precision);
    }
}
