using System.Text.Json.Nodes;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Server.FineTuning.Trainers;

/// <summary>What the methods share.</summary>
internal static class TrainerSettings
{
    private const int Checkpoints = 20;

    /// <exception cref="ApiException">The method's object has a member that it does not know.</exception>
    public static void RequireKnown(string method, JsonObject settings, params string[] known)
    {
        if (settings.Select(pair => pair.Key).FirstOrDefault(name => !known.Contains(name, StringComparer.Ordinal)) is string unknown)
        {
            throw ApiException.Invalid($"method.{method}.{unknown}", $"Unrecognized request argument supplied: method.{method}.{unknown}", "unknown_parameter");
        }
    }

    /// <summary>A device of the job's own; its threads are as polite as the caller's.</summary>
    public static Device Device(JobTask task) => CpuDevice.Create(Environment.GetEnvironmentVariable(CpuDevice.KernelsVariable), task.Threads);

    /// <summary>Often enough that a crash costs little, seldom enough that writing costs little: a twentieth of the run.</summary>
    public static long CheckpointEvery(long steps) => Math.Max(1, steps / Checkpoints);
}
