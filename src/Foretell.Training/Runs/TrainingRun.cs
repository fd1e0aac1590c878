using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>
/// What every algorithm after pretraining shares, and no objective: a folder held by one process, config.json with all
/// that decides the result, a resume that is refused where it would give other bits, metrics that never fall behind a
/// checkpoint, checkpoints written beside and renamed, failures that name the step and the last good checkpoint.
/// </summary>
/// <remarks>
/// The loop: <c>Open</c>, then while <see cref="Step"/> is below the last one: compute step <see cref="Step"/> as a pure
/// function of the parts, <see cref="Numbers"/> and the step; <see cref="Advance"/>; <see cref="Save"/> now and then; at the
/// end <see cref="Keep"/> the result.
/// </remarks>
public sealed class TrainingRun : IDisposable
{
    private const string ConfigFile = "config.json";

    private readonly FileStream _lock;
    private readonly MetricsLog _metrics;
    private readonly IReadOnlyList<CheckpointPart> _parts;
    private readonly string _numerics;
    private readonly string _identity;
    private readonly int _keep;
    private long _saved;

    private TrainingRun(string folder, FileStream @lock, MetricsLog metrics, IReadOnlyList<CheckpointPart> parts, RunState state, int keep)
    {
        Folder = folder;
        _lock = @lock;
        _metrics = metrics;
        _parts = parts;
        (_numerics, _identity, _keep) = (state.Numerics, state.Recipe, keep);
        Step = _saved = state.Step;
        Seconds = state.TrainingSeconds;
        Numbers = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach ((string name, double value) in state.Numbers ?? new Dictionary<string, double>())
        {
            Numbers[name] = value;
        }
    }

    public string Folder { get; }

    /// <summary>The folder of the finished model.</summary>
    public string ModelPath => Path.Combine(Folder, "model");

    /// <summary>Steps made, those before a resume included.</summary>
    public long Step { get; private set; }

    /// <summary>Time spent in steps, as told to <see cref="Advance"/>.</summary>
    public double Seconds { get; private set; }

    /// <summary>Numbers that go on from step to step (a KL coefficient, the best loss so far); saved with each checkpoint.</summary>
    public SortedDictionary<string, double> Numbers { get; }

    /// <summary>Whether the folder holds a checkpoint to resume from.</summary>
    public static bool Exists(string folder) => Checkpoint.Newest(Checkpoints(folder)) is not null;

    /// <summary>The config.json of a run's folder; null when there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static JsonObject? ReadConfig(string folder)
    {
        string path = Path.Combine(folder, ConfigFile);
        try
        {
            return File.Exists(path) ? JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject : null;
        }
        catch (JsonException)
        {
            throw new InvalidDataException($"{path} is damaged; give the recipe and its inputs again.");
        }
    }

    /// <summary>Takes the folder, and goes on from its newest checkpoint where there is one.</summary>
    /// <param name="config">Everything that decides the result: the algorithm, its recipe, fingerprints of model and data. What does not (how often it reports) stays out, or stands in <paramref name="notes"/>.</param>
    /// <param name="device">Its kernels must be those of the checkpoint.</param>
    /// <param name="parts">Filled from the checkpoint.</param>
    /// <param name="keepCheckpoints">The newest ones to keep, at least 1.</param>
    /// <param name="notes">More of config.json that a resume need not agree with; null for nothing.</param>
    /// <exception cref="IOException">Another process trains in the folder.</exception>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another recipe, model, data or set of kernels.</exception>
    public static TrainingRun Open(string folder, JsonObject config, Device device, IReadOnlyList<CheckpointPart> parts, int keepCheckpoints = 2, JsonObject? notes = null)
    {
        Directory.CreateDirectory(folder);
        FileStream held = RunLock.Take(folder);
        try
        {
            string identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(config.ToJsonString())));
            RunState state = new(0, default, 0, device.Name, identity);
            if (Checkpoint.Newest(Checkpoints(folder)) is string newest)
            {
                RunState found = Checkpoint.ReadState(newest);
                Require(found.Recipe == identity, $"{newest} was made by another recipe, model or data; resume with the ones it was started with, or choose another --out.");
                Require(found.Numerics == device.Name, $"{newest} was trained with {found.Numerics}, and this would go on with {device.Name}, which gives other bits; choose those kernels (FORETELL_KERNELS, --precision) or another --out.");
                state = Checkpoint.Read(newest, parts);
            }
            else
            {
                var whole = (JsonObject)config.DeepClone();
                foreach ((string name, JsonNode? value) in notes ?? [])
                {
                    whole[name] = value?.DeepClone();
                }
                AtomicFile.Write(Path.Combine(folder, ConfigFile), Encoding.UTF8.GetBytes(whole.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n"));
            }
            return new TrainingRun(folder, held, MetricsLog.Open(Path.Combine(folder, "metrics.jsonl"), state.Step), parts, state, keepCheckpoints);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Counts a step and logs it.</summary>
    /// <param name="seconds">What it took.</param>
    /// <param name="values">Name to number; in the log as they are.</param>
    /// <param name="texts">Samples and notices; or null.</param>
    public void Advance(double seconds, IEnumerable<KeyValuePair<string, double>> values, IEnumerable<KeyValuePair<string, string>>? texts = null)
    {
        Step++;
        Seconds += seconds;
        Keep("metrics.jsonl", () => _metrics.Append(Step, values, texts));
    }

    /// <summary>Writes a checkpoint, unless this step has one already.</summary>
    public void Save()
    {
        if (Step > _saved)
        {
            Keep("the checkpoint", () =>
            {
                _metrics.FlushToDisk();
                Checkpoint.Write(Checkpoints(Folder), _parts, new RunState(Step, default, Seconds, _numerics, _identity) { Numbers = Numbers }, _keep);
            });
            _saved = Step;
        }
    }

    /// <summary>Writes to the run's folder, or stops with what is left intact.</summary>
    /// <param name="what">As in "the model".</param>
    /// <exception cref="TrainingFailedException">It could not be written.</exception>
    public void Keep(string what, Action write)
    {
        try
        {
            write();
        }
        // A file beyond what the system allows (a quota, FAT's 4 GiB) arrives as an argument out of range.
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            string last = Checkpoint.Newest(Checkpoints(Folder)) is string good ? $"the last checkpoint, {good}, is intact" : "no checkpoint was written before";
            throw new TrainingFailedException(FormattableString.Invariant($"Step {Step}: {what} could not be written ({error.Message}); {last}. Make room and run again with --resume."));
        }
    }

    /// <summary>Stops a run in which a number is not finite: nothing of it is kept.</summary>
    /// <param name="what">As in "the loss is NaN".</param>
    public TrainingFailedException NotFinite(string what)
    {
        string last = Checkpoint.NewestFinite(Checkpoints(Folder)) is string good ? $"the last good checkpoint is {good}" : "there is no good checkpoint yet";
        return new TrainingFailedException(FormattableString.Invariant($"Step {Step + 1}: {what}; {last}. A lower learning rate usually helps."));
    }

    /// <summary>Refuses gradients that are not finite, naming the parameter; gives their norm.</summary>
    /// <exception cref="TrainingFailedException">One is not finite.</exception>
    public double RequireFinite(Device device, IEnumerable<Parameter> parameters)
    {
        double squares = 0;
        foreach (Parameter parameter in parameters)
        {
            double square = device.SquaredNorm(parameter.Gradient);
            squares += double.IsFinite(square) ? square : throw NotFinite($"the gradient of {parameter.Name} is not finite");
        }
        return Math.Sqrt(squares);
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _lock.Dispose();
    }

    private static string Checkpoints(string folder) => Path.Combine(folder, "checkpoints");

    private static void Require(bool condition, string complaint)
    {
        if (!condition)
        {
            throw new InvalidDataException(complaint);
        }
    }
}
