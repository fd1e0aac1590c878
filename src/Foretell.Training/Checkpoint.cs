using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Foretell.Models;
using Foretell.Nn.Optimizers;
using Foretell.Tensors.Files;

namespace Foretell.Training;

/// <summary>What a run remembers besides weights and optimizer state; the data order needs nothing but the step.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="Spikes">The outlier guard's statistics.</param>
/// <param name="TrainingSeconds">Time spent in steps.</param>
/// <param name="Numerics">The kernels that made it: resuming with others would not give the same bits.</param>
/// <param name="Recipe">The resolved recipe, by its hash.</param>
public sealed record RunState(long Step, SpikeStatistics Spikes, double TrainingSeconds, string Numerics, string Recipe)
{
    /// <summary>Numbers that an algorithm carries from step to step, by name; null for none.</summary>
    public IReadOnlyDictionary<string, double>? Numbers { get; init; }

    /// <summary>The checkpoint's other files.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];
}

/// <summary>
/// A folder checkpoints/step-N that holds all a run needs to go on. It is written beside, flushed and renamed, so a kill at
/// any instant leaves whole checkpoints only.
/// </summary>
public static class Checkpoint
{
    private const string Prefix = "step-";
    private const string StateFile = "state.json";
    private const string OptimizerFile = "optimizer.safetensors";
    private const string Writing = ".writing-";

    /// <summary>Writes a checkpoint and then removes all but the newest <paramref name="keep"/>, and what kills left of others.</summary>
    /// <returns>Its folder.</returns>
    public static string Write(string checkpoints, Transformer model, Optimizer optimizer, RunState state, int keep) => Write(checkpoints, Parts(model, optimizer), state, keep);

    /// <summary>Writes a checkpoint of any parts; the last file to appear is the state, which names the others.</summary>
    /// <inheritdoc cref="Write(string, Transformer, Optimizer, RunState, int)"/>
    public static string Write(string checkpoints, IReadOnlyList<CheckpointPart> parts, RunState state, int keep)
    {
        string name = Prefix + state.Step.ToString("D8", CultureInfo.InvariantCulture);
        string target = Path.Combine(checkpoints, name);
        string beside = Path.Combine(checkpoints, Writing + name);
        Directory.CreateDirectory(checkpoints);
        Remove(beside);
        Directory.CreateDirectory(beside);
        foreach (CheckpointPart part in parts)
        {
            part.Write(Path.Combine(beside, part.File));
        }
        AtomicFile.Write(Path.Combine(beside, StateFile), JsonSerializer.SerializeToUtf8Bytes(state with { Files = [.. parts.Select(part => part.File)] }, RunStateJson.Default.RunState));
        Remove(target);
        Directory.Move(beside, target);
        HashSet<string> kept = [.. Whole(checkpoints).Take(keep)];
        foreach (string folder in Directory.EnumerateDirectories(checkpoints).Where(folder => !kept.Contains(folder) && IsOurs(folder)).ToArray())
        {
            Remove(folder);
        }
        return target;
    }

    /// <summary>The newest whole checkpoint's folder; null when there is none.</summary>
    public static string? Newest(string checkpoints) => Whole(checkpoints).FirstOrDefault();

    /// <summary>The newest whole checkpoint whose weights are all finite; null when there is none.</summary>
    public static string? NewestFinite(string checkpoints) => Whole(checkpoints).FirstOrDefault(HasFiniteWeights);

    /// <summary>Fills model and optimizer from a checkpoint.</summary>
    /// <exception cref="InvalidDataException">A file is damaged or of another model.</exception>
    public static RunState Read(string folder, Transformer model, Optimizer optimizer) => Read(folder, Parts(model, optimizer));

    /// <summary>Fills all parts from a checkpoint.</summary>
    /// <exception cref="InvalidDataException">A file is missing, damaged or of another model.</exception>
    public static RunState Read(string folder, IReadOnlyList<CheckpointPart> parts)
    {
        RunState state = ReadState(folder);
        foreach (CheckpointPart part in parts)
        {
            part.Read(Path.Combine(folder, part.File));
        }
        return state;
    }

    /// <summary>A checkpoint's state alone.</summary>
    public static RunState ReadState(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, StateFile)), RunStateJson.Default.RunState)
                ?? throw new InvalidDataException($"{folder}: {StateFile} is empty.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{folder}: {StateFile} is damaged (line {error.LineNumber + 1}).");
        }
    }

    /// <summary>Removes a folder, the state first, so that what a kill leaves of it no longer counts as a checkpoint.</summary>
    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            File.Delete(Path.Combine(folder, StateFile));
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool IsOurs(string folder) => Path.GetFileName(folder) is string name && (name.StartsWith(Prefix, StringComparison.Ordinal) || name.StartsWith(Writing + Prefix, StringComparison.Ordinal));

    private static CheckpointPart[] Parts(Transformer model, Optimizer optimizer) => [CheckpointPart.Of(model), CheckpointPart.Of(OptimizerFile, optimizer.State)];

    private static bool HasFiniteWeights(string folder) => Directory.EnumerateFiles(folder, "*.safetensors").All(IsFinite);

    private static bool IsFinite(string path)
    {
        using ISafeTensors file = SafeTensors.Open(path);
        foreach (SafeTensorInfo info in file.Tensors)
        {
            foreach (float value in MemoryMarshal.Cast<byte, float>(file.Bytes(info.Name)))
            {
                if (!float.IsFinite(value))
                {
                    return false;
                }
            }
        }
        return true;
    }

    /// <summary>Whole checkpoints, newest first.</summary>
    private static IEnumerable<string> Whole(string checkpoints) => !Directory.Exists(checkpoints)
        ? []
        : Directory.EnumerateDirectories(checkpoints, Prefix + "*")
            .Where(folder => File.Exists(Path.Combine(folder, StateFile)) && ReadState(folder).Files.All(file => File.Exists(Path.Combine(folder, file))))
            .OrderByDescending(folder => folder, StringComparer.Ordinal);
}

[JsonSerializable(typeof(RunState))]
internal sealed partial class RunStateJson : JsonSerializerContext;
