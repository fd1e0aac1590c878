using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Foretell.Server.Storage;

namespace Foretell.Server.FineTuning;

/// <summary>
/// Carries what a training says to the store: the training never waits for the disk, and what it has said is kept in its
/// order. A long job tells of some hundred steps, not of each.
/// </summary>
internal sealed class JobEvents : IJobWatcher
{
    private const int StepsTold = 200;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly FineTuningJob _job;
    private readonly Database _database;
    private readonly FineTunedModels _models;
    private readonly JobFolder _folder;
    private readonly Func<string, string> _modelName;
    private readonly Channel<object> _told = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly Task _writing;
    private readonly long _began;
    private long? _firstStep;

    /// <param name="modelName">The name of a checkpoint's model, given its word.</param>
    public JobEvents(FineTuningJob job, Database database, FineTunedModels models, JobFolder folder, Func<string, string> modelName)
    {
        (_job, _database, _models, _folder, _modelName) = (job, database, models, folder, modelName);
        _began = database.Clock.GetTimestamp();
        _writing = WriteAsync();
    }

    public void Stepped(long step, long steps, IReadOnlyDictionary<string, double> metrics)
    {
        _firstStep ??= step - 1;
        if (step % Math.Max(1, steps / StepsTold) != 0 && step != steps && step != _firstStep + 1 && !metrics.ContainsKey("valid_loss"))
        {
            return;
        }
        JsonObject data = Metrics(step, metrics);
        data["total_steps"] = steps;
        string loss = metrics.TryGetValue("train_loss", out double value) ? string.Create(CultureInfo.InvariantCulture, $": training loss={value:0.####}") : "";
        string validation = metrics.TryGetValue("valid_loss", out double valid) ? string.Create(CultureInfo.InvariantCulture, $", validation loss={valid:0.####}") : "";
        Tell("info", "metrics", string.Create(CultureInfo.InvariantCulture, $"Step {step}/{steps}{loss}{validation}"), data.ToJsonString());
        double perStep = _database.Clock.GetElapsedTime(_began).TotalSeconds / (step - _firstStep.Value);
        _told.Writer.TryWrite(_database.Clock.GetUtcNow().AddSeconds(perStep * (steps - step)));
    }

    public void Told(string message, bool isWarning = false) => Tell(isWarning ? "warn" : "info", "message", message, null);

    public void Checkpointed(long step, string modelPath, IReadOnlyDictionary<string, double> metrics)
    {
        string name = _modelName(string.Create(CultureInfo.InvariantCulture, $"ckpt-step-{step}"));
        DateTimeOffset now = _database.Clock.GetUtcNow();
        _told.Writer.TryWrite((
            new JobCheckpoint(_database.Identifiers.Next("ftckpt_"), _job.Id, now, step, name, Metrics(step, metrics).ToJsonString()),
            new FineTunedModel(name, _job.Id, _job.Model, now, _folder.Relative(modelPath))));
        Told(string.Create(CultureInfo.InvariantCulture, $"Checkpoint created at step {step}"));
    }

    /// <summary>Returns when all that was said is kept.</summary>
    public Task FinishAsync()
    {
        _told.Writer.TryComplete();
        return _writing;
    }

    private static JsonObject Metrics(long step, IReadOnlyDictionary<string, double> metrics)
    {
        var data = new JsonObject { ["step"] = step };
        foreach ((string name, double value) in metrics)
        {
            data[name] = double.IsFinite(value) ? value : null;
        }
        return data;
    }

    private void Tell(string level, string type, string message, string? data) =>
        _told.Writer.TryWrite(new JobEvent(_database.Identifiers.Next("ftevent-"), _job.Id, _database.Clock.GetUtcNow(), level, type, message, data));

    private async Task WriteAsync()
    {
        while (await _told.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            var events = new List<JobEvent>();
            var checkpoints = new List<(JobCheckpoint Checkpoint, FineTunedModel Model)>();
            DateTimeOffset? finish = null;
            while (_told.Reader.TryRead(out object? told))
            {
                switch (told)
                {
                    case JobEvent message:
                        events.Add(message);
                        break;
                    case DateTimeOffset estimate:
                        finish = estimate;
                        break;
                    case ValueTuple<JobCheckpoint, FineTunedModel> checkpoint:
                        checkpoints.Add(checkpoint);
                        break;
                }
            }
            await _database.FineTuning.AddEventsAsync(events, CancellationToken.None).ConfigureAwait(false);
            foreach ((JobCheckpoint checkpoint, FineTunedModel model) in checkpoints)
            {
                await _database.FineTuning.AddCheckpointAsync(checkpoint, model, CancellationToken.None).ConfigureAwait(false);
                _models.Offer(model);
            }
            if (finish is not null)
            {
                await _database.FineTuning.ChangeAsync(_job.Id, [JobStatus.Running], job => job with { EstimatedFinish = finish }, null, [], [], CancellationToken.None).ConfigureAwait(false);
            }
            // Together: a fast job would otherwise flush the disk at each step.
            await Task.WhenAny(Task.Delay(s_pause), _told.Reader.Completion).ConfigureAwait(false);
        }
    }
}
