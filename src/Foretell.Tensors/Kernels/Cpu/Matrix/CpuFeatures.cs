using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>What this processor and system let a program use.</summary>
internal static partial class CpuFeatures
{
    private const long ArchPrctl = 158;
    private const long RequestStatePermission = 0x1023;
    private const long TileData = 18;

    private static readonly Lazy<bool> s_amx = new(DetectAmx);

    /// <summary>Whether code assembled here can run: the kernels follow Linux's calling convention and system calls.</summary>
    public static bool CanAssemble { get; } = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>AVX-512 F, BW, DQ and VL.</summary>
    public static bool Avx512 { get; } = CanAssemble && Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported;

    /// <summary>AVX-512's dot products of bfloat16 pairs.</summary>
    public static bool Avx512BFloat16 { get; } = Avx512 && (Leaf(7, 1).Eax >> 5 & 1) != 0;

    /// <summary>AVX-512's dot products of unsigned with signed bytes.</summary>
    public static bool Avx512Vnni { get; } = Avx512 && (Leaf(7, 0).Ecx >> 11 & 1) != 0;

    /// <summary>Intel's tile products of bfloat16, with the system's permission to use them (asked for at the first query).</summary>
    public static bool Amx => s_amx.Value;

    private static (int Eax, int Ebx, int Ecx, int Edx) Leaf(int function, int subfunction) =>
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= function ? X86Base.CpuId(function, subfunction) : default;

    private static bool DetectAmx()
    {
        const int bfloat16 = 1 << 22, tiles = 1 << 24, int8 = 1 << 25;
        const int all = bfloat16 | tiles | int8;
        if (!Avx512 || (Leaf(7, 0).Edx & all) != all)
        {
            return false;
        }
        // Without this permission the first tile instruction kills the process.
        return SystemCall(ArchPrctl, RequestStatePermission, TileData) == 0;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial long SystemCall(long number, long first, long second);
}
